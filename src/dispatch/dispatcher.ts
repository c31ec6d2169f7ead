/**
 * The dispatcher: one loop for each gateway, and what they share. It takes what the accepting transaction has claimed, claims
 * what waits in the store, and settles every attempt. Nothing in its memory decides correctness: all of it may be lost.
 */
import { type GatewayNames, gatewayNames, nameProgress } from "../domain/gateway-names.ts";
import type { ClaimantId, DeliveryId, GatewayId } from "../domain/ids.ts";
import { messageIdOf } from "../domain/ids.ts";
import { type DeliveryWork, type Lane, type Message, noProgress } from "../domain/message.ts";
import type { Gateway, GatewayListener } from "../gateways/gateway.ts";
import type { Clock, Timer } from "../observability/clock.ts";
import type { Logger } from "../observability/logger.ts";
import { compileRoutes, type RouteTable } from "../routing/compile-routes.ts";
import { PlanMemo, type Plans } from "../routing/plan-memo.ts";
import type { GatewayHealth } from "../routing/route-gateway.ts";
import type { Claim } from "../store/accepting.ts";
import type { Store } from "../store/store.ts";
import { InHand } from "./delivery/in-hand.ts";
import { type SettledListener, Settler } from "./delivery/settler.ts";
import type { DispatchRoute, DispatchSettings } from "./dispatch-settings.ts";
import type { DispatchContext } from "./runner/dispatch-context.ts";
import { GatewayRunner } from "./runner/gateway-runner.ts";
import { HandOver } from "./runner/hand-over.ts";
import { type HeldResend, LateAnswers } from "./runner/late-answers.ts";
import type { RunnerFigures } from "./runner/runner-figures.ts";
import type { Tenure } from "./tenure.ts";

export interface DispatcherDependencies {
  readonly store: Pick<Store, "claim" | "markSubmitting" | "takeReferences" | "settle" | "readStates">;
  readonly gateways: ReadonlyMap<GatewayId, Gateway>;
  /** One for each gateway. */
  readonly routes: readonly DispatchRoute[];
  /** Gateways that were paused by hand, with the reason. */
  readonly paused: ReadonlyMap<GatewayId, string>;
  readonly tenure: Tenure;
  readonly clock: Clock;
  /** Whether what is past its time may be ended now; always, where it is not given. */
  readonly mayExpire?: () => boolean;
  /** In [0, 1). */
  readonly random: () => number;
  readonly log: Logger;
  readonly settings: DispatchSettings;
}

export interface DispatcherFigures {
  readonly gateways: ReadonlyMap<GatewayId, RunnerFigures>;
  /** Outcomes that are not on disk yet. */
  readonly unsettled: number;
}

export interface Dispatcher {
  /** The compiled routes in force; what `selectGateways` takes. */
  table(): RouteTable;
  /** Whether a gateway can send now. */
  readonly health: (gatewayId: GatewayId) => GatewayHealth;
  /** Places for deliveries that the accepting transaction may claim at once, at most `count`; 0 where they have to wait. */
  reserve(gatewayId: GatewayId, lane: Lane, count: number): number;
  /** Gives reserved places back that were not used. */
  release(gatewayId: GatewayId, lane: Lane, count: number): void;
  /**
   * Takes over deliveries that were claimed in the accepting transaction; each uses one reserved place. `plans` of the accepting
   * step spare a second planning.
   */
  take(gatewayId: GatewayId, message: Message, deliveries: readonly DeliveryWork[], plans?: Plans): void;
  /** Something waits in the store for a gateway, in this lane where it is known. */
  wake(gatewayId: GatewayId, lane?: Lane): void;
  /** What a gateway tells; to be joined with the listeners for receipts. */
  listenerFor(gatewayId: GatewayId): Pick<GatewayListener, "onStatus" | "onRoom">;
  /** A receipt has ended what was to be sent again: the copy that has not left is dropped. */
  drop(deliveryId: DeliveryId): void;
  /** Takes another configuration. Gateways that are not in it any more finish what they have begun. */
  reload(gateways: ReadonlyMap<GatewayId, Gateway>, routes: readonly DispatchRoute[]): void;
  pause(gatewayId: GatewayId, reason: string): void;
  /** Ends a pause and closes the circuit. */
  resume(gatewayId: GatewayId): void;
  /** Whether other processes can send by a gateway, where this one cannot. */
  setReadyElsewhere(gatewayId: GatewayId, isReady: boolean): void;
  figures(): DispatcherFigures;
  /** Gateways that make no progress although they could (P22). */
  stuck(): readonly GatewayId[];
  /** Called after each settlement is on disk; returns the unsubscriber. */
  readonly onSettled: (listener: SettledListener) => () => void;
  start(): void;
  /** Claims nothing more, lets running attempts end within `graceMs`, and gives the rest back. Harmless when repeated. */
  stop(graceMs: number): Promise<void>;
}

/** Makes a dispatcher; nothing runs before `start`. */
export function createDispatcher(dependencies: DispatcherDependencies): Dispatcher {
  return new GatewayDispatcher(dependencies);
}

const gone: GatewayHealth = { kind: "stopped", reason: "the gateway is not configured" };

class GatewayDispatcher implements Dispatcher {
  readonly #dependencies: DispatcherDependencies;
  readonly #context: DispatchContext;
  readonly #settler: Settler;
  readonly #handOver: HandOver;
  readonly #lateAnswers: LateAnswers;
  readonly #paused: Map<GatewayId, string>;
  readonly #readyElsewhere = new Set<GatewayId>();
  #runners: ReadonlyMap<GatewayId, GatewayRunner> = new Map();
  readonly #retired = new Set<GatewayRunner>();
  #table: RouteTable;
  #names: GatewayNames;
  #ticker: Timer | undefined;
  #isChangeScheduled = false;
  #stopping: Promise<void> | undefined;

  constructor(dependencies: DispatcherDependencies) {
    const { store, clock, log, settings, random, tenure } = dependencies;
    this.#dependencies = dependencies;
    this.#paused = new Map(dependencies.paused);
    this.#settler = new Settler({
      store,
      clock,
      log,
      retryMs: settings.storeRetryMs,
      onLate: (settlement, outcome) => this.#lateAnswers.onSettled(settlement, outcome),
      onRoom: () => {
        for (const runner of this.#runners.values()) runner.pump();
      },
      onWaiting: (gatewayId, lane, timeMs) => this.#runners.get(gatewayId)?.hints.wakeAt(timeMs, lane),
    });
    this.#handOver = new HandOver({
      settler: this.#settler,
      clock,
      random,
      rerouteDelayMs: settings.rerouteDelayMs,
      runnerOf: (gatewayId) => this.#runners.get(gatewayId),
      today: (gatewayId) => this.#names.renamed.get(gatewayId) ?? gatewayId,
    });
    this.#lateAnswers = new LateAnswers({
      settler: this.#settler,
      clock,
      hold: (deliveryId) => this.#holdResend(deliveryId),
      renamed: (gatewayId) => this.#names.renamed.get(gatewayId),
      onHeard: (gatewayId) => this.#runners.get(gatewayId)?.gate.circuit.hear(),
    });
    this.#context = {
      store,
      settler: this.#settler,
      clock,
      random,
      log,
      settings,
      tenure,
      table: () => this.#table,
      names: () => this.#names,
      health: this.health,
      isBehind: () => this.#settler.unsettled > settings.maxUnsettled,
      hasOther: (gatewayId) => this.#othersThatCanSend(gatewayId).length > 0,
      freeAtOthers: (gatewayId, lane) =>
        Math.max(0, ...this.#othersThatCanSend(gatewayId).map((runner) => runner.queue.free(lane))),
      toItems: (claim, claimant) => toItems(claim, claimant, this.#names),
      assign: (item, assignment, from) => this.#handOver.assign(item, assignment, from),
      handBack: (item, gatewayId) => this.#handOver.handBack(item, gatewayId),
      expire: (item) => this.#handOver.expire(item),
      unableMs: (gatewayId) => this.#runners.get(gatewayId)?.unableMs ?? Number.POSITIVE_INFINITY,
      lateAnswers: this.#lateAnswers,
      mayExpire: dependencies.mayExpire ?? (() => true),
      onHealthChange: () => this.#scheduleChange(),
    };
    this.#table = compileRoutes(dependencies.routes);
    this.#names = gatewayNames(dependencies.routes);
    this.#runners = this.#makeRunners(dependencies.gateways, dependencies.routes);
  }

  table(): RouteTable {
    return this.#table;
  }

  readonly health = (gatewayId: GatewayId): GatewayHealth => {
    const runner = this.#runners.get(gatewayId);
    return runner === undefined ? gone : runner.gate.health(this.#dependencies.clock.monotonic());
  };

  reserve(gatewayId: GatewayId, lane: Lane, count: number): number {
    if (this.#ticker === undefined) return 0;
    return this.#runners.get(gatewayId)?.reserve(lane, count) ?? 0;
  }

  release(gatewayId: GatewayId, lane: Lane, count: number): void {
    this.#runners.get(gatewayId)?.queue.release(lane, count);
  }

  take(
    gatewayId: GatewayId,
    message: Message,
    deliveries: readonly DeliveryWork[],
    plans: Plans = new PlanMemo(message),
  ): void {
    const runner = this.#runners.get(gatewayId);
    const claimant = this.#dependencies.tenure.claimant();
    runner?.queue.release(message.lane, deliveries.length);
    for (const work of deliveries) {
      const item = new InHand(message, work, plans, claimant);
      if (runner === undefined || this.#ticker === undefined) this.#handOver.handBack(item, gatewayId);
      else runner.queue.push(item);
    }
    runner?.pump();
  }

  wake(gatewayId: GatewayId, lane?: Lane): void {
    this.#runners.get(gatewayId)?.hints.wake(lane);
  }

  drop(deliveryId: DeliveryId): void {
    this.#lateAnswers.drop(deliveryId);
  }

  listenerFor(gatewayId: GatewayId): Pick<GatewayListener, "onStatus" | "onRoom"> {
    return {
      // The status is read from the gateway in force: an older one of that name may still be closing.
      onStatus: () => this.#runners.get(gatewayId)?.onStatus(),
      onRoom: () => this.#runners.get(gatewayId)?.pump(),
    };
  }

  reload(gateways: ReadonlyMap<GatewayId, Gateway>, routes: readonly DispatchRoute[]): void {
    const before = this.#runners;
    this.#table = compileRoutes(routes);
    this.#names = gatewayNames(routes);
    this.#runners = this.#makeRunners(gateways, routes);
    for (const runner of before.values()) {
      if (this.#runners.get(runner.id) !== runner) this.#retire(runner);
    }
    this.#scheduleChange();
  }

  pause(gatewayId: GatewayId, reason: string): void {
    this.#paused.set(gatewayId, reason);
    this.#runners.get(gatewayId)?.setPause(reason);
  }

  resume(gatewayId: GatewayId): void {
    this.#paused.delete(gatewayId);
    this.#runners.get(gatewayId)?.setPause(undefined);
  }

  setReadyElsewhere(gatewayId: GatewayId, isReady: boolean): void {
    if (isReady === this.#readyElsewhere.has(gatewayId)) return;
    if (isReady) this.#readyElsewhere.add(gatewayId);
    else this.#readyElsewhere.delete(gatewayId);
    this.#runners.get(gatewayId)?.setReadyElsewhere(isReady);
  }

  figures(): DispatcherFigures {
    const gateways = new Map([...this.#runners].map(([id, runner]) => [id, runner.figures()] as const));
    return { gateways, unsettled: this.#settler.unsettled };
  }

  stuck(): readonly GatewayId[] {
    return [...this.#runners.values()].filter((runner) => runner.isStuck).map((runner) => runner.id);
  }

  readonly onSettled = (listener: SettledListener): (() => void) => this.#settler.onSettled(listener);

  start(): void {
    if (this.#ticker !== undefined || this.#stopping !== undefined) return;
    const { clock, settings } = this.#dependencies;
    for (const runner of this.#runners.values()) runner.onStatus();
    this.#ticker = clock.setInterval(() => {
      for (const runner of this.#runners.values()) runner.tick();
    }, settings.tickMs);
    this.#scheduleChange();
  }

  stop(graceMs: number): Promise<void> {
    this.#stopping ??= this.#stop(graceMs);
    return this.#stopping;
  }

  async #stop(graceMs: number): Promise<void> {
    this.#ticker?.cancel();
    this.#ticker = undefined;
    const runners = [...this.#runners.values(), ...this.#retired];
    for (const runner of runners) runner.close();
    const finished = Promise.all(runners.map((runner) => runner.idle())).then(() => this.#settler.drained());
    await this.#within(finished, graceMs);
    for (const runner of runners) runner.gate.close();
    this.#settler.abandon();
  }

  /** A gateway that left the configuration finishes what it has begun. */
  #retire(runner: GatewayRunner): void {
    this.#retired.add(runner);
    runner.close();
    void runner.idle().then(() => {
      runner.gate.close();
      this.#retired.delete(runner);
    });
  }

  async #within(work: Promise<void>, graceMs: number): Promise<void> {
    let timer: Timer | undefined;
    const over = new Promise<void>((resolve) => {
      timer = this.#dependencies.clock.setTimeout(resolve, graceMs);
    });
    await Promise.race([work, over]);
    timer?.cancel();
  }

  #makeRunners(
    gateways: ReadonlyMap<GatewayId, Gateway>,
    routes: readonly DispatchRoute[],
  ): ReadonlyMap<GatewayId, GatewayRunner> {
    const runners = new Map<GatewayId, GatewayRunner>();
    for (const route of routes) {
      const gateway = gateways.get(route.id);
      if (gateway === undefined) throw new RangeError(`no gateway is named ${route.id}`);
      const known = this.#runners.get(route.id);
      if (known !== undefined && known.gateway === gateway) {
        known.setRoute(route);
        runners.set(route.id, known);
      } else {
        const runner = new GatewayRunner(gateway, route, this.#paused.get(route.id), this.#context);
        runner.setReadyElsewhere(this.#readyElsewhere.has(route.id));
        runners.set(route.id, runner);
      }
    }
    return runners;
  }

  /** A change of one gateway's health concerns all: rows are routed again, and back. */
  #scheduleChange(): void {
    if (this.#isChangeScheduled) return;
    this.#isChangeScheduled = true;
    queueMicrotask(() => {
      this.#isChangeScheduled = false;
      if (this.#ticker === undefined) return;
      for (const runner of this.#runners.values()) runner.pump();
    });
  }

  #holdResend(deliveryId: DeliveryId): HeldResend | undefined {
    for (const runner of this.#runners.values()) {
      const held = runner.holdResend(deliveryId);
      if (held !== undefined) return held;
    }
    return undefined;
  }

  #othersThatCanSend(gatewayId: GatewayId): readonly GatewayRunner[] {
    const others: GatewayRunner[] = [];
    for (const runner of this.#runners.values()) {
      if (runner.id !== gatewayId && runner.canSend) others.push(runner);
    }
    return others;
  }
}

function toItems(claim: Claim, claimant: ClaimantId, names: GatewayNames): readonly InHand[] {
  const messages = new Map(
    claim.messages.map((message) => [message.id, { message, plans: new PlanMemo(message) }]),
  );
  return claim.deliveries.map((work) => {
    const found = messages.get(messageIdOf(work.id));
    if (found === undefined) throw new RangeError("a claimed delivery came without its message");
    const named =
      work.progress === noProgress ? work : { ...work, progress: nameProgress(work.progress, names) };
    return new InHand(found.message, named, found.plans, claimant);
  });
}
