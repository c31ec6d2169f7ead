/** A dispatcher on a real SQLite store with gateways in memory and a clock that a test moves. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect } from "vitest";
import {
  type DispatchRoute,
  type DispatchSettings,
  defaultDispatchSettings,
} from "../../src/dispatch/dispatch-settings.ts";
import { createDispatcher, type Dispatcher } from "../../src/dispatch/dispatcher.ts";
import type { DeliveryState } from "../../src/domain/delivery-state.ts";
import {
  createMessageIds,
  type DeliveryId,
  deliveryIdOf,
  type GatewayId,
  messageIdOf,
  toAccountId,
} from "../../src/domain/ids.ts";
import { type DeliveryWork, type E164, type Message, noProgress } from "../../src/domain/message.ts";
import type { Gateway } from "../../src/gateways/gateway.ts";
import type { Clock } from "../../src/observability/clock.ts";
import { silentLogger } from "../../src/observability/logger.ts";
import { PlanMemo } from "../../src/routing/plan-memo.ts";
import type { RouteRules } from "../../src/routing/route-rules.ts";
import { selectGateways } from "../../src/routing/select-gateways.ts";
import { type ClaimRequest, firstClaimNumber, type NewDelivery } from "../../src/store/accepting.ts";
import { openSqliteStore } from "../../src/store/sqlite/open.ts";
import type { Store } from "../../src/store/store.ts";
import type { DeliveryView } from "../../src/store/views.ts";
import { createFakeClock, type FakeClock } from "./fake-clock.ts";
import { seededRandom } from "./seeded-random.ts";

export interface DispatchWorld {
  readonly store: Store;
  readonly dispatcher: Dispatcher;
  readonly clock: FakeClock;
  /** Every claim that was asked for, in order. */
  readonly claims: readonly ClaimRequest[];
  /** How often SUBMITTING was asked for. */
  readonly markCount: () => number;
  /** Resolves when the store has answered everything and nothing follows without time moving on. */
  quiet(): Promise<void>;
  /** Moves time in steps, and lets everything happen at each. */
  advance(byMs: number, stepMs?: number): Promise<void>;
  /** Stores messages the way the doors do, and answers their delivery ids. */
  send(...messages: readonly SendOptions[]): Promise<readonly DeliveryId[]>;
  /** Resolves when the delivery is in one of the states; looks after every settlement. */
  until(deliveryId: DeliveryId, ...states: readonly DeliveryState[]): Promise<DeliveryState>;
  /** Resolves when the n-th settlement since the beginning is on disk. */
  settledCount(count: number): Promise<void>;
  view(deliveryId: DeliveryId): Promise<DeliveryView>;
  close(): Promise<void>;
}

export interface SendOptions extends Partial<Omit<Message, "content">> {
  readonly text?: string;
  readonly recipients?: readonly string[];
  readonly wantsClaim?: boolean;
}

export interface WorldOptions {
  readonly gateways: readonly Gateway[];
  readonly routes?: Readonly<Record<string, RouteOverrides>>;
  readonly settings?: Partial<DispatchSettings>;
  readonly paused?: ReadonlyMap<GatewayId, string>;
  /** The machine's clock, for tests over real sockets. */
  readonly clock?: Clock;
  readonly isStarted?: boolean;
}

const account = toAccountId("acme");
let messageCount = 0;

export interface RouteOverrides extends Partial<Omit<DispatchRoute, "rules">> {
  readonly rules?: Partial<RouteRules>;
}

export function routeOf(
  gateway: Gateway,
  index: number,
  { rules, ...overrides }: RouteOverrides = {},
): DispatchRoute {
  return {
    id: gateway.id,
    priority: index + 1,
    weight: 1,
    rules: { premium: false, senderKinds: ["NUMERIC", "ALPHANUMERIC"], ...rules },
    profile: gateway.profile,
    pdusPerSecond: undefined,
    burst: undefined,
    expectsReceipts: true,
    ...overrides,
  };
}

/** Opens a world for a test, which closes it and expects no timer to be left. */
export function useDispatchWorld(): (options: WorldOptions) => Promise<DispatchWorld> {
  let world: DispatchWorld | undefined;
  afterEach(async () => {
    await world?.close();
    if (world !== undefined) expect(world.clock.waiting).toBe(0);
    world = undefined;
  });
  return async (options) => {
    world = await createDispatchWorld(options);
    return world;
  };
}

export async function createDispatchWorld(options: WorldOptions): Promise<DispatchWorld> {
  const folder = mkdtempSync(join(tmpdir(), "sms-relay-dispatch-"));
  const fake = createFakeClock();
  const clock: Clock = options.clock ?? fake;
  const real = await openSqliteStore({ path: join(folder, "store.db"), clock });
  const claims: ClaimRequest[] = [];
  let marks = 0;
  let pending = 0;
  async function counted<T>(call: Promise<T>): Promise<T> {
    pending++;
    try {
      return await call;
    } finally {
      pending--;
    }
  }
  const store: Store = {
    ...real,
    claim(request) {
      claims.push(request);
      return counted(real.claim(request));
    },
    settle: (entries) => counted(real.settle(entries)),
    accept: (entries) => counted(real.accept(entries)),
    markSubmitting(ids, by, nowMs) {
      marks++;
      return counted(real.markSubmitting(ids, by, nowMs));
    },
    takeReferences: (pairs, nowMs) => counted(real.takeReferences(pairs, nowMs)),
  };
  const turn = () => new Promise((resolve) => setImmediate(resolve));
  async function quiet(): Promise<void> {
    do {
      await turn();
      await turn();
    } while (pending > 0);
  }
  const { claimant } = await store.join(clock.now());
  const random = seededRandom(7);
  const nextId = createMessageIds(
    () => clock.now(),
    (octets) => octets.set(octets.map(() => Math.floor(random() * 256))),
  );
  const { gateways } = options;
  const routes = gateways.map((gateway, index) => routeOf(gateway, index, options.routes?.[gateway.id]));
  const dispatcher = createDispatcher({
    store,
    gateways: new Map(gateways.map((gateway) => [gateway.id, gateway])),
    routes,
    paused: options.paused ?? new Map(),
    tenure: { claimant: () => claimant, isHeld: () => store.isLeaseHeld() },
    clock,
    random,
    log: { ...silentLogger, error: (fields, sentence) => console.error(sentence, fields) },
    settings: { ...defaultDispatchSettings, ...options.settings },
  });
  for (const gateway of gateways) {
    gateway.start({
      ...dispatcher.listenerFor(gateway.id),
      async onReceipt(receipt) {
        const [outcome] = await store.recordReceipts([receipt]);
        if (outcome?.kind === "matched" && outcome.isOvertaking) dispatcher.drop(outcome.deliveryId);
      },
      onUnparsableReceipt: () => Promise.resolve(),
      onIncoming: () => Promise.resolve(),
    });
  }
  if (options.isStarted !== false) dispatcher.start();

  let settled = 0;
  const waiters = new Set<() => void>();
  dispatcher.onSettled(() => {
    settled++;
    for (const waiter of waiters) waiter();
  });

  function messageOf(fields: SendOptions): Message {
    const { text = `text ${++messageCount}`, recipients, wantsClaim, ...rest } = fields;
    return {
      id: nextId(),
      accountId: account,
      sender: { kind: "ALPHANUMERIC", address: "ACME" },
      content: { kind: "text", text },
      lane: "NORMAL",
      duplicatePolicy: "AT_LEAST_ONCE",
      encoding: "auto",
      transliterate: false,
      maxSegments: 30,
      premium: false,
      clientReference: undefined,
      metadata: {},
      acceptTimeMs: clock.now(),
      expireTimeMs: clock.now() + 86_400_000,
      ...rest,
    };
  }

  async function send(...all: readonly SendOptions[]): Promise<readonly DeliveryId[]> {
    const prepared = all.map((fields) => {
      const message = messageOf(fields);
      const plans = new PlanMemo(message);
      const recipients = fields.recipients ?? ["+41790000001"];
      const deliveries: NewDelivery[] = recipients.map((recipient, position) => {
        const id = deliveryIdOf(message.id, position);
        const { head } = selectGateways(
          {
            deliveryId: id,
            accountId: account,
            sender: message.sender,
            recipient: recipient as E164,
            country: "CH",
            premium: message.premium,
            lane: message.lane,
            refusedBy: [],
            plans,
          },
          dispatcher.table(),
          dispatcher.health,
        );
        if (head === undefined) throw new Error("no gateway may carry it");
        const isClaimed =
          fields.wantsClaim !== false && dispatcher.reserve(head.gatewayId, message.lane, 1) === 1;
        return {
          id,
          recipient: recipient as E164,
          country: "CH",
          admission: {
            kind: "queued",
            gatewayId: head.gatewayId,
            encoding: head.plan.encoding,
            segmentCount: head.plan.segments.length,
          },
          wantsClaim: isClaimed,
        };
      });
      return { message, deliveries };
    });
    const outcomes = await store.accept(
      prepared.map(({ message, deliveries }) => ({
        message,
        deliveries,
        recipientOutcomes: deliveries.map((_, position) => ({ kind: "delivery", position })),
        request: undefined,
        claimant,
      })),
    );
    prepared.forEach(({ message, deliveries }, index) => {
      const outcome = outcomes[index];
      if (outcome?.kind !== "accepted") throw new Error("not accepted");
      const granted = new Map(outcome.claimed.map((claim) => [claim.id, claim.reference]));
      for (const delivery of deliveries) {
        if (delivery.admission.kind !== "queued") continue;
        const { gatewayId } = delivery.admission;
        if (granted.has(delivery.id)) {
          const work: DeliveryWork = {
            id: delivery.id,
            claimNumber: firstClaimNumber,
            recipient: delivery.recipient,
            country: delivery.country,
            progress: noProgress,
            reference: granted.get(delivery.id),
          };
          dispatcher.take(gatewayId, message, [work]);
        } else {
          if (delivery.wantsClaim) dispatcher.release(gatewayId, message.lane, 1);
          dispatcher.wake(gatewayId);
        }
      }
    });
    return prepared.flatMap(({ deliveries }) => deliveries.map((delivery) => delivery.id));
  }

  async function until(id: DeliveryId, ...states: readonly DeliveryState[]): Promise<DeliveryState> {
    for (;;) {
      const seen = settled;
      const [state] = await store.readStates([id]);
      if (state !== undefined && states.includes(state)) return state;
      if (settled === seen) await settledCount(seen + 1);
    }
  }

  function settledCount(count: number): Promise<void> {
    if (settled >= count) return Promise.resolve();
    return new Promise((resolve) => {
      const waiter = () => {
        if (settled < count) return;
        waiters.delete(waiter);
        resolve();
      };
      waiters.add(waiter);
    });
  }

  return {
    quiet,
    async advance(byMs, stepMs = 250) {
      for (let passed = 0; passed < byMs; passed += stepMs) {
        await quiet();
        fake.advance(Math.min(stepMs, byMs - passed));
      }
      await quiet();
    },
    store,
    dispatcher,
    clock: fake,
    claims,
    markCount: () => marks,
    send,
    until,
    settledCount,
    async view(id) {
      const messageId = messageIdOf(id);
      const page = await store.readStatus(account, messageId, {
        afterPosition: -1,
        limit: 1_000,
        view: "FULL",
      });
      const found = page?.deliveries.find((delivery) => delivery.id === id);
      if (found === undefined) throw new Error("no such delivery");
      return found;
    },
    async close() {
      const stopped = dispatcher.stop(1_000);
      fake.advance(1_000);
      await stopped;
      await Promise.all(gateways.map((gateway) => gateway.stop(500)));
      await store.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
