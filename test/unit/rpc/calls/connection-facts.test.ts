import { Metadata } from "@grpc/grpc-js";
import { expect, test } from "vitest";
import { peerOn, presentedBy } from "../../../../src/rpc/calls/connection-facts.ts";

function showing(authorization: string | undefined): Metadata {
  const metadata = new Metadata();
  if (authorization !== undefined) metadata.set("authorization", authorization);
  return metadata;
}

test.for<[string | undefined, string | undefined]>([
  ["Bearer abc", "abc"],
  ["bearer   a.b-c~+/=", "a.b-c~+/="],
  ["Basic dXNlcjpwYXNz", "basic dXNlcjpwYXNz"],
  ["Basic dXNl cg==", undefined],
  ["Bearer a b", undefined],
  ["Bearer ", undefined],
  ["abc", undefined],
  [`Bearer ${"a".repeat(8_193)}`, undefined],
  [undefined, undefined],
])("%s shows %s, whatever was shown on its connection before", ([authorization, presented]) => {
  const connection = {};
  expect(presentedBy(showing(authorization), undefined)).toBe(presented);
  expect(presentedBy(showing(authorization), connection)).toBe(presented);
  expect(presentedBy(showing("Bearer another"), connection)).toBe("another");
  expect(presentedBy(showing(authorization), connection)).toBe(presented);
});

test("a call without a credential has none, though others on its connection show one", () => {
  const connection = {};
  expect(presentedBy(showing("Bearer abc"), connection)).toBe("abc");
  expect(presentedBy(showing(undefined), connection)).toBeUndefined();
  expect(presentedBy(showing("Bearer abc"), {})).toBe("abc");
});

test("a connection's peer is asked for once, and each connection's own", () => {
  const [one, other] = [{}, {}];
  const asked: string[] = [];
  const read = (peer: string) => () => {
    asked.push(peer);
    return peer;
  };
  expect(peerOn(one, read("192.0.2.1:1"))).toBe("192.0.2.1:1");
  // The socket of a connection that is over names nobody.
  expect(peerOn(one, read("unknown"))).toBe("192.0.2.1:1");
  expect(peerOn(other, read("192.0.2.2:2"))).toBe("192.0.2.2:2");
  expect(peerOn(undefined, read("unknown"))).toBe("unknown");
  expect(asked).toEqual(["192.0.2.1:1", "192.0.2.2:2", "unknown"]);
});
