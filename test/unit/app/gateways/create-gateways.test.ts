import { describe, expect, it } from "vitest";
import { createTokenSealer } from "../../../../src/app/calls/sealed-token.ts";
import { createGateways, type GatewayOverview } from "../../../../src/app/gateways/create-gateways.ts";
import { SmsError } from "../../../../src/domain/errors.ts";
import { toGatewayId } from "../../../../src/domain/ids.ts";
import type { Backlog } from "../../../../src/store/views.ts";
import { caller } from "../../../support/acts.ts";
import { createFakeClock } from "../../../support/fake-clock.ts";

const id = toGatewayId("north");
const overview: GatewayOverview = {
  id,
  kind: "smpp",
  health: { kind: "ready" },
  priority: 1,
  weight: 1,
  isPremium: false,
  figures: { sessions: 1, ownSessions: 1, boundSessions: 1, inFlight: 0, windowSize: 10 },
  configuredRate: 0,
  currentRate: 0,
  replicas: [],
  pauseTimeMs: undefined,
};
const waiting = (count: number): Backlog => ({
  queued: count,
  byQueue: [{ gatewayId: id, lane: "OTP", count, oldestTimeMs: 1 }],
  parkedReceipts: 0,
});

describe("a pause that is stored", () => {
  it("is answered, with what waited at the last look, also where the store cannot be read any more", async () => {
    const away = new SmsError("SERVICE_UNAVAILABLE");
    const now = { isAway: false, gateways: [overview] };
    const stored: unknown[] = [];
    const control = createGateways({
      store: {
        backlog: async () => (now.isAway ? Promise.reject(away) : waiting(7)),
        setPaused: async (_act, gatewayId, pause) => {
          stored.push([gatewayId, pause?.reason]);
          now.isAway = true;
          // A reload takes the gateway out in the same moment.
          now.gateways = [];
        },
      },
      sealer: createTokenSealer("x"),
      clock: createFakeClock(),
      lastBacklog: () => waiting(5),
      overview: () => now.gateways,
      held: () => [],
      formerIdsOf: () => [],
      pauses: { change: () => {} },
      onResume: () => {},
    });
    expect(await control.pause({ gatewayId: "north", reason: "works" }, caller)).toMatchObject({
      waitingCount: 5,
    });
    now.gateways = [overview];
    expect(await control.resume("north", caller)).toMatchObject({ id, waitingCount: 5 });
    expect(stored).toEqual([
      [id, "works"],
      [id, undefined],
    ]);
    now.gateways = [overview];
    await expect(control.list({ pageSize: 10, pageToken: "" })).rejects.toBe(away);
  });
});
