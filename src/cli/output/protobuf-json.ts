/**
 * The service's answers in protobuf's JSON form (protobuf.dev/programming-guides/json): durations as `3.5s`, 64-bit numbers as texts, enum
 * values by name. The generated encoders know only the wire format, so an answer's octets go through a library that knows the JSON form,
 * loaded only when JSON is asked for.
 */
import { jsonLine } from "./output.ts";

/** A generated type's encoder. */
export interface MessageType<Message> {
  encode(message: Message): { finish(): Uint8Array };
}

/** Reads `smsrelay`'s type `name` from protobuf's JSON form; throws where it is no such JSON, also where it has an unknown field. */
export async function readProtobufJson<Message>(
  name: string,
  type: { decode(octets: Uint8Array): Message },
  text: string,
): Promise<Message> {
  const { fromJsonString, registry, schema, toBinary } = await schemaOf(name);
  return type.decode(toBinary(schema, fromJsonString(schema, text, { registry })));
}

/** Makes the writer of one line of JSON for messages of `smsrelay`'s type `name`. */
export async function protobufJson<Message>(
  name: string,
  type: MessageType<Message>,
): Promise<(message: Message) => string> {
  const { fromBinary, registry, schema, toJson } = await schemaOf(name);
  return (message) =>
    jsonLine(toJson(schema, fromBinary(schema, type.encode(message).finish()), { registry }));
}

async function schemaOf(name: string) {
  const [library, { FileDescriptorSetSchema }, { descriptorSet }] = await Promise.all([
    import("@bufbuild/protobuf"),
    import("@bufbuild/protobuf/wkt"),
    import("../../gen/smsrelay/descriptor_set.ts"),
  ]);
  const registry = library.createFileRegistry(library.fromBinary(FileDescriptorSetSchema, descriptorSet));
  const schema = registry.getMessage(`smsrelay.v1.${name}`);
  if (schema === undefined) throw new Error(`the contract has no message ${name}`);
  return { ...library, registry, schema };
}
