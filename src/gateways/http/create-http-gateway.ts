/** The HTTP gateway: one account at one provider's API behind the gateway port. A part is a call, and a session a lane of calls. */
import type { Clock } from "../../observability/clock.ts";
import type { Logger } from "../../observability/logger.ts";
import { createBackoff } from "../backoff.ts";
import type { Gateway, GatewayListener, GatewayStatus, PartResult, Submission } from "../gateway.ts";
import type { SubmissionRun } from "../submission-run.ts";
import { Submitter } from "../submitter.ts";
import { AccessTokens } from "./access-tokens.ts";
import { ApiConnection } from "./api-connection.ts";
import { Availability } from "./availability.ts";
import type { CallbackSettings } from "./callback-address.ts";
import { LaneOfCalls } from "./lane-of-calls.ts";
import { ReferenceDesk } from "./reference-desk.ts";
import { createSendPart, type SendPart } from "./send-part.ts";
import { encodingProfileOf, type HttpGatewaySettings } from "./settings.ts";
import { takeCallback } from "./take-callback.ts";

export interface HttpGatewayDeps {
  readonly clock: Clock;
  /** 0 (inclusive) to 1 (exclusive); spreads tries to connect. */
  readonly random: () => number;
  readonly log: Logger;
  /** Asked right before each call is written: whether the lanes are still this process's. Absent where nobody else can have them. */
  readonly mayWrite?: () => boolean;
  /** Absent where nobody can call back. */
  readonly callbacks?: CallbackSettings | undefined;
}

/** Makes the gateway; it connects when it is started. */
export function createHttpGateway(settings: HttpGatewaySettings, deps: HttpGatewayDeps): Gateway {
  return new HttpGateway(settings, deps);
}

const noLane: GatewayStatus = { kind: "connecting", reason: "none of its sessions is kept here" };

class HttpGateway implements Gateway {
  readonly profile;
  readonly takeCallback: NonNullable<Gateway["takeCallback"]>;
  readonly #settings: HttpGatewaySettings;
  readonly #clock: Clock;
  readonly #mayWrite: () => boolean;
  readonly #availability: Availability;
  readonly #submitter: Submitter;
  readonly #send: SendPart;
  readonly #connections: readonly ApiConnection[];
  /** Those that are kept here, by their number. */
  readonly #lanes = new Map<number, LaneOfCalls>();
  /** Those that are given up and have calls unanswered. */
  readonly #leaving = new Set<LaneOfCalls>();
  #window: number;
  #listener: GatewayListener | undefined;
  #hasBegun = false;
  #stopping: Promise<void> | undefined;

  constructor(settings: HttpGatewaySettings, deps: HttpGatewayDeps) {
    const { clock } = deps;
    const { provider, tls, connectTimeoutMs } = settings;
    const log = deps.log.child({ gateway: settings.id });
    this.#settings = settings;
    this.#clock = clock;
    this.#mayWrite = deps.mayWrite ?? (() => true);
    this.#window = settings.window;
    this.profile = encodingProfileOf(provider);
    const connectionTo = (url: string) =>
      new ApiConnection({ url, tls, connectTimeoutMs, clock, connections: null });
    const api = connectionTo(settings.url);
    this.#availability = new Availability({
      clock,
      log,
      backoff: createBackoff(settings.reconnectMinMs, settings.reconnectMaxMs, deps.random),
      probe: () => api.probe(),
      onChange: () => this.#showStatus(),
    });
    const { auth } = provider;
    let tokens: AccessTokens | undefined;
    let issuer: ApiConnection | undefined;
    if (auth.kind === "oauth2") {
      const from = connectionTo(settings.tokenUrl ?? auth.url);
      issuer = from;
      const { account, responseTimeoutMs: timeoutMs } = settings;
      const obstacle = () => undefined;
      tokens = new AccessTokens({
        auth,
        account,
        clock,
        call: (request) => from.call(request, { obstacle, timeoutMs }).end,
      });
    }
    const references = new ReferenceDesk(
      () => clock.now(),
      () => log.often.warn({}, "A call in doubt was forgotten: a receipt of it will not be known here."),
    );
    this.#connections = issuer === undefined ? [api] : [api, issuer];
    this.#send = createSendPart({
      settings,
      clock,
      availability: this.#availability,
      callbacks: deps.callbacks,
      references,
      tokens,
      call: (request, options) => api.call(request, options),
    });
    const { callbacks } = deps;
    this.takeCallback = (callback, addressedTo) =>
      takeCallback(
        { settings, callbacks, references, clock, listener: () => this.#listener },
        callback,
        addressedTo,
      );
    this.#submitter = new Submitter({
      clock,
      sessions: () => [...this.#lanes.values()],
      maxQueued: () => this.#window * settings.sessions,
      onRoom: () => this.#listener?.onRoom(),
    });
  }

  get id() {
    return this.#settings.id;
  }

  get sessionCount() {
    return this.#settings.sessions;
  }

  status(): GatewayStatus {
    const { status } = this.#availability;
    return status.kind !== "stopped" && this.#hasBegun && this.#lanes.size === 0 ? noLane : status;
  }

  figures() {
    const isReady = this.status().kind === "ready";
    return {
      sessions: this.#settings.sessions,
      ownSessions: this.#hasBegun ? this.#lanes.size : this.#settings.sessions,
      boundSessions: isReady ? this.#lanes.size : 0,
      inFlight: this.#inFlight,
      windowSize: isReady ? this.#lanes.size * this.#window : 0,
    };
  }

  room(): number {
    return this.#submitter.room();
  }

  submit(submission: Submission): Promise<readonly PartResult[]> {
    return this.#submitter.submit(submission);
  }

  start(listener: GatewayListener, slots?: readonly number[]): void {
    if (this.#listener !== undefined || this.#stopping !== undefined) return;
    this.#listener = listener;
    this.#hasBegun = true;
    for (const slot of slots ?? Array.from({ length: this.#settings.sessions }).keys()) this.#addLane(slot);
    if (this.#lanes.size === 0) listener.onStatus(noLane);
    this.#availability.start();
  }

  openSession(slot: number): void {
    if (this.#listener === undefined || this.#stopping !== undefined || this.#lanes.has(slot)) return;
    this.#addLane(slot);
    this.#showStatus();
  }

  async closeSession(slot: number, graceMs = this.#settings.responseTimeoutMs): Promise<void> {
    const lane = this.#lanes.get(slot);
    if (lane === undefined) return;
    this.#lanes.delete(slot);
    this.#leaving.add(lane);
    const closed = lane.close(graceMs);
    this.#submitter.released(lane);
    this.#showStatus();
    await closed;
    this.#leaving.delete(lane);
  }

  resize(window: number): void {
    if (window === this.#window) return;
    this.#window = window;
    for (const lane of this.#lanes.values()) lane.resize(window);
    this.#submitter.pump();
  }

  resume(): void {
    if (this.#hasBegun && this.#stopping === undefined) this.#availability.resume();
  }

  stop(graceMs: number): Promise<void> {
    this.#stopping ??= this.#stop(graceMs);
    return this.#stopping;
  }

  async #stop(graceMs: number): Promise<void> {
    const startMs = this.#clock.monotonic();
    this.#submitter.close();
    await this.#submitter.written(graceMs);
    const leftMs = Math.max(0, graceMs - (this.#clock.monotonic() - startMs));
    await Promise.all([...this.#lanes.values(), ...this.#leaving].map((lane) => lane.close(leftMs)));
    this.#availability.close();
    await Promise.all(this.#connections.map((connection) => connection.close()));
  }

  get #inFlight(): number {
    let sum = 0;
    for (const lane of this.#lanes.values()) sum += lane.inFlight;
    for (const lane of this.#leaving) sum += lane.inFlight;
    return sum;
  }

  #addLane(slot: number): void {
    this.#lanes.set(
      slot,
      new LaneOfCalls({
        slot,
        window: this.#window,
        clock: this.#clock,
        isOpen: () => this.#availability.status.kind === "ready" && this.#mayWrite(),
        spare: (lane) => this.#spareOf(lane),
        send: (run, number, lane) => void this.#call(run, number, lane),
      }),
    );
  }

  /** While the account is in question one call is made, on the first lane. */
  #spareOf(lane: LaneOfCalls): number {
    if (!this.#availability.isOnTrial) return Number.POSITIVE_INFINITY;
    const [first] = this.#lanes.values();
    return lane === first ? 1 - this.#inFlight : 0;
  }

  async #call(run: SubmissionRun, number: number, lane: LaneOfCalls): Promise<void> {
    lane.begin();
    const result = await this.#send(run.submission, number, {
      mayWrite: () => lane.canSubmit,
      watch: (abort) => lane.watch(abort),
    });
    lane.finish();
    run.settle(result);
    const isForGood =
      result.kind === "refused" && (result.refusal === "recipient" || result.refusal === "route");
    if (isForGood) run.stop("stopped", result.timeMs);
    this.#submitter.pump();
  }

  #showStatus(): void {
    this.#listener?.onStatus(this.status());
    this.#submitter.pump();
  }
}
