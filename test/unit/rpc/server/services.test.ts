import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { scopes } from "../../../../src/domain/scopes.ts";
import { methodScopes } from "../../../../src/rpc/server/services.ts";
import { contractMethods } from "../../../support/contract-methods.ts";

describe("the table of scopes", () => {
  it("has an entry for every method of the contract, and none besides", () => {
    expect([...methodScopes.keys()].toSorted()).toEqual(contractMethods.map(({ path }) => path).toSorted());
  });

  it("stands in docs/api.md as it is", () => {
    const guide = readFileSync("docs/api.md", "utf8");
    const documented = scopes.flatMap((scope) => {
      const calls = new RegExp(`^\\| ${scope} \\| (.*) \\|$`, "m").exec(guide)?.[1] ?? "";
      return calls.split("; ").flatMap((ofService) => {
        const [service = "", ...methods] = [...ofService.matchAll(/`([A-Za-z]+)`/g)].map(([, name]) => name);
        return methods.map((method) => `/smsrelay.v1.${service}/${method} ${scope}`);
      });
    });
    const actual = [...methodScopes].map(([path, scope]) => `${path} ${scope}`);
    expect(documented.toSorted()).toEqual(actual.toSorted());
  });
});
