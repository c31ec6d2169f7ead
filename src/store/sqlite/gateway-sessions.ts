/** One process owns the file, and with it every session of every gateway. */
import type { GatewaySessions } from "../gateway-sessions.ts";

export const allSessions: GatewaySessions = {
  replicaId: undefined,
  divide: (offers) =>
    Promise.resolve({
      heldUntilMs: Number.POSITIVE_INFINITY,
      shares: new Map(
        offers.map(({ gatewayId, sessions }) => [
          gatewayId,
          {
            own: Array.from({ length: sessions }, (_, slot) => slot),
            surplus: undefined,
            others: [],
            resumeCount: 0,
          },
        ]),
      ),
    }),
  release: () => Promise.resolve(),
  onChange: () => () => {},
};
