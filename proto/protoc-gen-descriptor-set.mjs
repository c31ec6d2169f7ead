// A plugin for buf: writes the FileDescriptorSet of each input as a module of its top folder, from which server reflection answers.
import { buffer } from "node:stream/consumers";
import { BinaryReader, BinaryWriter } from "@bufbuild/protobuf/wire";

// CodeGeneratorRequest: file_to_generate = 1, proto_file = 15; FileDescriptorSet: file = 1.
const reader = new BinaryReader(await buffer(process.stdin));
const set = new BinaryWriter();
let firstFile = "";
while (reader.pos < reader.len) {
  const [field, wireType] = reader.tag();
  if (field === 1) {
    const file = reader.string();
    firstFile ||= file;
  } else if (field === 15) set.uint32((1 << 3) | 2).bytes(reader.bytes());
  else reader.skip(wireType);
}

// CodeGeneratorResponse: supported_features = 2 (proto3 optional), file = 15 { name = 1, content = 15 }.
const response = new BinaryWriter().uint32(2 << 3).uint64(1);
if (firstFile !== "") {
  const [folder] = firstFile.split("/");
  const content = [
    `/** The FileDescriptorSet of the files in ${folder}/ and of what they import. Generated, do not edit. */`,
    `export const descriptorSet: Uint8Array = Buffer.from("${Buffer.from(set.finish()).toString("base64")}", "base64");`,
    "",
  ].join("\n");
  response.uint32((15 << 3) | 2).fork();
  response.uint32((1 << 3) | 2).string(`${folder}/descriptor_set.ts`);
  response.uint32((15 << 3) | 2).string(content).join();
}
process.stdout.write(response.finish());
