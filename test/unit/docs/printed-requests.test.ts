/** Requests that pages print for generic clients, which no test runs, are what the contract says: service, method, fields and values. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { createFileRegistry, fromBinary, fromJsonString } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { describe, expect, it } from "vitest";
import { descriptorSet } from "../../../src/gen/smsrelay/descriptor_set.ts";

const root = join(import.meta.dirname, "../../..");
const registry = createFileRegistry(fromBinary(FileDescriptorSetSchema, descriptorSet));
const pages = ["README.md", ...readdirSync(join(root, "docs")).map((name) => `docs/${name}`)];

const printed = pages
  .filter((page) => page.endsWith(".md"))
  .flatMap((page) => {
    const text = readFileSync(join(root, page), "utf8");
    const calls = text.matchAll(/grpcurl [^']*-d '([^']*)'[\s\\]+\S+:\d+ ([\w.]+)\/(\w+)/g);
    return [...calls].map(([, body = "", service = "", method = ""]) => ({ page, body, service, method }));
  });

describe("requests that pages print", () => {
  it("are all found", () => {
    const count = pages
      .filter((page) => page.endsWith(".md"))
      .map((page) => readFileSync(join(root, page), "utf8").split("grpcurl -plaintext -H").length - 1)
      .reduce((sum, each) => sum + each);
    expect(printed).toHaveLength(count);
    expect(count).toBeGreaterThan(3);
  });

  it.each(printed)("$page: $service/$method takes $body", ({ body, service, method }) => {
    const input = registry.getService(service)?.methods.find(({ name }) => name === method)?.input;
    if (input === undefined) throw new Error(`the contract has no ${service}/${method}`);
    expect(() => fromJsonString(input, body, { registry })).not.toThrow();
  });
});
