/**
 * One bound link to the SMSC, from the connection to its end: connecting → binding → bound → draining → closed. It writes parts and
 * hands on what arrives; what results mean, and when to connect again, is decided by others.
 */
import type { Socket } from "node:net";
import type { Clock } from "../../observability/clock.ts";
import type { Logger } from "../../observability/logger.ts";
import { COMMAND_STATUS } from "../../smpp/command-status.ts";
import { SmppConnection } from "../../smpp/connection.ts";
import type { Answer, CloseReason, IncomingRequest, RequestOutcome } from "../../smpp/connection-options.ts";
import type { Misfortune } from "../gateway.ts";
import type { SubmissionRun } from "../submission-run.ts";
import type { SubmitSession } from "../submitter.ts";
import { bindBody, readBindAnswer, type SessionRole } from "./bind.ts";
import { connectSocket } from "./connect-socket.ts";
import { type DeliverSm, DeliverSmIntake } from "./deliver-sm-intake.ts";
import { describeClose } from "./describe-close.ts";
import { echoKey } from "./echo-key.ts";
import { Goodbye } from "./goodbye.ts";
import { NarrowedWindow } from "./narrowed-window.ts";
import type { PartOutcomes } from "./part-outcomes.ts";
import type { SmppGatewaySettings } from "./settings.ts";
import { needsTlvs, submitSm } from "./submit-sm.ts";
import { tellFault } from "./tell-fault.ts";
import type { OverdueParts, WrittenPart } from "./written-part.ts";

/** Why a session ended. */
export type SessionEnd =
  /** The bind was answered with this status. */
  | { readonly kind: "refused"; readonly commandStatus: number }
  /** `hasWorked`: it was bound, and since then the SMSC answered or delivered something. */
  | { readonly kind: "lost"; readonly reason: string; readonly hasWorked: boolean };

export interface SessionOptions {
  readonly role: SessionRole;
  readonly settings: SmppGatewaySettings;
  readonly clock: Clock;
  readonly log: Logger;
  readonly outcomes: PartOutcomes;
  /** Whether the session is still this process's to write on. */
  readonly mayWrite: () => boolean;
  /** The next user_message_reference. */
  readonly nextReference: () => number;
  readonly onBound: (session: SmppSession) => void;
  readonly onRoom: (session: SmppSession) => void;
  /** It takes no more parts and will end. */
  readonly onDraining: (session: SmppSession) => void;
  /** Takes a delivery and answers the command_status for it once it is stored. */
  readonly onDelivery: (delivery: DeliverSm) => Promise<number>;
  /** Called once. */
  readonly onEnd: (session: SmppSession, end: SessionEnd) => void;
}

/** How long a session that must be bound again waits for what is unanswered. */
const REBIND_GRACE_MS = 5_000;

export class SmppSession implements SubmitSession {
  readonly #options: SessionOptions;
  readonly #intake: DeliverSmIntake;
  readonly #window: NarrowedWindow;
  readonly #giveUpConnecting: () => void;
  readonly #overdue: OverdueParts;
  readonly #goodbye: Goodbye;
  readonly #closed = Promise.withResolvers<void>();
  #state: "connecting" | "binding" | "bound" | "draining" | "closed" = "connecting";
  #connection: SmppConnection | undefined;
  #carriesTlvs = false;
  #loss: Misfortune | undefined;
  #refusedStatus: number | undefined;
  #failure: string | undefined;

  constructor(options: SessionOptions) {
    this.#options = options;
    this.#overdue = options.outcomes.overdueParts();
    this.#window = new NarrowedWindow(options.settings.window);
    this.#intake = new DeliverSmIntake({
      maxUnanswered: options.settings.maxUnansweredDeliveries,
      store: options.onDelivery,
      onAnswered: () => this.#goodbye.notice(),
    });
    this.#goodbye = new Goodbye({
      clock: options.clock,
      isIdle: () => this.inFlight === 0 && this.#intake.unanswered === 0,
      onBegin: () => {
        this.#state = "draining";
        options.onDraining(this);
      },
      unbind: async () => this.#connection?.unbind(),
      destroy: () => this.#destroy(),
    });
    this.#giveUpConnecting = connectSocket({
      settings: options.settings,
      clock: options.clock,
      onConnected: (socket) => this.#start(socket),
      onFailed: (reason) => this.#end({ kind: "lost", reason, hasWorked: false }),
    });
  }

  get role(): SessionRole {
    return this.#options.role;
  }

  /** Its bind is unanswered. */
  get isBinding(): boolean {
    return this.#state === "binding";
  }

  get isBound(): boolean {
    return this.#state === "bound";
  }

  /** Bound for submitting; whether it may at this moment is another question. */
  get isReady(): boolean {
    return this.#state === "bound" && this.role !== "receiver" && this.#connection?.isOpen === true;
  }

  get canSubmit(): boolean {
    return this.isReady && this.#options.mayWrite();
  }

  get free(): number {
    const room = this.#connection?.room ?? 0;
    return this.#window.isFull ? room : Math.max(0, Math.min(room, this.windowSize - this.inFlight));
  }

  /** Takes another window: where it shrinks, what is under way keeps its places until it is answered. */
  resize(window: number): void {
    this.#window.resize(window);
    if (this.#connection !== undefined) this.#connection.window = window;
  }

  /** PDUs that may be unanswered now. */
  get windowSize(): number {
    return this.#window.places(this.#options.clock.monotonic());
  }

  get inFlight(): number {
    return this.#connection?.inFlight ?? 0;
  }

  /** Writes the run's next part; the caller has seen to token, room and expiry. */
  write(run: SubmissionRun, nowMs: number): void {
    const number = run.nextPart;
    const connection = this.#connection;
    if (number === undefined || connection === undefined) return;
    run.next += 1;
    const { settings, outcomes, log } = this.#options;
    const { submission } = run;
    try {
      const wire = run.wireOf(number, settings.profile);
      if (needsTlvs(wire) && !this.#carriesTlvs) {
        this.#refuseLocally(run, number, COMMAND_STATUS.ESME_ROPTPARNOTALLWD, nowMs);
        return;
      }
      const echoes = settings.echoesUserMessageReference && this.#carriesTlvs;
      const reference = echoes ? this.#options.nextReference() : undefined;
      const written: WrittenPart = {
        run,
        number,
        echoKey: reference === undefined ? undefined : echoKey(reference, submission.recipient),
        echoedId: undefined,
        overdue: undefined,
        loss: undefined,
      };
      const answer = connection.request(submitSm(submission, wire, settings, reference, nowMs));
      outcomes.written(written);
      answer.then((outcome) => this.#settle(written, outcome));
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      log.often.error({ err: error }, "A part does not fit a submit_sm.");
      this.#refuseLocally(run, number, COMMAND_STATUS.ESME_RINVMSGLEN, nowMs);
    }
  }

  /** Takes no more parts, waits up to `graceMs` for what is unanswered, unbinds and closes; harmless when repeated. */
  async close(graceMs: number): Promise<void> {
    if (this.#state === "closed") return;
    if (this.#state === "connecting" || this.#state === "binding" || graceMs <= 0) {
      this.#destroy();
    } else {
      this.#goodbye.endAfter(graceMs);
      if (this.#state === "bound") await this.#goodbye.begin();
    }
    await this.#closed.promise;
  }

  #start(socket: Socket): void {
    try {
      this.#bind(socket);
    } catch (error) {
      this.#options.log.often.error({ err: error }, "The bind cannot be written.");
      this.#destroy();
    }
  }

  #bind(socket: Socket): void {
    const { settings, clock, log, role } = this.#options;
    this.#state = "binding";
    const connection = new SmppConnection(socket, {
      clock,
      window: this.#window.full,
      responseTimeoutMs: settings.responseTimeoutMs,
      enquireLinkIntervalMs: settings.enquireLinkIntervalMs,
      enquireLinkTimeoutMs: settings.enquireLinkTimeoutMs,
      enquireLinkMissLimit: settings.enquireLinkMisses,
      mayWrite: this.#options.mayWrite,
      onRequest: (request) => this.#take(request, connection),
      onDeparture: (finish) => this.#goodbye.depart(finish, this.#state === "bound"),
      onNotification: (pdu) =>
        this.#options.log.often.info({ command: pdu.command }, "The SMSC sent a notification."),
      onLateAnswer: ({ sequence_number, outcome }) => this.#takeLate(sequence_number, outcome),
      onFault: (fault) => tellFault(log, fault, this.isBinding),
      onClose: (reason) => this.#onClose(reason),
    });
    this.#connection = connection;
    connection.bind<`bind_${SessionRole}`>(
      { command: `bind_${role}`, body: bindBody(settings) },
      settings.bindTimeoutMs,
      (outcome) => this.#takeBindAnswer(outcome, connection),
    );
  }

  #takeBindAnswer(outcome: RequestOutcome<`bind_${SessionRole}`>, connection: SmppConnection): void {
    if (this.#state !== "binding" || outcome.kind === "lost") return;
    const answer = readBindAnswer(outcome, this.#options.settings);
    if (answer.kind === "refused") {
      this.#refusedStatus = answer.commandStatus;
      if (answer.isAnswered) connection.end({ kind: "dropped" });
      else this.#destroy();
      return;
    }
    if (answer.kind === "silent") {
      this.#failure = "the SMSC did not answer the bind";
      this.#destroy();
      return;
    }
    this.#carriesTlvs = answer.carriesTlvs;
    if (answer.lacksTlvs) {
      const { concatenation } = this.#options.settings.profile;
      this.#options.log.often.warn(
        { concatenation },
        "The session carries no TLVs, so long messages cannot leave on it.",
      );
    }
    this.#state = "bound";
    connection.watch();
    this.#options.onBound(this);
  }

  #settle(written: WrittenPart, outcome: RequestOutcome<"submit_sm">): void {
    const { outcomes, clock } = this.#options;
    this.#window.answered();
    switch (outcome.kind) {
      case "response":
      case "nack": {
        const said = outcomes.answered(written, outcome);
        if (outcome.kind === "nack" && said === "throttled") {
          this.#window.halve(this.inFlight, clock.monotonic());
        }
        this.#rebindAfter(said);
        break;
      }
      case "timeout":
        outcomes.overdue(written, this.#overdue, outcome.sequence_number);
        break;
      case "lost":
        outcomes.lost(written, outcome.written ? this.#lossOfAll() : undefined);
        break;
      case "window-full":
        outcomes.lost(written, undefined);
        break;
    }
    this.#onRoom();
  }

  /** The end of this session, one for all the parts that it leaves in doubt. */
  #lossOfAll(): Misfortune {
    this.#loss ??= { kind: "lost" };
    return this.#loss;
  }

  #takeLate(sequence: number, answer: Answer): void {
    if (answer.kind === "response") {
      const { pdu } = answer;
      if (pdu.command === "submit_sm_resp") this.#settleLate(sequence, { kind: "response", pdu });
    } else {
      this.#settleLate(sequence, answer);
    }
  }

  #settleLate(sequence: number, answer: Answer<"submit_sm">): void {
    const said = this.#options.outcomes.lateAnswer(this.#overdue, sequence, answer);
    if (said !== undefined) this.#rebindAfter(said);
  }

  /** A session that the SMSC does not take for bound finishes what is unanswered and ends; its link binds anew. */
  #rebindAfter(said: ReturnType<PartOutcomes["answered"]>): void {
    if ((said !== "session" && said !== "bind") || this.#state !== "bound") return;
    this.#options.log.often.warn({}, "The SMSC says that this session is not bound; it is bound again.");
    void this.close(REBIND_GRACE_MS);
  }

  #refuseLocally(run: SubmissionRun, number: number, commandStatus: number, timeMs: number): void {
    const answer = { protocol: "smpp", status: commandStatus } as const;
    run.settle({ kind: "refused", number, refusal: "route", answer, timeMs });
    run.stop("stopped", timeMs);
  }

  #take(request: IncomingRequest, connection: SmppConnection): void {
    if (this.#state === "binding") {
      // Nothing is delivered to who is not bound (SMPP 3.4 table 2-1).
      connection.respond(request, { command_status: COMMAND_STATUS.ESME_RINVBNDSTS });
    } else if (request.command === "deliver_sm" || request.command === "data_sm") {
      void this.#intake.take(request, connection);
    } else {
      connection.nack(request.sequence_number, COMMAND_STATUS.ESME_RINVCMDID);
    }
  }

  #onRoom(): void {
    if (this.canSubmit) this.#options.onRoom(this);
    this.#goodbye.notice();
  }

  #destroy(): void {
    if (this.#connection !== undefined) this.#connection.destroy({ kind: "dropped" });
    else this.#giveUpConnecting();
  }

  #onClose(reason: CloseReason): void {
    if (this.#refusedStatus !== undefined) {
      this.#end({ kind: "refused", commandStatus: this.#refusedStatus });
      return;
    }
    const hasWorked = this.#connection?.hasWorked === true;
    this.#end({ kind: "lost", reason: this.#failure ?? describeClose(reason), hasWorked });
  }

  #end(end: SessionEnd): void {
    if (this.#state === "closed") return;
    this.#state = "closed";
    // The parts that were in flight are settled in a turn of their own, right after this.
    this.#options.outcomes.sessionGone(this.#overdue);
    this.#goodbye.end();
    this.#options.onEnd(this, end);
    this.#closed.resolve();
  }
}
