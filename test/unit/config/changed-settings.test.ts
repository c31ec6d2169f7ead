import { expect, it } from "vitest";
import { changedSettings } from "../../../src/config/changed-settings.ts";

it("changedSettings names what differs, at any depth, and lists as a whole", () => {
  const before = {
    limits: { maxBacklog: 1, maxConnections: 2 },
    listen: { grpc: { port: 1 } },
    gateways: [1],
  };
  const after = {
    limits: { maxBacklog: 3, maxConnections: 2 },
    listen: { grpc: { port: 1, tls: { cert: "x" } } },
    gateways: [2],
  };
  expect(changedSettings(before, before)).toEqual([]);
  expect(changedSettings(before, after)).toEqual(["limits.maxBacklog", "listen.grpc.tls", "gateways"]);
});
