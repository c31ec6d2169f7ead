import { expect, it } from "vitest";
import { addHeld } from "../../../../src/app/gateways/add-held.ts";
import { toGatewayId } from "../../../../src/domain/ids.ts";
import { nothingHeld } from "../../../../src/store/gateway-sessions.ts";
import { packReports, unpackReports } from "../../../../src/store/postgres/gateway-reports.ts";
import { buildOffer } from "../../../support/store-builders.ts";

const north = toGatewayId("north");
const south = toGatewayId("south");

it("counts what is claimed and not written as waiting, by queue, since its acceptance", () => {
  const backlog = {
    queued: 2,
    byQueue: [{ gatewayId: north, lane: "OTP", count: 2, oldestTimeMs: 500 } as const],
    parkedReceipts: 1,
  };
  const held = [
    { gatewayId: north, held: { ...nothingHeld, OTP: { count: 45, oldestTimeMs: 100 } } },
    { gatewayId: north, held: { ...nothingHeld, OTP: { count: 3, oldestTimeMs: undefined } } },
    { gatewayId: south, held: { ...nothingHeld, BULK: { count: 1, oldestTimeMs: 900 } } },
  ];
  expect(addHeld(backlog, held)).toEqual({
    queued: 51,
    byQueue: [
      { gatewayId: north, lane: "OTP", count: 50, oldestTimeMs: 100 },
      { gatewayId: south, lane: "BULK", count: 1, oldestTimeMs: 900 },
    ],
    parkedReceipts: 1,
  });
});

it("tells other replicas what is held here, and takes a report of a release that tells nothing of it", () => {
  const held = { ...nothingHeld, OTP: { count: 45, oldestTimeMs: 100 } };
  const packed = packReports([buildOffer(north, 1, { held })]) ?? expect.fail("nothing was offered");
  expect(unpackReports(packed).get(north)).toMatchObject({ held });
  const former = JSON.parse(packed) as { north: unknown[] };
  former.north.length = 7;
  expect(unpackReports(JSON.stringify(former)).get(north)).toMatchObject({ held: nothingHeld });
});
