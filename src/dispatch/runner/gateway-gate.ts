/**
 * Whether one gateway may send now, and how fast: its sessions, a pause by hand, its circuit, and its tokens, of which every PDU takes one.
 * Parts of a delivery that has begun go before new deliveries.
 */
import type { GatewayStatus } from "../../gateways/gateway.ts";
import type { Clock, Timer } from "../../observability/clock.ts";
import { Circuit } from "../../routing/circuit.ts";
import type { GatewayHealth } from "../../routing/route-gateway.ts";
import { ThrottleControl } from "../../routing/throttle-control.ts";
import { TokenBucket } from "../../routing/token-bucket.ts";
import type { DispatchRoute, DispatchSettings } from "../dispatch-settings.ts";

const ready: GatewayHealth = { kind: "ready" };
const elsewhere: GatewayHealth = { kind: "elsewhere" };

export class GatewayGate {
  readonly #clock: Clock;
  readonly #settings: DispatchSettings;
  readonly #onToken: () => void;
  #throttle: ThrottleControl;
  #bucket: TokenBucket;
  #isRateLimited: boolean;
  #share = 1;
  readonly #partsWaiting: (() => void)[] = [];
  #timer: Timer | undefined;
  #isClosed = false;
  readonly circuit: Circuit;
  status: GatewayStatus;
  /** Why it is paused by hand; undefined where it is not. */
  pause: string | undefined;
  /** Whether another process can send by this gateway. */
  isReadyElsewhere = false;

  constructor(
    route: DispatchRoute,
    status: GatewayStatus,
    settings: DispatchSettings,
    clock: Clock,
    onToken: () => void,
  ) {
    const nowMs = clock.monotonic();
    this.#clock = clock;
    this.#settings = settings;
    this.#onToken = onToken;
    this.#throttle = new ThrottleControl(settings.throttle, route.pdusPerSecond);
    this.#bucket = new TokenBucket(route.pdusPerSecond, route.burst, nowMs);
    this.#isRateLimited = route.pdusPerSecond !== undefined;
    this.circuit = new Circuit(settings.circuit);
    this.status = status;
  }

  /** Takes a changed rate; what is known about throttling begins anew. */
  setRoute(route: DispatchRoute): void {
    const nowMs = this.#clock.monotonic();
    this.#throttle = new ThrottleControl(this.#settings.throttle, route.pdusPerSecond);
    this.#bucket = new TokenBucket(route.pdusPerSecond, route.burst, nowMs);
    this.#isRateLimited = route.pdusPerSecond !== undefined;
    this.#applyShare(nowMs);
    while (this.#bucket.tryTake(nowMs) && route.pdusPerSecond !== undefined);
    this.#scheduleTimer();
  }

  /** The share of the gateway's sessions that is this process's, 0 to 1, and so of its rate. */
  get share(): number {
    return this.#share;
  }

  set share(share: number) {
    if (share === this.#share) return;
    this.#share = share;
    this.#applyShare(this.#clock.monotonic());
    if (this.#partsWaiting.length > 0) this.#scheduleTimer();
  }

  health(nowMs: number): GatewayHealth {
    if (this.pause !== undefined) return { kind: "paused", reason: this.pause };
    if (this.status.kind !== "ready") return this.isReadyElsewhere ? elsewhere : this.status;
    if (this.circuit.places(nowMs) > 0) return ready;
    const state = this.circuit.state(nowMs);
    return state.kind === "closed" ? ready : { kind: "circuit_open", reason: state.reason };
  }

  /** Only other processes can send: nothing is held in memory or claimed for it here. */
  isLeftToOthers(nowMs: number): boolean {
    return this.isReadyElsewhere && this.health(nowMs).kind === "elsewhere";
  }

  /** Up and not paused; the circuit may still limit how many attempts start. */
  get isUp(): boolean {
    return this.pause === undefined && this.status.kind === "ready";
  }

  /** Takes a token for the first part of a delivery; false where it has to wait, and `onToken` follows. */
  tryTakeToken(): boolean {
    const nowMs = this.#clock.monotonic();
    if (this.#partsWaiting.length === 0 && this.#bucket.tryTake(nowMs)) return true;
    this.#scheduleTimer();
    return false;
  }

  /** For further parts: a token now (undefined) or later. */
  readonly takeToken = (): Promise<void> | undefined => {
    if (this.#isClosed || this.tryTakeToken()) return undefined;
    return new Promise((resolve) => {
      this.#partsWaiting.push(resolve);
    });
  };

  /** The SMSC took so many PDUs and throttled so many, while `underWay` deliveries are unanswered; true where this made the rate lower. */
  onAnswer(taken: number, throttled: number, underWay: number): boolean {
    const nowMs = this.#clock.monotonic();
    const isSlower = this.#throttle.onAnswer(taken, throttled, underWay, nowMs);
    if (isSlower) this.#refreshRate(nowMs);
    return isSlower;
  }

  /** Lets the rate recover; to be called a few times a second. */
  tick(): void {
    this.#refreshRate(this.#clock.monotonic());
  }

  /** PDUs a second that may leave now; undefined where nothing limits them. */
  get pdusPerSecond(): number | undefined {
    return this.#bucket.pdusPerSecond;
  }

  get slowdown(): number {
    return this.#throttle.factor;
  }

  /** Lets what waits go and stops the timer. */
  close(): void {
    this.#isClosed = true;
    this.#timer?.cancel();
    this.#timer = undefined;
    for (const resolve of this.#partsWaiting.splice(0)) resolve();
  }

  /** A rate that was only measured is this process's own already. */
  #applyShare(nowMs: number): void {
    this.#bucket.setShare(this.#isRateLimited ? this.#share : 1, nowMs);
  }

  #refreshRate(nowMs: number): void {
    this.#bucket.setRate(this.#throttle.pdusPerSecond(nowMs), nowMs);
  }

  #scheduleTimer(): void {
    if (this.#timer !== undefined || this.#isClosed) return;
    const waitMs = this.#bucket.delayMs(this.#clock.monotonic());
    if (waitMs === Number.POSITIVE_INFINITY) return;
    // Timers count whole milliseconds.
    const delayMs = Math.max(1, Math.ceil(waitMs));
    this.#timer = this.#clock.setTimeout(() => {
      this.#timer = undefined;
      this.#grant();
    }, delayMs);
  }

  #grant(): void {
    const nowMs = this.#clock.monotonic();
    while (this.#partsWaiting.length > 0 && this.#bucket.tryTake(nowMs)) this.#partsWaiting.shift()?.();
    if (this.#partsWaiting.length > 0) this.#scheduleTimer();
    this.#onToken();
  }
}
