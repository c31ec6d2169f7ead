/** The SMPP gateway: one account at one SMSC behind the gateway port, on one or more sessions. */
import { assertNever } from "../../domain/assert-never.ts";
import type { Clock } from "../../observability/clock.ts";
import type { Logger } from "../../observability/logger.ts";
import type { Gateway, GatewayListener, GatewayStatus, PartResult, Submission } from "../gateway.ts";
import { Submitter } from "../submitter.ts";
import type { SessionRole } from "./bind.ts";
import { createDeliverSmReader } from "./deliver-sm-reader.ts";
import { judgeRefusal, type RefusalVerdict } from "./judge-refusal.ts";
import { Link } from "./link.ts";
import { type PartEvent, PartOutcomes } from "./part-outcomes.ts";
import type { SmppSession } from "./session.ts";
import type { SmppGatewaySettings } from "./settings.ts";

export interface SmppGatewayDeps {
  readonly clock: Clock;
  /** 0 (inclusive) to 1 (exclusive); spreads reconnections. */
  readonly random: () => number;
  readonly log: Logger;
  /** Asked right before each PDU is written: whether the sessions are still this process's. Absent where nobody else can have them. */
  readonly mayWrite?: () => boolean;
  /** Whether another process has a session of the account bound. Absent where nobody else can have one. */
  readonly isBoundElsewhere?: () => boolean;
  /** What is known of these credentials beyond this process's life. Absent: they count as unproven until they bind here. */
  readonly proof?: BindProof;
  /** Counts what no result shows; optional. */
  readonly metrics?: {
    readonly count: (event: PartEvent) => void;
    readonly countRefusedBind?: () => void;
  };
}

/** Whether the SMSC has accepted the gateway's credentials since they were configured. */
export interface BindProof {
  /** Undefined where it cannot be known now; never rejects. */
  hasBound(): Promise<boolean | undefined>;
  /** They were accepted just now. */
  noteBound(): void;
}

/** Makes the gateway; it connects when it is started. */
export function createSmppGateway(settings: SmppGatewaySettings, deps: SmppGatewayDeps): Gateway {
  return new SmppGateway(settings, deps);
}

const noSession = "none of its sessions is kept here";
/** user_message_reference is 16 bits wide. */
const REFERENCES = 0x10000;

/** A session, or one of its two connections where it sends and receives on different ones. */
interface SlotLink {
  readonly slot: number;
  readonly link: Link;
}

class SmppGateway implements Gateway {
  readonly #settings: SmppGatewaySettings;
  #window: number;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #outcomes: PartOutcomes;
  readonly #submitter: Submitter;
  readonly #deps: SmppGatewayDeps;
  readonly #links: readonly SlotLink[];
  /** Numbers of the sessions that are kept here. */
  readonly #own: Set<number>;
  /** Sessions that are bound, in the order of binding. */
  #sessions: readonly SmppSession[] = [];
  #listener: GatewayListener | undefined;
  #readDeliverSm: ReturnType<typeof createDeliverSmReader> | undefined;
  #status: GatewayStatus = { kind: "connecting", reason: "not started" };
  #reference = 0;
  /** Bound at least once by this process. */
  #hasBound = false;
  #stopping: Promise<void> | undefined;

  constructor(settings: SmppGatewaySettings, deps: SmppGatewayDeps) {
    this.#settings = settings;
    this.#window = settings.window;
    this.#deps = deps;
    this.#clock = deps.clock;
    this.#log = deps.log.child({ gateway: settings.id });
    this.#outcomes = new PartOutcomes({
      settings,
      clock: deps.clock,
      log: this.#log,
      count: (event) => deps.metrics?.count(event),
    });
    this.#submitter = new Submitter({
      clock: deps.clock,
      sessions: () => this.#sessions,
      maxQueued: () => this.#window * settings.sessions,
      onRoom: () => this.#listener?.onRoom(),
    });
    this.#own = new Set(Array.from({ length: settings.sessions }).keys());
    this.#links = Array.from({ length: settings.sessions }).flatMap((_, slot) =>
      roles(settings).map((role) => ({ slot, link: this.#link(role, deps) })),
    );
  }

  get id() {
    return this.#settings.id;
  }

  get profile() {
    return this.#settings.profile;
  }

  get sessionCount() {
    return this.#settings.sessions;
  }

  status(): GatewayStatus {
    if (this.#status.kind !== "ready" || this.#isReady) return this.#status;
    // The last session is being closed; its end will be told to the listener.
    return { kind: "connecting", reason: "the session is being closed" };
  }

  figures() {
    const submitting = this.#sessions.filter((session) => session.isReady);
    return {
      sessions: this.#links.length,
      ownSessions: this.#links.filter(({ slot }) => this.#own.has(slot)).length,
      boundSessions: this.#sessions.filter((session) => session.isBound).length,
      inFlight: this.#sessions.reduce((sum, session) => sum + session.inFlight, 0),
      windowSize: submitting.length * this.#window,
    };
  }

  room(): number {
    return this.#submitter.room();
  }

  submit(submission: Submission): Promise<readonly PartResult[]> {
    return this.#submitter.submit(submission);
  }

  start(listener: GatewayListener, slots: readonly number[] = [...this.#own]): void {
    if (this.#listener !== undefined || this.#stopping !== undefined) return;
    this.#listener = listener;
    this.#readDeliverSm = createDeliverSmReader({
      settings: this.#settings,
      clock: this.#clock,
      log: this.#log,
      listener,
      outcomes: this.#outcomes,
    });
    this.#own.clear();
    for (const slot of slots) this.#own.add(slot);
    this.#setStatus({ kind: "connecting", reason: slots.length === 0 ? noSession : "starting" });
    this.#startLinks();
  }

  openSession(slot: number): void {
    if (this.#listener === undefined || this.#stopping !== undefined || this.#own.has(slot)) return;
    this.#own.add(slot);
    this.#showStatus("starting", true);
    if (this.#status.kind !== "stopped") this.#startLinks();
  }

  async closeSession(slot: number, graceMs = this.#settings.responseTimeoutMs): Promise<void> {
    const wasOwn = this.#own.delete(slot);
    const links = this.#links.filter((each) => each.slot === slot);
    const closed = links.map(({ link }) => link.stop(graceMs));
    if (wasOwn) this.#showStatus(this.#own.size === 0 ? noSession : "a session is being closed", true);
    await Promise.all(closed);
  }

  resize(window: number): void {
    if (window === this.#window) return;
    this.#window = window;
    for (const { link } of this.#links) link.resize(window);
    this.#submitter.pump();
  }

  resume(): void {
    if (this.#stopping !== undefined) return;
    if (this.#status.kind === "stopped") this.#setStatus({ kind: "connecting", reason: "resumed" });
    else for (const { link } of this.#links) link.hurry();
    this.#startLinks();
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
    await Promise.all(this.#links.map(({ link }) => link.stop(leftMs)));
    this.#outcomes.close();
    this.#setStatus({ kind: "stopped", reason: "stopped" });
  }

  #startLinks(): void {
    for (const { slot, link } of this.#links) if (this.#own.has(slot)) link.start();
  }

  #link(role: SessionRole, { random, mayWrite = () => true }: SmppGatewayDeps): Link {
    return new Link({
      role,
      settings: this.#settings,
      clock: this.#clock,
      log: this.#log,
      random,
      mayWrite,
      outcomes: this.#outcomes,
      nextReference: () => {
        this.#reference = (this.#reference + 1) % REFERENCES;
        return this.#reference;
      },
      onBound: (session) => this.#bound(session),
      onRoom: () => this.#submitter.pump(),
      onDraining: (session) => {
        this.#showStatus("a session is being closed");
        // What has begun to leave on it gets no further part there.
        this.#submitter.released(session);
      },
      onDelivery: (delivery) => {
        if (this.#readDeliverSm === undefined) throw new TypeError("a session before the start");
        return this.#readDeliverSm(delivery);
      },
      onDown: (session, reason) => this.#down(session, reason),
      judgeRefusal: (commandStatus) => this.#judgeRefusal(commandStatus),
      onRefused: (session, verdict, reason, delayMs) => this.#refused(session, verdict, reason, delayMs),
    });
  }

  #bound(session: SmppSession): void {
    this.#log.often.info({ role: session.role }, "A session is bound.");
    this.#hasBound = true;
    this.#deps.proof?.noteBound();
    this.#sessions = [...this.#sessions, session];
    this.#showStatus("bound");
    this.#submitter.pump();
    if (session.canSubmit) this.#listener?.onRoom();
  }

  #down(session: SmppSession, reason: string): void {
    this.#sessions = this.#sessions.filter((each) => each !== session);
    this.#showStatus(reason);
    this.#submitter.released(session);
  }

  #judgeRefusal(commandStatus: number): Promise<RefusalVerdict> {
    this.#deps.metrics?.countRefusedBind?.();
    return judgeRefusal({
      commandStatus,
      overrides: this.#settings.statusClass,
      hasSibling:
        this.#sessions.some((session) => session.isBound) ||
        this.#links.some(({ link }) => link.session?.isBinding === true) ||
        this.#deps.isBoundElsewhere?.() === true,
      hasEverBound: async () => this.#hasBound || (this.#deps.proof?.hasBound() ?? false),
    });
  }

  #refused(session: SmppSession, verdict: RefusalVerdict, reason: string, delay: number | undefined): void {
    if (this.#stopping !== undefined) return;
    const delayMs = delay === undefined ? undefined : Math.round(delay);
    const fields = { role: session.role, reason, delayMs };
    switch (verdict.kind) {
      case "usual":
        this.#log.often.warn(fields, "The link is down.");
        break;
      case "link":
        this.#log.often.warn(fields, "The SMSC refuses one more bind of this account; the others go on.");
        break;
      case "account":
        this.#log.often.error(fields, "The SMSC refuses the account; it is tried again, ever more slowly.");
        break;
      case "stop":
        this.#log.error({ reason }, "The gateway is stopped until it is resumed.");
        this.#setStatus({ kind: "stopped", reason });
        for (const { link } of this.#links) void link.stop(this.#settings.responseTimeoutMs);
        break;
      default:
        assertNever(verdict);
    }
  }

  /** Leases come and go without notice to the gateway, so its status leaves them out; each write asks for them. */
  get #isReady(): boolean {
    return this.#sessions.some((session) => session.isReady);
  }

  /** `hasShareChanged`: the listener is told even where the status is as before. */
  #showStatus(reason: string, hasShareChanged = false): void {
    if (this.#stopping !== undefined) return;
    if (this.#status.kind === "stopped") this.#setStatus(this.#status, hasShareChanged);
    else this.#setStatus(this.#isReady ? { kind: "ready" } : { kind: "connecting", reason }, hasShareChanged);
  }

  #setStatus(status: GatewayStatus, hasShareChanged = false): void {
    const before = this.#status;
    this.#status = status;
    const isSame =
      before.kind === status.kind &&
      (before.kind === "ready" || status.kind === "ready" || before.reason === status.reason);
    if (!isSame || hasShareChanged) this.#listener?.onStatus(status);
  }
}

/** The connections that one session consists of. */
function roles({ bindMode }: SmppGatewaySettings): readonly SessionRole[] {
  switch (bindMode) {
    case "transceiver":
      return ["transceiver"];
    case "transmitter+receiver":
      return ["transmitter", "receiver"];
    default:
      return assertNever(bindMode);
  }
}
