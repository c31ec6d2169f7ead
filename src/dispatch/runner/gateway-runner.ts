/**
 * The loop of one gateway. Events drive it (room in a window, a token, an answer, something accepted); a slow tick is only its safety net.
 * It is in one of four modes, by its gate's health:
 *
 * - **ready**: sends what is in memory as sessions, tokens and lanes allow, and claims what there is room for;
 * - **away** (no session, a pause, an open circuit): what is in memory waits a little for its sessions, goes to other gateways, or back to
 *   the store (withdrawal.ts); what waits in the store is claimed for the others (P21);
 * - **elsewhere**: other processes have all its sessions; nothing is held or claimed for it here;
 * - **closed**: takes nothing more, and gives back what it has; attempts under way end by themselves.
 */
import type { ClaimantId, DeliveryId, GatewayId } from "../../domain/ids.ts";
import { type Lane, lanes } from "../../domain/message.ts";
import type { EncodingProfile } from "../../encoding/message-plan.ts";
import type { Gateway } from "../../gateways/gateway.ts";
import { LaneScheduler } from "../../routing/lane-scheduler.ts";
import { selectGateways } from "../../routing/select-gateways.ts";
import type { Claim } from "../../store/accepting.ts";
import { assignDelivery, traceOf } from "../delivery/assign-delivery.ts";
import type { InHand } from "../delivery/in-hand.ts";
import type { DispatchRoute } from "../dispatch-settings.ts";
import { AttemptDesk } from "./attempt-desk.ts";
import type { BacklogHints } from "./backlog-hints.ts";
import type { DispatchContext } from "./dispatch-context.ts";
import { GatewayClaims } from "./gateway-claims.ts";
import { GatewayGate } from "./gateway-gate.ts";
import { GatewayQueue } from "./gateway-queue.ts";
import { HealthLog } from "./health-log.ts";
import type { HeldResend } from "./late-answers.ts";
import { needsPreparing } from "./prepare-deliveries.ts";
import { Preparer } from "./preparer.ts";
import type { RunnerFigures } from "./runner-figures.ts";
import { expireOrHandBack, Withdrawal } from "./withdrawal.ts";

export class GatewayRunner {
  readonly id: GatewayId;
  readonly gateway: Gateway;
  readonly queue = new GatewayQueue();
  readonly gate: GatewayGate;
  readonly desk: AttemptDesk;
  readonly #claims: GatewayClaims;
  readonly #preparer: Preparer;
  readonly #withdrawal: Withdrawal;
  readonly #context: DispatchContext;
  readonly #lanes: LaneScheduler;
  readonly #healthLog: HealthLog;
  #route: DispatchRoute;
  #isPumping = false;
  #isStopped = false;
  #idleSinceMs: number;

  constructor(gateway: Gateway, route: DispatchRoute, pause: string | undefined, context: DispatchContext) {
    const { clock, settings } = context;
    this.id = gateway.id;
    this.gateway = gateway;
    this.#route = route;
    this.#context = context;
    this.#lanes = new LaneScheduler(settings.shares);
    this.#healthLog = new HealthLog(gateway.id, context.log);
    this.#idleSinceMs = clock.monotonic();
    this.gate = new GatewayGate(route, gateway.status(), settings, clock, () => this.pump());
    this.gate.pause = pause;
    this.gate.share = ownShareOf(gateway);
    const canSend = () => this.canSend;
    this.#claims = new GatewayClaims({
      gatewayId: gateway.id,
      queue: this.queue,
      gate: this.gate,
      context,
      canSend,
      onClaim: (claim, claimant) => this.#take(claim, claimant),
      onDue: () => this.pump(),
    });
    this.#withdrawal = new Withdrawal(gateway.id, this.queue, this.gate, context);
    this.#preparer = new Preparer({
      gateway,
      queue: this.queue,
      gate: this.gate,
      context,
      room: () => this.#room(),
      onEnd: () => (this.#isStopped ? this.#withdrawal.handBackAll() : this.pump()),
    });
    this.desk = new AttemptDesk({
      gateway,
      gate: this.gate,
      context,
      expectsReceipts: () => this.#route.expectsReceipts,
      canSend,
      putBack: (item) => this.queue.putBack(item),
      onEnd: () => this.pump(),
    });
    this.#setPlaces();
  }

  /** What is believed about its queue in the store. */
  get hints(): BacklogHints {
    return this.#claims.hints;
  }

  get canSend(): boolean {
    return !this.#isStopped && this.gate.health(this.#context.clock.monotonic()).kind === "ready";
  }

  get isLeftToOthers(): boolean {
    return this.gate.isLeftToOthers(this.#context.clock.monotonic());
  }

  setRoute(route: DispatchRoute): void {
    if (route.pdusPerSecond !== this.#route.pdusPerSecond || route.burst !== this.#route.burst) {
      this.gate.setRoute(route);
    }
    this.#route = route;
    this.#setPlaces();
  }

  /** The gateway's status has changed, or how many of its sessions are this process's. */
  onStatus(): void {
    this.gate.status = this.gateway.status();
    this.gate.share = ownShareOf(this.gateway);
    this.#setPlaces();
    this.#noteChange();
  }

  setPause(reason: string | undefined): void {
    this.gate.pause = reason;
    if (reason === undefined) this.gate.circuit.reset();
    this.#noteChange();
  }

  setReadyElsewhere(isReady: boolean): void {
    if (this.gate.isReadyElsewhere === isReady) return;
    this.gate.isReadyElsewhere = isReady;
    this.#noteChange();
  }

  /** Places for deliveries that their accepting transaction may claim. */
  reserve(lane: Lane, count: number): number {
    if (!this.canSend || this.hints.isKnown(lane) || this.#context.isBehind()) return 0;
    const probes = this.gate.circuit.places(this.#context.clock.monotonic()) - this.queue.length;
    return this.queue.reserve(lane, Math.max(0, Math.min(count, probes)));
  }

  /** Sends what can be sent and claims what there is room for. */
  pump(): void {
    if (this.#isPumping || this.#isStopped) return;
    this.#isPumping = true;
    try {
      if (this.canSend) {
        this.#withdrawal.noteAble();
        while (this.#sendNext());
      } else {
        this.#withdrawal.run();
      }
      this.#claims.ask();
    } finally {
      this.#isPumping = false;
    }
  }

  /** The safety net: asks for what a hint missed, lets rates recover, and gives up holding for a gateway that stays away. */
  tick(): void {
    this.gate.tick();
    this.#healthLog.show({
      health: this.gate.health(this.#context.clock.monotonic()),
      isStuck: this.isStuck,
      inMemory: this.queue.length,
      attempting: this.desk.underWay,
    });
    if (this.queue.length === 0 && this.desk.underWay === 0) {
      this.#idleSinceMs = this.#context.clock.monotonic();
    }
    this.hints.pollEvery(this.#context.settings.pollMs);
    this.pump();
  }

  figures(): RunnerFigures {
    const nowMs = this.#context.clock.monotonic();
    return {
      health: this.gate.health(nowMs),
      circuit: this.gate.circuit.state(nowMs).kind,
      inMemory: {
        OTP: this.queue.lengthOf("OTP"),
        NORMAL: this.queue.lengthOf("NORMAL"),
        BULK: this.queue.lengthOf("BULK"),
      },
      oldestInMemoryMs: {
        OTP: this.queue.oldestUntriedMs("OTP"),
        NORMAL: this.queue.oldestUntriedMs("NORMAL"),
        BULK: this.queue.oldestUntriedMs("BULK"),
      },
      attempting: this.desk.underWay,
      pdusPerSecond: this.gate.pdusPerSecond,
      slowdown: this.gate.slowdown,
      hasBacklog: lanes.some((lane) => this.hints.isKnown(lane)),
      isStuck: this.isStuck,
    };
  }

  /** It could send, has work, and no attempt has ended for a long time (P22). */
  get isStuck(): boolean {
    const { clock, settings } = this.#context;
    if (!this.canSend || (this.queue.length === 0 && this.desk.underWay === 0)) return false;
    const rate = this.gate.pdusPerSecond;
    const limitMs = Math.max(settings.stuckAfterMs, rate === undefined ? 0 : 3_000 / rate);
    return clock.monotonic() - Math.max(this.#idleSinceMs, this.desk.lastEndMs) > limitMs;
  }

  /** For how long it has not been able to send, 0 where it can. */
  get unableMs(): number {
    return this.canSend ? 0 : this.#withdrawal.unableMs;
  }

  /** Takes a delivery out of its queue that waits to be sent again. */
  holdResend(deliveryId: DeliveryId): HeldResend | undefined {
    const item = this.queue.takeResend(deliveryId);
    return item && { item, release: () => this.#takeBack(item) };
  }

  /** Takes no more; what is in memory goes back to the store. Attempts under way end by themselves. */
  close(): void {
    this.#isStopped = true;
    this.hints.close();
    this.#withdrawal.handBackAll();
  }

  /** After `close`: resolves when nothing of it is under way any more, at the gateway or in the store. */
  async idle(): Promise<void> {
    await Promise.all([this.desk.idle(), this.#claims.idle(), this.#preparer.idle()]);
  }

  /**
   * Places in its windows, less what was answered and is not on disk: a crash sends again at most what the windows hold, and that is
   * also all that a store which is away lets leave (ADR 102).
   */
  #room(): number {
    return this.gateway.room() - this.#context.settler.uncommittedParts(this.id);
  }

  /** Sends or moves one delivery; false where nothing more can be done now. */
  #sendNext(): boolean {
    const { clock, settings, tenure } = this.#context;
    const nowMs = clock.monotonic();
    // After a lease that ended unseen, what is in memory may be another replica's by now.
    if (!tenure.isHeld()) return false;
    if (this.gate.circuit.places(nowMs) <= 0 || this.#context.isBehind()) return false;
    const waiting = this.queue.ready();
    const lane = this.#lanes.next(waiting);
    if (lane === undefined || this.#room() <= 0) return false;
    const item = this.queue.peek(lane);
    if (item === undefined) return false;
    if (item.claimant !== tenure.claimant()) {
      this.queue.shift(lane);
      return true;
    }
    if (clock.now() >= item.message.expireTimeMs) {
      this.queue.shift(lane);
      expireOrHandBack(item, this.id, this.#context);
      return true;
    }
    // It came back from an attempt, or from the store, after an earlier attempt was found to be enough: the store knows its state.
    if (item.progress.accepted !== undefined || this.#context.lateAnswers.isNeedless(item.deliveryId)) {
      this.queue.shift(lane);
      this.#context.handBack(item, this.id);
      return true;
    }
    const table = this.#context.table();
    const selection = selectGateways(item, table, this.#context.health);
    const assignment = assignDelivery(
      item,
      selection,
      table,
      this.id,
      settings.retry,
      this.#context.unableMs,
    );
    if (assignment.kind !== "send" || assignment.candidate.gatewayId !== this.id) {
      this.queue.shift(lane);
      this.#context.assign(item, assignment, this.id);
      return true;
    }
    const { candidate, resume, marks } = assignment;
    if (needsPreparing(item, candidate.plan, resume)) return this.#preparer.prepare(lane, this.#profile());
    if (!this.gate.tryTakeToken()) return false;
    this.queue.shift(lane);
    const trace = traceOf(selection, this.id, marks);
    const pdus = this.desk.submit(item, candidate, resume, trace);
    this.#lanes.spend(lane, pdus, waiting);
    return true;
  }

  #take(claim: Claim, claimant: ClaimantId): void {
    const items = this.#context.toItems(claim, claimant);
    if (this.#isStopped) {
      for (const item of items) this.#context.handBack(item, this.id);
      return;
    }
    if (this.canSend) {
      for (const item of items) this.queue.push(item);
    } else if (items.length > 0) {
      // What nobody can carry now has gone back; asking again at once would only turn the rows in a circle (P21).
      const { moved, waitMs } = this.#withdrawal.routeAgain(items);
      const stayed = 1 - moved / items.length;
      const holdMs = Math.min(this.#context.settings.rerouteDelayMs * stayed, waitMs);
      if (holdMs > 0) this.hints.holdFor(holdMs);
    }
    this.pump();
  }

  #takeBack(item: InHand): void {
    if (this.#isStopped) {
      this.#context.handBack(item, this.id);
    } else {
      this.queue.putBack(item);
      this.pump();
    }
  }

  #noteChange(): void {
    if (this.canSend) this.hints.release();
    else this.#withdrawal.noteUnable();
    this.#context.onHealthChange();
  }

  /** The table's object for the profile, by which plans are remembered. */
  #profile(): EncodingProfile {
    return this.#context.table().gateways.get(this.id)?.profile ?? this.gateway.profile;
  }

  #setPlaces(): void {
    const { aheadMs, aheadWindows, maxAhead } = this.#context.settings;
    const { pdusPerSecond } = this.#route;
    const wanted =
      pdusPerSecond === undefined
        ? this.gateway.figures().windowSize * aheadWindows
        : Math.floor((pdusPerSecond * this.gate.share * aheadMs) / 1000);
    this.queue.setPlaces(Math.min(wanted, maxAhead));
  }
}

function ownShareOf(gateway: Gateway): number {
  const { sessions, ownSessions } = gateway.figures();
  return ownSessions / sessions;
}
