/**
 * Tests whether an SMSC can be reached and accepts the account, on a session of its own that sends nothing. What the SMSC delivers on it
 * meanwhile is refused for now, so that it is kept and delivered to the service.
 */
import type { Clock } from "../../observability/clock.ts";
import { silentLogger } from "../../observability/logger.ts";
import type { SessionRole } from "./bind.ts";
import { ESME_RX_T_APPN } from "./classify-status.ts";
import { connectSocket } from "./connect-socket.ts";
import { PartOutcomes } from "./part-outcomes.ts";
import { SmppSession } from "./session.ts";
import type { SmppGatewaySettings } from "./settings.ts";

export type ProbeOutcome =
  | { readonly kind: "reached" }
  /** The SMSC answered the bind with this status. */
  | { readonly kind: "refused"; readonly commandStatus: number }
  | { readonly kind: "failed"; readonly reason: string };

const unbindGraceMs = 5_000;

/** Connects, under TLS where the gateway does, and closes again. */
export function probeConnection(settings: SmppGatewaySettings, clock: Clock): Promise<ProbeOutcome> {
  return new Promise((resolve) => {
    connectSocket({
      settings,
      clock,
      onConnected: (socket) => {
        socket.on("error", () => {});
        socket.destroySoon();
        resolve({ kind: "reached" });
      },
      onFailed: (reason) => resolve({ kind: "failed", reason }),
    });
  });
}

/** Binds in `role` and unbinds again. */
export function probeBind(
  settings: SmppGatewaySettings,
  role: SessionRole,
  clock: Clock,
): Promise<ProbeOutcome> {
  let isBound = false;
  return new Promise((resolve) => {
    new SmppSession({
      role,
      settings,
      clock,
      log: silentLogger,
      outcomes: new PartOutcomes({ settings, clock, log: silentLogger, count: () => {} }),
      mayWrite: () => false,
      nextReference: () => 0,
      onBound: (session) => {
        isBound = true;
        void session.close(unbindGraceMs);
      },
      onRoom: () => {},
      onDraining: () => {},
      onDelivery: () => Promise.resolve(ESME_RX_T_APPN),
      onEnd: (_session, end) => {
        if (isBound) resolve({ kind: "reached" });
        else if (end.kind === "lost") resolve({ kind: "failed", reason: end.reason });
        else resolve({ kind: "refused", commandStatus: end.commandStatus });
      },
    });
  });
}
