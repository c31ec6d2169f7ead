/**
 * The services as they are put on the wire: requests are decoded without losing faults, and answers encoded as they are, without the copy
 * that would fill in missing fields; ours are whole, which their types say.
 */
import { BinaryWriter } from "@bufbuild/protobuf/wire";
import type { MethodDefinition, ServiceDefinition } from "@grpc/grpc-js";
import { octetsOfAnswer } from "./encoded-answer.ts";
import type { MessageType, MethodOf, ServiceOf } from "./handlers.ts";
import { keepingFaults } from "./read-requests.ts";
import { requestShapeOf } from "./request-shapes.ts";

/** A service of the contract, for the stack. */
export function wireDefinition(service: ServiceOf): ServiceDefinition {
  return definitionOf(service, ({ name, requestType }) =>
    keepingFaults(requestType, requestShapeOf(service.fullName, name)),
  );
}

/** One of gRPC's own services, whose requests are decoded as everywhere. */
export function plainDefinition(service: ServiceOf): ServiceDefinition {
  return definitionOf(service, ({ requestType }) => requestType.decode);
}

function definitionOf(
  { fullName, methods }: ServiceOf,
  decoderOf: (method: MethodOf) => (octets: Uint8Array) => object,
): ServiceDefinition {
  const wires = Object.entries(methods).map(([key, method]) => {
    const wire: MethodDefinition<object, object> = {
      path: `/${fullName}/${method.name}`,
      requestStream: method.requestStream,
      responseStream: method.responseStream,
      requestDeserialize: decoderOf(method),
      responseSerialize: (answer) => octetsOfAnswer(answer) ?? encode(method.responseType, answer),
      requestSerialize: neverCalled,
      responseDeserialize: neverCalled,
    };
    return [key, wire];
  });
  return Object.fromEntries(wires);
}

function neverCalled(): never {
  throw new Error("a server reads requests and writes answers");
}

/** Octets of the longest answer after which its writer is kept. */
const maxKeptOctets = 256 * 1024;
let spare: BinaryWriter | undefined;

/** A writer starts with 128 octets and doubles; one that has grown for an earlier answer spares that. */
function encode(type: MessageType, answer: object): Buffer {
  const writer = spare ?? new BinaryWriter();
  // One that an answer broke is not used again.
  spare = undefined;
  const octets = type.encode(answer as never, writer).finish();
  if (octets.length <= maxKeptOctets) spare = writer;
  return Buffer.from(octets.buffer, octets.byteOffset, octets.length);
}
