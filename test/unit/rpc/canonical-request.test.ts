import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { createRequestHashes } from "../../../src/app/sending/request-hash.ts";
import { SendSmsRequest } from "../../../src/gen/smsrelay/v1/sms.ts";
import { canonicalRequest } from "../../../src/rpc/sending/canonical-request.ts";

interface Vector {
  readonly name: string;
  /** As protobuf's JSON has it. */
  readonly request: unknown;
  readonly canonical: string;
  readonly hash: string;
}

const root = resolve(import.meta.dirname, "../../..");
const { secret, vectors } = JSON.parse(
  readFileSync(resolve(root, "test/vectors/request-hashes.json"), "utf8"),
) as { readonly secret: string; readonly vectors: readonly Vector[] };

/** What came after its vector is set here: vectors stay as they are. */
const full: SendSmsRequest = {
  ...SendSmsRequest.fromJSON(vectors.find(({ name }) => name === "every field")?.request),
  contentCategory: 2,
  regionCode: "NL",
  senderType: 2,
};
const spelled = (change: Partial<SendSmsRequest>) => canonicalRequest({ ...full, ...change });

/** What leaves a field unset, by its number; all are set in `full`. */
const unset: Readonly<Record<number, Partial<SendSmsRequest>>> = {
  1: { sender: "" },
  2: { recipients: [] },
  3: { content: undefined },
  4: { content: { $case: "binary", value: { data: Buffer.from([1]), udh: Buffer.alloc(0) } } },
  6: { clientReference: "" },
  7: { lane: 0 },
  8: { expiration: undefined },
  9: { encoding: 0 },
  10: { transliterate: false },
  11: { maxSegments: 0 },
  12: { premium: false },
  13: { duplicatePolicy: 0 },
  14: { allowPartial: false },
  16: { dryRun: false },
  17: { metadata: {} },
  24: { contentCategory: 0 },
  27: { regionCode: "" },
  28: { senderType: 0 },
};

describe("canonicalRequest", () => {
  it.each(vectors)("spells and hashes $name as it always has", ({ request, canonical, hash }) => {
    const spelling = canonicalRequest(SendSmsRequest.fromJSON(request));
    expect(spelling).toBe(canonical);
    expect(createRequestHashes([secret]).of(spelling)).toBe(hash);
  });

  it("has every field of the contract but request_id and wait_for, each in a place of its own", () => {
    const proto = readFileSync(resolve(root, "proto/smsrelay/v1/sms.proto"), "utf8");
    const [, body = ""] = /message SendSmsRequest \{([\s\S]*?)\n\}/.exec(proto) ?? [];
    const numbers = [...body.matchAll(/^ +[\w<>., ]+ \w+ = (\d+);$/gm)].map(([, number]) => Number(number));
    expect(numbers.length).toBeGreaterThanOrEqual(17);
    expect(numbers.filter((number) => number !== 5 && number !== 15)).toEqual(Object.keys(unset).map(Number));
    const spellings = [{}, ...Object.values(unset)].map(spelled);
    expect(new Set(spellings).size).toBe(spellings.length);
    expect(spelled({ requestId: "other", waitFor: 2 })).toBe(spelled({}));
  });

  it("tells malformed recipients apart, and a value from the default it stands for", () => {
    expect(spelled({ recipients: ["x", "+38640123456"] })).not.toBe(
      spelled({ recipients: ["y", "+38640123456"] }),
    );
    expect(spelled({ maxSegments: 30 })).not.toBe(spelled({ maxSegments: 0 }));
    expect(spelled({ lane: 2 })).not.toBe(spelled({ lane: 0 }));
  });

  it("sorts the pairs of a map, which come in any order", () => {
    expect(spelled({ metadata: { b: "2", a: "1", B: "3" } })).toBe(
      spelled({ metadata: { a: "1", B: "3", b: "2" } }),
    );
  });

  it("takes a request of bytes as one that was decoded anew", () => {
    const again = SendSmsRequest.decode(SendSmsRequest.encode(full).finish());
    expect(canonicalRequest(again)).toBe(spelled({}));
  });
});
