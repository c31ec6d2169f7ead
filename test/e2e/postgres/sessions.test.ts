import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeEach, describe, expect, it } from "vitest";
import { DeliveryState, RouteReason } from "../../../src/gen/smsrelay/v1/delivery.ts";
import { type Gateway, GatewayState } from "../../../src/gen/smsrelay/v1/gateway.ts";
import { Lane } from "../../../src/gen/smsrelay/v1/message.ts";
import { WaitFor } from "../../../src/gen/smsrelay/v1/sms.ts";
import type { SendSmsResponse } from "../../../src/gen/smsrelay/v1/sms_service.ts";
import { createDatabase, postgresMissing, type TestDatabase } from "../../support/postgres-database.ts";
import { type ServiceWorld, type SmscSetup, startServiceWorld } from "../../support/service-world.ts";

const states = {
  READY: GatewayState.GATEWAY_STATE_READY,
  ELSEWHERE: GatewayState.GATEWAY_STATE_ELSEWHERE,
  CONNECTING: GatewayState.GATEWAY_STATE_CONNECTING,
};

/** What must not wait for a look of another replica, of which there is one in five seconds, is timed so often. */
const ROUNDS = 5;

/** Milliseconds that work takes in the middle one of some rounds, whatever else the machine did in one or two of them. */
async function medianOf(rounds: number, work: () => Promise<void>): Promise<number> {
  const tookMs: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const startMs = performance.now();
    await work();
    tookMs.push(performance.now() - startMs);
  }
  return tookMs.toSorted((left, right) => left - right)[rounds >> 1] ?? Number.NaN;
}

const folder = mkdtempSync(join(tmpdir(), "sms-relay-sessions-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe.skipIf(postgresMissing !== undefined)(
  `sessions of one SMSC at several replicas ${postgresMissing ?? ""}`,
  () => {
    let database: TestDatabase;
    let worlds: ServiceWorld[] = [];

    beforeEach(async () => {
      database = await createDatabase();
    });
    afterEach(async () => {
      // The first has the simulators, which the others still speak to.
      for (const world of worlds.toReversed()) await world[Symbol.asyncDispose]();
      worlds = [];
      await database.drop();
    });

    async function open(replica: string, setups: readonly SmscSetup[]): Promise<ServiceWorld> {
      const path = join(folder, "keys", "sms-relay.db");
      const store = { url: database.url, replica, path, minFreeDisk: "0" };
      const ports = worlds[0]?.smscs.map(({ port }) => port);
      const world = await startServiceWorld(
        setups.map((setup, index) => ({ ...setup, ...(ports && { port: ports[index] ?? 0 }) })),
        { store },
      );
      worlds.push(world);
      return world;
    }
    /** Owners in the order of the slots, as they stand in the store. */
    const owners = async (gatewayId = "north") => {
      const rows = await database.query<{ owner: string | null }>(
        "SELECT owner FROM gateway_sessions WHERE gateway_id = $1 ORDER BY slot",
        [gatewayId],
      );
      return rows.map(({ owner }) => owner);
    };
    const figure = async (world: ServiceWorld, name: string): Promise<number> => {
      const { text } = await world.get("/metrics");
      return Number(
        text
          .split("\n")
          .find((line) => line.startsWith(name))
          ?.split(" ")[1],
      );
    };
    const bound = () => worlds[0]?.smsc.sessions().length ?? 0;
    const perOwner = async () => {
      const counts = new Map<string | null, number>();
      for (const owner of await owners()) counts.set(owner, (counts.get(owner) ?? 0) + 1);
      return [...counts.values()].toSorted();
    };

    it("are as many as configured, whoever joins, and as many at each", async () => {
      const setups = [{ gateway: { sessions: 4 } }];
      const first = await open("one", setups);
      await expect.poll(bound).toBe(4);
      let most = 0;
      const watching = setInterval(() => {
        most = Math.max(most, bound());
      }, 1);
      await open("two", setups);
      await expect.poll(perOwner).toEqual([2, 2]);
      await open("three", setups);
      await expect.poll(perOwner).toEqual([1, 1, 2]);
      await expect.poll(bound).toBe(4);
      clearInterval(watching);
      expect(most).toBe(4);
      for (const world of worlds) {
        expect(await first.ended(await world.send())).toMatchObject({
          state: DeliveryState.DELIVERY_STATE_DELIVERED,
        });
      }
    });

    it("P4 bring receipts of what another replica has sent, which find their delivery", async () => {
      const setups = [{ gateway: { sessions: 2 } }];
      const sender = await open("one", setups);
      const other = await open("two", setups);
      await expect.poll(perOwner).toEqual([1, 1]);
      for (const world of worlds)
        await expect.poll(() => figure(world, 'sms_relay_gateway_sessions_bound{gateway="north"}')).toBe(1);
      const sent = await Promise.all(Array.from({ length: 20 }, () => sender.send()));
      for (const one of sent) {
        expect(await other.ended(one)).toMatchObject({ state: DeliveryState.DELIVERY_STATE_DELIVERED });
      }
      // Some come before the response is on disk, and wait for it (P2); those count again when they are looked at once more.
      const [matched = 0, parked = 0] = await Promise.all(
        ["matched", "parked"].map((outcome) =>
          figure(other, `sms_relay_receipts_total{gateway="north",outcome="${outcome}"}`),
        ),
      );
      expect(matched + parked).toBeGreaterThanOrEqual(10);
      expect(Math.max(matched, parked)).toBeLessThanOrEqual(10);
      expect(await figure(other, 'sms_relay_submitted_parts_total{gateway="north"}')).toBe(0);
    });

    it("of a replica that stops are the others' at once", async () => {
      const setups = [{ gateway: { sessions: 4 } }];
      await open("one", setups);
      const leaving = await open("two", setups);
      await expect.poll(perOwner).toEqual([2, 2]);
      worlds.pop();
      await leaving[Symbol.asyncDispose]();
      await expect.poll(owners).toEqual(["one", "one", "one", "one"]);
      await expect.poll(bound).toBe(4);
    });

    describe("with one session", () => {
      let owner: ServiceWorld;
      let other: ServiceWorld;

      beforeEach(async () => {
        const setups: readonly SmscSetup[] = [{}, {}];
        const one = await open("one", setups);
        const two = await open("two", setups);
        const isAtRest = async () => {
          const [north] = await owners("north");
          const views = await Promise.all(worlds.map((world) => world.gateway("north")));
          return (
            north !== undefined &&
            north !== null &&
            views.every(({ state }) => state === states.READY) &&
            bound() === 1
          );
        };
        await expect.poll(isAtRest).toBe(true);
        [owner, other] = (await owners("north"))[0] === "one" ? [one, two] : [two, one];
      });

      it("carry within a second, each once and by no worse way, what the replica without one accepts", async () => {
        const north = worlds[0]?.smscs[0] ?? expect.fail("no simulator");
        const sent: SendSmsResponse[] = [];
        const sendBy = async (world: ServiceWorld) => {
          const numbers = Array.from({ length: 20 }, (_, index) => `+4790000${100 + sent.length + index}`);
          const lanes = [Lane.LANE_OTP, Lane.LANE_NORMAL];
          const answers = numbers.map((to, index) => world.send({ to, lane: lanes[index % 2] ?? 0 }));
          sent.push(...(await Promise.all(answers)));
          await north.waitUntil(() => north.received().length >= sent.length);
        };
        const usualMs = await medianOf(ROUNDS, () => sendBy(owner));
        expect(await medianOf(ROUNDS, () => sendBy(other))).toBeLessThan(1_000 + 3 * usualMs);
        for (const one of sent) {
          expect(await other.ended(one)).toMatchObject({
            state: DeliveryState.DELIVERY_STATE_DELIVERED,
            gatewayId: "north",
          });
        }
        expect(new Set(north.received().map(({ destination }) => destination)).size).toBe(sent.length);
        expect(north.received()).toHaveLength(sent.length);
        expect(worlds[0]?.smscs[1]?.received()).toEqual([]);
      });

      it("answer wait_for GATEWAY at the replica without one when the other has sent", async () => {
        const sendBy = async (world: ServiceWorld) => {
          const answer = await world.send({ waitFor: WaitFor.WAIT_FOR_GATEWAY });
          expect(answer.outcomes[0]?.state).toBeGreaterThanOrEqual(DeliveryState.DELIVERY_STATE_SUBMITTED);
        };
        const usualMs = await medianOf(ROUNDS, () => sendBy(owner));
        expect(await medianOf(ROUNDS, () => sendBy(other))).toBeLessThan(1_000 + 3 * usualMs);
      });

      it("answer twins of one request alike, whether they wait for the gateway here or there", async () => {
        const fields = { requestId: "order-1", waitFor: WaitFor.WAIT_FOR_GATEWAY };
        const answers = await Promise.all([owner, other, owner, other].map((world) => world.send(fields)));
        expect(new Set(answers.map(({ messageId }) => messageId)).size).toBe(1);
        expect(answers.filter(({ replayed }) => !replayed)).toHaveLength(1);
        for (const { outcomes } of answers)
          expect(outcomes[0]?.state).toBeGreaterThanOrEqual(DeliveryState.DELIVERY_STATE_SUBMITTED);
        expect(worlds[0]?.smscs[0]?.received()).toHaveLength(1);
      });

      it("are explained at the replica without one as working elsewhere", async () => {
        const { candidates } = await other.clients.gateways.explainRoute({
          message: { recipients: ["+4790000001"], sender: "Acme" },
        });
        expect(candidates[0]).toMatchObject({
          gatewayId: "north",
          rank: 1,
          ready: true,
          reason: RouteReason.ROUTE_REASON_ELSEWHERE,
        });
      });

      it("are listed alike at both, with what each of the two has of them", async () => {
        for (const world of worlds) {
          const { READY, ELSEWHERE } = states;
          const view = await world.untilGateway("north", ({ replicas }) =>
            [READY, ELSEWHERE].every((wanted) => replicas.some(({ state }) => state === wanted)),
          );
          expect(view).toMatchObject({ state: READY, sessionCount: 1, boundSessionCount: 1, windowSize: 64 });
          expect(view.replicas.map(({ replicaId }) => replicaId)).toEqual(["one", "two"]);
          const has = (state: GatewayState) => view.replicas.find((each) => each.state === state);
          expect(has(READY)).toMatchObject({ sessionCount: 1, boundSessionCount: 1 });
          expect(has(ELSEWHERE)).toMatchObject({
            sessionCount: 0,
            boundSessionCount: 0,
            stateDescription: "",
          });
        }
      });

      it("bind again wherever they are when any replica is told to resume", async () => {
        const north = worlds[0]?.smscs[0] ?? expect.fail("no simulator");
        // Refused, with credentials that were good before: it tries on, and slower with each refusal.
        north.behave({ kind: "drop", times: 1 }, { kind: "refuse-bind", status: 0x0e });
        await owner.send();
        const own = (view: Gateway) => view.replicas.find(({ sessionCount }) => sessionCount === 1);
        await other.untilGateway("north", (view) => own(view)?.state === states.CONNECTING);
        north.behave();
        await other.clients.gateways.resumeGateway({ gatewayId: "north" });
        await other.untilGateway("north", (view) => own(view)?.state === states.READY);
      });
    });
  },
);
