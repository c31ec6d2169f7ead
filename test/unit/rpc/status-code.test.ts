import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { statusCodes } from "../../../src/domain/status-code.ts";
import { SmsStatusCode } from "../../../src/gen/smsrelay/v1/status_code.ts";

const sources = readdirSync("src", { recursive: true, encoding: "utf8" })
  .filter((path) => path.endsWith(".ts") && !path.startsWith("gen/") && path !== "domain/status-code.ts")
  .map((path) => readFileSync(`src/${path}`, "utf8"));

/** Whether anything in the product can answer with it. */
const isAnswered = (name: string) => sources.some((source) => source.includes(`"${name}"`));

describe("the status codes", () => {
  it("have the same numbers and names in the contract and in our table", () => {
    const contract = Object.entries(SmsStatusCode)
      .filter(([, number]) => number > 0)
      .map(([name, number]) => [number, name.replace("SMS_STATUS_CODE_", "")]);
    expect(contract).toEqual(statusCodes.map(({ number, name }) => [number, name]));
  });

  it("say in the contract with which gRPC code they come", () => {
    const proto = readFileSync("proto/smsrelay/v1/status_code.proto", "utf8");
    for (const { name, grpcCode } of statusCodes) {
      if (grpcCode === "OK") continue;
      expect(proto).toMatch(new RegExp(`\\b${grpcCode}\\.\\n  SMS_STATUS_CODE_${name} = `));
    }
  });

  it("stand in docs/errors.md as they are in the table, marked where nothing answers them yet", () => {
    const rows = readFileSync("docs/errors.md", "utf8")
      .split("\n")
      .filter((line) => /^\| [0-9]{4} (° )?\|/.test(line));
    const expected = statusCodes.map(
      ({ number, name, grpcCode, isRetryable, text }) =>
        `| ${number}${isAnswered(name) ? "" : " °"} | ${name} | ${grpcCode} | ${isRetryable ? "yes" : "no"} | ${text} |`,
    );
    expect(rows).toEqual(expected);
  });
});
