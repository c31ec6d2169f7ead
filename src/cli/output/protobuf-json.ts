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

/** Makes the writer of one line of JSON for messages of `smsrelay`'s type `name`. */
export async function protobufJson<Message>(
  name: string,
  type: MessageType<Message>,
): Promise<(message: Message) => string> {
  const [{ createFileRegistry, fromBinary, toJson }, { FileDescriptorSetSchema }, { descriptorSet }] =
    await Promise.all([
      import("@bufbuild/protobuf"),
      import("@bufbuild/protobuf/wkt"),
      import("../../gen/smsrelay/descriptor_set.ts"),
    ]);
  const registry = createFileRegistry(fromBinary(FileDescriptorSetSchema, descriptorSet));
  const schema = registry.getMessage(`smsrelay.v1.${name}`);
  if (schema === undefined) throw new Error(`the contract has no message ${name}`);
  return (message) =>
    jsonLine(toJson(schema, fromBinary(schema, type.encode(message).finish()), { registry }));
}
