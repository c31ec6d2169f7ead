import { createHmac } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { SendRequest } from "../../../../src/app/sending/request/send-request.ts";
import { createRequestHashes } from "../../../../src/app/sending/request-hash.ts";
import { unkeyedRequestHash } from "../../../../src/app/sending/unkeyed-request-hash.ts";

const parsed: SendRequest = {
  sender: { kind: "ALPHANUMERIC", address: "Bank" },
  recipients: [],
  content: { kind: "text", text: "Your code is 123456" },
  requestId: "r",
  clientReference: undefined,
  lane: "OTP",
  validityMs: 60_000,
  encoding: "auto",
  transliterate: false,
  maxSegments: 30,
  premium: false,
  duplicatePolicy: "AT_LEAST_ONCE",
  waitFor: "ACCEPTED",
  dryRun: false,
  metadata: {},
  contentCategory: "INFORMATIONAL",
};

describe("createRequestHashes", () => {
  it("is HMAC-SHA256 under the secret, whatever its length and the text's", () => {
    fc.assert(
      fc.property(
        fc.string({ minLength: 1, maxLength: 200, unit: "binary" }),
        fc.string({ maxLength: 8_000, unit: "grapheme" }),
        (secret, text) => {
          const kept = createRequestHashes([secret]).of(text);
          expect(kept.split(":")[2]).toBe(createHmac("sha256", secret).update(text).digest("hex"));
        },
      ),
    );
  });

  it("cannot be found by trying texts without the secret, not even by a process with another one", () => {
    const kept = createRequestHashes(["one"]).of("code 123456");
    const other = createRequestHashes(["another"]);
    expect(other.of("code 123456").split(":")[2]).not.toBe(kept.split(":")[2]);
    expect(other.isOf(kept, "code 123456", parsed)).toBe(false);
    expect(createRequestHashes(["another", "one"]).isOf(kept, "code 123456", undefined)).toBe(true);
    expect(createRequestHashes(["another", "one"]).isOf(kept, "code 654321", undefined)).toBe(false);
  });

  it("compares hashes of before the key by the old function", () => {
    const hashes = createRequestHashes(["one"]);
    const kept = unkeyedRequestHash(parsed);
    expect(hashes.isOf(kept, "any", parsed)).toBe(true);
    expect(hashes.isOf(kept, "any", { ...parsed, lane: "BULK" })).toBe(false);
    expect(hashes.isOf(kept, "any", undefined)).toBe(false);
  });
});

describe("a hash without a scheme", () => {
  it("is known by the default of max_segments that it was taken with", () => {
    const kept = unkeyedRequestHash({ ...parsed, maxSegments: 30 });
    const hashes = createRequestHashes(["secret"]);
    expect(hashes.isOf(kept, "", { ...parsed, maxSegments: 32 })).toBe(true);
    expect(hashes.isOf(kept, "", { ...parsed, maxSegments: 31 })).toBe(false);
  });
});
