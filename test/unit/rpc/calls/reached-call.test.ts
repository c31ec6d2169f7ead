import { StreamDecoder } from "@grpc/grpc-js/build/src/stream-decoder.js";
import { expect, it } from "vitest";
import { octetsBegun, type ReachedCall } from "../../../../src/rpc/calls/reached-call.ts";
import { frameOf } from "../../../support/open-call.ts";

const begun = (decoder: StreamDecoder) => octetsBegun({ decoder } as unknown as ReachedCall);

it("P61 octetsBegun counts what has come of a message, and nothing before its size is known and when it is whole", () => {
  const decoder = new StreamDecoder(1_000);
  const frame = frameOf(Buffer.alloc(100));
  const counts = [frame.subarray(0, 3), frame.subarray(3, 25), frame.subarray(25, 65), frame.subarray(65)];
  const seen = counts.map((octets) => {
    decoder.write(octets);
    return begun(decoder);
  });
  expect(seen).toEqual([0, 20, 60, 0]);
});

it("P61 octetsBegun counts nothing of a message that is refused for its size", () => {
  const decoder = new StreamDecoder(1_000);
  expect(() => decoder.write(frameOf(Buffer.alloc(10), 5_000_000))).toThrow("larger than max");
  expect(begun(decoder)).toBe(0);
});
