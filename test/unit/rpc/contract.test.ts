import { readdirSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { createFileRegistry, type DescMessage, fromBinary } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { describe, expect, it } from "vitest";
import { descriptorSet } from "../../../src/gen/smsrelay/descriptor_set.ts";

const folder = resolve(import.meta.dirname, "../../../proto/smsrelay/v1");
const files = readdirSync(folder).map((name) => readFileSync(resolve(folder, name), "utf8"));
const text = files.join("\n");
const registry = createFileRegistry(fromBinary(FileDescriptorSetSchema, descriptorSet));
const services = [...registry].filter((type) => type.kind === "service");

/** Names of enums in a message and all that it holds. */
function enumsIn(message: DescMessage, seen = new Set<DescMessage>()): readonly string[] {
  if (seen.has(message)) return [];
  seen.add(message);
  return message.fields.flatMap((field) => {
    if (field.enum !== undefined) return [field.enum.name];
    return field.message === undefined ? [] : enumsIn(field.message, seen);
  });
}

describe("the contract", () => {
  it("says of each enum that answers have that it grows", () => {
    const answered = new Set(
      services.flatMap(({ methods }) => methods.flatMap(({ output }) => enumsIn(output))),
    );
    expect(answered.size).toBeGreaterThan(10);
    const silent = [...answered].filter((name) => {
      const [, comment = ""] = new RegExp(`((?:^//.*\\n)+)enum ${name} \\{`, "m").exec(text) ?? [];
      return !/New \w+ may come/.test(comment.replaceAll("\n// ", " "));
    });
    expect(silent).toEqual([]);
  });

  it("has no unsigned numbers, reserves nothing, and says of no value that it is never sent", () => {
    expect(text).not.toMatch(/\b(uint32|uint64|fixed32|fixed64)\b/);
    expect(text).not.toMatch(/^ *reserved /m);
    expect(text).not.toMatch(/never sent[.;]/i);
  });

  it("is one package of each language, under the names that managed mode would give", () => {
    for (const file of files) {
      expect(file).toContain("package smsrelay.v1;");
      expect(file).toContain('option csharp_namespace = "Smsrelay.V1";');
      expect(file).toContain('option go_package = "smsrelay/v1;smsrelayv1";');
      expect(file).toContain("option java_multiple_files = true;");
      expect(file).toContain('option java_package = "com.smsrelay.v1";');
    }
  });

  it("refuses what pages cannot have wherever there are pages", () => {
    const sizes = [...text.matchAll(/((?: *\/\/.*\n)+) *int32 page_size = /g)].map(
      ([, comment = ""]) => comment,
    );
    expect(sizes.length).toBeGreaterThanOrEqual(4);
    for (const comment of sizes) expect(comment).toContain("negative: 4114");
  });
});
