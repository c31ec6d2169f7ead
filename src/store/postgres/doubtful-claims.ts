/**
 * Claims of commits that were not answered, kept until they are given up. Where an accepting transaction made them, the rows may appear
 * after the first look for them: the connection broke here, while the server still works on what it was sent. Before its commit nobody sees
 * a new row, and there is no lock to wait for. So what is not there is looked for again and again.
 */
import type { DeliveryId } from "../../domain/ids.ts";
import type { Clock } from "../../observability/clock.ts";
import type { ClaimRef } from "../accepting.ts";

export interface DoubtfulClaims {
  add(claims: readonly ClaimRef[]): void;
  /** Those to be given up with the next batch. */
  due(): readonly ClaimRef[];
  /** Told after that batch was committed, with those whose rows were not there. */
  onReleased(asked: readonly ClaimRef[], missing: readonly DeliveryId[]): void;
}

const lookAgainMs = 1_000;
/** From the first answered look on: a server that answers others has ended by then what it was sent before, or closed the connection. */
const patienceMs = 60_000;

interface Doubt {
  readonly claim: ClaimRef;
  readonly lookAtMs: number;
  /** Undefined until it has been looked for. */
  readonly untilMs: number | undefined;
}

const none: readonly ClaimRef[] = [];

export function createDoubtfulClaims(clock: Pick<Clock, "monotonic">): DoubtfulClaims {
  let doubts: readonly Doubt[] = [];
  return {
    add(claims) {
      const lookAtMs = clock.monotonic();
      doubts = [...doubts, ...claims.map((claim) => ({ claim, lookAtMs, untilMs: undefined }))];
    },
    due() {
      if (doubts.length === 0) return none;
      const nowMs = clock.monotonic();
      return doubts.filter(({ lookAtMs }) => lookAtMs <= nowMs).map(({ claim }) => claim);
    },
    onReleased(asked, missing) {
      if (asked.length === 0) return;
      const nowMs = clock.monotonic();
      const released = new Set(asked);
      const absent = new Set(missing);
      doubts = doubts.flatMap((doubt): readonly Doubt[] => {
        if (!released.has(doubt.claim)) return [doubt];
        const untilMs = doubt.untilMs ?? nowMs + patienceMs;
        if (!absent.has(doubt.claim.id) || nowMs >= untilMs) return [];
        return [{ ...doubt, lookAtMs: nowMs + lookAgainMs, untilMs }];
      });
    },
  };
}
