/** A client that knows no contract: it asks reflection for it, as grpcurl does, and speaks JSON. */
import {
  createFileRegistry,
  type FileRegistry,
  fromBinary,
  fromJson,
  type JsonValue,
  toBinary,
  toJson,
} from "@bufbuild/protobuf";
import { FileDescriptorProtoSchema, FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { Client, credentials, Metadata, type ServiceError } from "@grpc/grpc-js";
import { createChannel, createClient } from "nice-grpc";
import { ServerReflectionDefinition as V1 } from "../../src/gen/grpc/reflection/v1/reflection.ts";
import { ServerReflectionDefinition as V1Alpha } from "../../src/gen/grpc/reflection/v1alpha/reflection.ts";

const reflections = { v1: V1, v1alpha: V1Alpha } as const;
type ReflectionVersion = keyof typeof reflections;

/** What a call came to: the response as JSON, or the status with its details as JSON. */
export type GenericAnswer =
  | { readonly kind: "response"; readonly json: JsonValue }
  | { readonly kind: "failure"; readonly code: number; readonly text: string; readonly details: JsonValue };

export interface GenericClient extends Disposable {
  listServices(): Promise<readonly string[]>;
  /** Calls a unary method named as `package.Service/Method`. */
  call(method: string, request: JsonValue, apiKey: string): Promise<GenericAnswer>;
}

/** Connects without TLS, and learns by this version of reflection only. */
export function connectGenericClient(address: string, version: ReflectionVersion): GenericClient {
  const channel = createChannel(address, undefined, { "grpc.use_local_subchannel_pool": 1 });
  const reflection = createClient(reflections[version], channel);
  const grpc = new Client(address, credentials.createInsecure(), { "grpc.use_local_subchannel_pool": 1 });
  const files = new Map<string, Uint8Array>();

  type Question =
    Parameters<typeof reflection.serverReflectionInfo>[0] extends AsyncIterable<infer One> ? One : never;
  async function ask(messageRequest: NonNullable<Question["messageRequest"]>) {
    async function* question() {
      yield { messageRequest };
    }
    for await (const { messageResponse } of reflection.serverReflectionInfo(question())) {
      if (messageResponse?.$case === "errorResponse") throw new Error(messageResponse.value.errorMessage);
      return messageResponse;
    }
    throw new Error("reflection did not answer");
  }

  async function learn(messageRequest: NonNullable<Question["messageRequest"]>): Promise<void> {
    const answer = await ask(messageRequest);
    if (answer?.$case !== "fileDescriptorResponse") throw new Error("reflection answered something else");
    for (const octets of answer.value.fileDescriptorProto ?? []) {
      const { name, dependency } = fromBinary(FileDescriptorProtoSchema, octets);
      for (const other of dependency)
        if (!files.has(other)) await learn({ $case: "fileByFilename", value: other });
      // Imported files come before those that import them.
      files.set(name, octets);
    }
  }

  async function registryWith(...symbols: readonly string[]): Promise<FileRegistry> {
    for (const symbol of symbols) await learn({ $case: "fileContainingSymbol", value: symbol });
    const file = [...files.values()].map((octets) => fromBinary(FileDescriptorProtoSchema, octets));
    return createFileRegistry({ $typeName: FileDescriptorSetSchema.typeName, file });
  }

  /** Learns the types of the details, then shows them. */
  async function describe(error: ServiceError): Promise<GenericAnswer> {
    const [octets] = error.metadata.get("grpc-status-details-bin");
    const registry = await registryWith("google.rpc.Status", "google.rpc.ErrorInfo");
    const status = registry.getMessage("google.rpc.Status");
    if (status === undefined || !Buffer.isBuffer(octets)) throw error;
    const json = toJson(status, fromBinary(status, octets), { registry });
    const details = typeof json === "object" && json !== null && "details" in json ? json["details"] : [];
    return { kind: "failure", code: error.code, text: error.details, details: details ?? [] };
  }

  function request(path: string, octets: Uint8Array, metadata: Metadata) {
    return new Promise<Buffer | ServiceError>((resolve) => {
      grpc.makeUnaryRequest<Uint8Array, Buffer>(
        path,
        (value) => Buffer.from(value),
        (value) => value,
        octets,
        metadata,
        (error, answer) => resolve(error ?? answer ?? Buffer.alloc(0)),
      );
    });
  }

  return {
    async listServices() {
      const answer = await ask({ $case: "listServices", value: "" });
      return answer?.$case === "listServicesResponse"
        ? (answer.value.service ?? []).map(({ name = "" }) => name)
        : [];
    },
    async call(path, json, apiKey) {
      const [service = "", name = ""] = path.split("/");
      const registry = await registryWith(service);
      const method = registry.getService(service)?.methods.find((each) => each.name === name);
      if (method === undefined) throw new Error(`no method ${path}`);
      const metadata = new Metadata();
      metadata.set("authorization", `Bearer ${apiKey}`);
      const octets = toBinary(method.input, fromJson(method.input, json, { registry }));
      const answer = await request(`/${path}`, octets, metadata);
      if (!Buffer.isBuffer(answer)) return describe(answer);
      return {
        kind: "response",
        json: toJson(method.output, fromBinary(method.output, answer), { registry }),
      };
    },
    [Symbol.dispose]() {
      channel.close();
      grpc.close();
    },
  };
}
