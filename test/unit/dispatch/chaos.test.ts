import { afterEach, describe, expect, it } from "vitest";
import type { DeliveryId } from "../../../src/domain/ids.ts";
import type { DuplicatePolicy, Lane } from "../../../src/domain/message.ts";
import type { PartResult, Submission } from "../../../src/gateways/gateway.ts";
import { createDispatchWorld, type DispatchWorld } from "../../support/dispatch-world.ts";
import { accepted, ambiguous, createMemoryGateway, refused, unsent } from "../../support/memory-gateway.ts";
import { seededRandom } from "../../support/seeded-random.ts";

let world: DispatchWorld | undefined;
afterEach(async () => {
  await world?.close();
  world = undefined;
});

describe("a dispatcher among gateways that fail in every way", () => {
  it.each([1, 2, 3, 4])(
    "P11 P12 P22 brings every delivery to an end and writes nothing twice (seed %i)",
    async (seed) => {
      const random = seededRandom(seed);
      const pick = <T>(values: readonly T[]): T => values[Math.floor(random() * values.length)] as T;
      let isCalm = false;
      let ids = 0;
      /** Parts of deliveries under AT_MOST_ONCE that a gateway has, or may have. */
      const written = new Set<string>();
      const once = new Set<DeliveryId>();
      const twice: string[] = [];

      function answer(submission: Submission): readonly PartResult[] {
        let isStopped = false;
        return submission.partNumbers.map((number) => {
          if (isStopped) return unsent(number);
          const result = isCalm || random() < 0.6 ? accepted(number, `s${++ids}`) : misfortune(number);
          if (result.kind === "refused" && (result.refusal === "route" || result.refusal === "session"))
            isStopped = true;
          if (result.kind === "accepted" || result.kind === "ambiguous") {
            const key = `${submission.deliveryId} ${number}`;
            if (once.has(submission.deliveryId) && written.has(key)) twice.push(key);
            written.add(key);
          }
          return result;
        });
      }
      const misfortune = (number: number): PartResult =>
        pick([
          () => refused(number, "temporary"),
          () => refused(number, "throttled"),
          () => refused(number, "session"),
          () => refused(number, "route"),
          () => ambiguous(number),
          () => unsent(number, "no_session"),
        ])();

      const gateways = ["a", "b", "c"].map((id) => createMemoryGateway(id, { window: 3, script: answer }));
      world = await createDispatchWorld({
        gateways,
        routes: { a: { pdusPerSecond: 20 }, b: { pdusPerSecond: 10 } },
      });
      const { send, advance, dispatcher, store } = world;
      const all: DeliveryId[] = [];
      for (let round = 0; round < 20; round++) {
        const fields = Array.from({ length: 4 }, () => ({
          lane: pick<Lane>(["OTP", "NORMAL", "BULK"]),
          duplicatePolicy: pick<DuplicatePolicy>(["AT_MOST_ONCE", "AT_LEAST_ONCE"]),
          wantsClaim: random() < 0.7,
          text: random() < 0.3 ? "0123456789".repeat(40) : "short",
        }));
        const sent = await send(...fields);
        sent.forEach((id, index) => {
          if (fields[index]?.duplicatePolicy === "AT_MOST_ONCE") once.add(id);
        });
        all.push(...sent);
        const gateway = pick(gateways);
        const isDown = gateway.status().kind !== "ready";
        gateway.setStatus(isDown ? { kind: "ready" } : { kind: "connecting", reason: "lost" });
        await advance(1_000);
      }
      isCalm = true;
      for (const gateway of gateways) gateway.setStatus({ kind: "ready" });
      await advance(400_000, 1_000);
      // What every gateway that may carry it has in doubt as often as it may waits for an answer until its time (P50).
      const atRest = await store.readStates(all);
      for (const waiting of all.filter((_, index) => atRest[index] === "QUEUED")) {
        expect((await world.view(waiting)).attempts.at(-1)?.outcome).toBe("AMBIGUOUS");
      }
      await store.expireDue(world.clock.now() + 25 * 3_600_000, 500);
      const states = await store.readStates(all);
      const open = all.filter(
        (_, index) => !["SUBMITTED", "REJECTED", "UNKNOWN"].includes(states[index] ?? ""),
      );
      expect(open).toEqual([]);
      expect(twice).toEqual([]);
      const figures = dispatcher.figures();
      expect(figures.unsettled).toBe(0);
      for (const one of figures.gateways.values()) {
        expect(one.inMemory).toEqual({ OTP: 0, NORMAL: 0, BULK: 0 });
        expect(one.attempting).toBe(0);
      }
      expect(dispatcher.stuck()).toEqual([]);
      const counts = new Map(states.map((state) => [state, states.filter((one) => one === state).length]));
      expect(counts.get("SUBMITTED")).toBeGreaterThan(40);
    },
  );
});
