/**
 * The life of deliveries as the store sees it: accepted, claimed, settled, and a while later received. Each step is one batch. Driven
 * through the store's own port, so that one program can measure two clones.
 */
import { randomFillSync } from "node:crypto";
import { join } from "node:path";

type Parts = typeof import("../../test/support/store-builders.ts") &
  typeof import("../../src/store/postgres/open.ts") &
  typeof import("../../src/observability/clock.ts") &
  typeof import("../../src/observability/logger.ts") &
  typeof import("../../src/domain/ids.ts");

export interface Traffic {
  /** Deliveries in a batch. */
  readonly size: number;
  /** Deliveries of a message. */
  readonly recipients: number;
  /** Whether they wait and are claimed later, and not where they are accepted. */
  readonly waits: boolean;
}

export interface MessageLife {
  /** Lets one batch go each step of its way, the last step those of a while ago. */
  step(traffic: Traffic): Promise<void>;
  close(): Promise<void>;
}

/** Batches between a settlement and the receipts of it. */
const receiptsBehind = 8;

/** The life of messages on the store of a clone, on a database of its own. */
export async function startMessageLife(clone: string, url: string): Promise<MessageLife> {
  const part = (path: string) => import(join(clone, path));
  const parts = {
    ...(await part("test/support/store-builders.ts")),
    ...(await part("src/store/postgres/open.ts")),
    ...(await part("src/observability/clock.ts")),
    ...(await part("src/observability/logger.ts")),
    ...(await part("src/domain/ids.ts")),
  } as Parts;
  const { systemClock: clock, gateway: gatewayId } = parts;
  const store = await parts.openPostgresStore({ urls: [url], clock, log: parts.silentLogger });
  const { claimant } = await store.join(clock.now());
  const newMessageId = parts.createMessageIds(() => clock.now(), randomFillSync);
  let smscIds = 0x10_00_00_00;
  const awaited: string[][] = [];

  return {
    async step({ size, recipients, waits }) {
      const nowMs = clock.now();
      const entries = Array.from({ length: size / recipients }, () =>
        parts.buildAcceptance({
          message: { id: newMessageId(), acceptTimeMs: nowMs },
          recipients,
          wantsClaim: !waits,
          claimant,
        }),
      );
      await store.accept(entries);
      if (waits) {
        const limits = { OTP: 0, NORMAL: size, BULK: 0 };
        const claim = await store.claim({ claimant, gatewayId, limits, nowMs: clock.now() });
        if (claim.deliveries.length !== size) throw new Error(`${claim.deliveries.length} were claimed`);
      }
      const keys = Array.from({ length: size }, () => (smscIds++).toString(16));
      const ids = entries.flatMap(({ deliveries }) => deliveries.map(({ id }) => id));
      const settlements = ids.map((id, index) =>
        parts.buildSubmitted(id, claimant, [keys[index] ?? ""], { timeMs: nowMs }),
      );
      for (const { kind } of await store.settle(settlements)) {
        if (kind !== "settled") throw new Error(`a settlement was ${kind}`);
      }
      awaited.push(keys);
      const received = awaited.length > receiptsBehind ? awaited.shift() : undefined;
      if (received === undefined) return;
      const receipts = received.map((key) =>
        parts.buildReceipt(key, { arrivalTimeMs: nowMs, doneTimeMs: nowMs }),
      );
      for (const { kind } of await store.recordReceipts(receipts)) {
        if (kind !== "matched") throw new Error(`a receipt was ${kind}`);
      }
    },
    close: () => store.close(),
  };
}
