/** What a replica says of its gateways, as it stands in its row: JSON, by gateway a tuple, which later releases may only lengthen. */
import type { GatewayOffer, GatewayReport } from "../gateway-sessions.ts";

type ReportTuple = readonly [
  state: GatewayReport["state"],
  reason: string,
  ownSessions: number,
  boundSessions: number,
  inFlight: number,
  windowSize: number,
  pdusPerSecond: number,
];

/** Null where nothing is offered: then the replica takes no part. */
export function packReports(offers: readonly GatewayOffer[]): string | null {
  if (offers.length === 0) return null;
  const tuples = offers.map(({ gatewayId, report }): readonly [string, ReportTuple] => {
    const { state, reason, ownSessions, boundSessions, inFlight, windowSize, pdusPerSecond } = report;
    return [gatewayId, [state, reason, ownSessions, boundSessions, inFlight, windowSize, pdusPerSecond]];
  });
  return JSON.stringify(Object.fromEntries(tuples));
}

export function unpackReports(packed: string): ReadonlyMap<string, GatewayReport> {
  const tuples = JSON.parse(packed) as Readonly<Record<string, ReportTuple>>;
  return new Map(
    Object.entries(tuples).map(
      ([gatewayId, [state, reason, ownSessions, boundSessions, inFlight, windowSize, pdusPerSecond]]) => [
        gatewayId,
        { state, reason, ownSessions, boundSessions, inFlight, windowSize, pdusPerSecond },
      ],
    ),
  );
}
