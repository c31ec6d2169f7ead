/**
 * The services as they are put on the wire: requests are decoded without losing faults, and answers encoded as they are. The stack
 * would first copy each answer, with all reports or recipients in it, in case that fields are missing; ours are whole, which their
 * types say.
 */
import { BinaryWriter } from "@bufbuild/protobuf/wire";
import type { CallContext } from "nice-grpc-common";
import { keepingFaults, type RequestType } from "./read-requests.ts";
import { requestShapeOf } from "./request-shapes.ts";

interface ResponseType {
  readonly fromPartial?: unknown;
  readonly encode: (answer: never, writer?: BinaryWriter) => BinaryWriter;
}

export interface ServiceOf {
  readonly fullName: string;
  readonly methods: Readonly<
    Record<
      string,
      {
        readonly name: string;
        readonly requestType: RequestType;
        readonly responseType: ResponseType;
        readonly options: { readonly idempotencyLevel?: string };
      }
    >
  >;
}

/** The definition to serve; its implementation has to be a `WholeAnswers`. */
export function wireDefinition<Service extends ServiceOf>(service: Service): Service {
  const methods = Object.entries(service.methods).map(([key, method]) => [
    key,
    {
      ...method,
      requestType: keepingFaults(method.requestType, requestShapeOf(service.fullName, method.name)),
      responseType: reusingWriters(method.responseType),
    },
  ]);
  return { ...service, methods: Object.fromEntries(methods) };
}

/** Octets of the longest answer after which its writer is kept. */
const maxKeptOctets = 256 * 1024;
let spare: BinaryWriter | undefined;

/** A writer starts with 128 octets and doubles; one that has grown for an earlier answer spares that. Encoding is synchronous. */
function reusingWriters(type: ResponseType) {
  return {
    ...type,
    fromPartial: undefined,
    encode(answer: never) {
      const writer = spare ?? new BinaryWriter();
      // One that an answer broke is not used again.
      spare = undefined;
      type.encode(answer, writer);
      return {
        finish() {
          const octets = writer.finish();
          if (octets.length <= maxKeptOctets) spare = writer;
          return octets;
        },
      };
    },
  };
}

/** A service's implementation with answers in which no field is left out; `Client` is the generated client, which says what they are. */
export type WholeAnswers<Implementation, Client> = {
  [Method in keyof Implementation & keyof Client]: Implementation[Method] extends (
    request: infer Request,
    ...rest: never
  ) => unknown
    ? Client[Method] extends (...args: never) => Promise<infer Response>
      ? (request: Request, context: CallContext) => Promise<Response>
      : Client[Method] extends (...args: never) => AsyncIterable<infer Response>
        ? (request: Request, context: CallContext) => AsyncIterable<Response, void>
        : never
    : never;
};
