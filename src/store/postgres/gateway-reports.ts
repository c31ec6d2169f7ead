/** What a replica says of its gateways, as kept in its row: JSON with a tuple for each gateway, which later releases may only lengthen. */
import {
  type GatewayOffer,
  type GatewayReport,
  type Held,
  type HeldLane,
  nothingHeld,
} from "../gateway-sessions.ts";

type LaneTuple = readonly [count: number, oldestTimeMs: number | null];

type ReportTuple = readonly [
  state: GatewayReport["state"],
  reason: string,
  ownSessions: number,
  boundSessions: number,
  inFlight: number,
  windowSize: number,
  pdusPerSecond: number,
  /** OTP, NORMAL, BULK; a former release leaves it out. */
  held?: readonly [LaneTuple, LaneTuple, LaneTuple],
];

/** Null where nothing is offered: then the replica takes no part. */
export function packReports(offers: readonly GatewayOffer[]): string | null {
  if (offers.length === 0) return null;
  return JSON.stringify(Object.fromEntries(offers.map(({ gatewayId, report }) => [gatewayId, pack(report)])));
}

export function unpackReports(packed: string): ReadonlyMap<string, GatewayReport> {
  const tuples = JSON.parse(packed) as Readonly<Record<string, ReportTuple>>;
  return new Map(Object.entries(tuples).map(([gatewayId, tuple]) => [gatewayId, unpack(tuple)]));
}

function pack(report: GatewayReport): ReportTuple {
  const { state, reason, ownSessions, boundSessions, inFlight, windowSize, pdusPerSecond, held } = report;
  const lanes = [packLane(held.OTP), packLane(held.NORMAL), packLane(held.BULK)] as const;
  return [state, reason, ownSessions, boundSessions, inFlight, windowSize, pdusPerSecond, lanes];
}

function unpack(tuple: ReportTuple): GatewayReport {
  const [state, reason, ownSessions, boundSessions, inFlight, windowSize, pdusPerSecond, lanes] = tuple;
  const held = lanes === undefined ? nothingHeld : unpackHeld(lanes);
  return { state, reason, ownSessions, boundSessions, inFlight, windowSize, pdusPerSecond, held };
}

function packLane({ count, oldestTimeMs }: HeldLane): LaneTuple {
  return [count, oldestTimeMs ?? null];
}

function unpackHeld([otp, normal, bulk]: readonly [LaneTuple, LaneTuple, LaneTuple]): Held {
  return { OTP: unpackLane(otp), NORMAL: unpackLane(normal), BULK: unpackLane(bulk) };
}

function unpackLane([count, oldestTimeMs]: LaneTuple): HeldLane {
  return { count, oldestTimeMs: oldestTimeMs ?? undefined };
}
