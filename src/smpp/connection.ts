/**
 * One SMPP connection over TCP or TLS, for either side: requests with a window and answers that always come, requests
 * of the peer, keepalive, unbinding. It knows nothing of binding states, messages or receipts; its owner says when it is bound.
 */
import type { Socket } from "node:net";
import type { Clock, Timer } from "../observability/clock.ts";
import { COMMAND_STATUS } from "./command-status.ts";
import { compiledLayout } from "./compiled-layouts.ts";
import type {
  CloseReason,
  ConnectionOptions,
  IncomingRequest,
  RequestOutcome,
} from "./connection-options.ts";
import { decodePdu, type MalformedPdu } from "./decode-pdu.ts";
import { encodePdu } from "./encode-pdu.ts";
import { createFramer, DEFAULT_MAX_PDU_OCTETS, type Framer } from "./framer.ts";
import { LinkWatch } from "./link-watch.ts";
import { OutgoingBatch } from "./outgoing-batch.ts";
import type { Pdu, PduContent, PduOf, RequestName, ResponseName } from "./pdu.ts";
import { type PendingRequest, PendingRequests } from "./pending-requests.ts";

/** Unsent octets above which the peer is not read, so that answers cannot pile up. */
const HIGH_WATER_OCTETS = 1_048_576;
/** How long the peer may take to close its half once we have closed ours. */
const CLOSE_GRACE_MS = 2_000;

/** Each event hands its owner this connection. */
export type SmppConnectionOptions = ConnectionOptions<SmppConnection>;

type BindName = "bind_receiver" | "bind_transmitter" | "bind_transceiver";

export class SmppConnection {
  readonly #socket: Socket;
  readonly #options: SmppConnectionOptions;
  readonly #clock: Clock;
  readonly #framer: Framer;
  readonly #pending: PendingRequests<RequestOutcome>;
  readonly #batch: OutgoingBatch<PendingRequest<RequestOutcome>>;
  readonly #link: LinkWatch;
  readonly #onFrame = (frame: Buffer) => this.#receive(frame);
  /** The bind that waits for its answer. */
  #unanswered: { readonly sequence_number: number; readonly response: string | undefined } | undefined;
  #graceTimer: Timer | undefined;
  #reason: CloseReason | undefined;
  /** Places for requests; may change while it is open. */
  window: number;
  #isClosing = false;
  #isDeparting = false;
  #isClosed = false;
  #isPaused = false;
  #hasWorked = false;

  /** Takes over a connected socket. */
  constructor(socket: Socket, options: SmppConnectionOptions) {
    this.#socket = socket;
    this.#options = options;
    this.window = options.window;
    this.#clock = options.clock;
    this.#framer = createFramer(options.maxPduOctets ?? DEFAULT_MAX_PDU_OCTETS);
    this.#pending = new PendingRequests({
      clock: options.clock,
      timeoutMs: options.responseTimeoutMs,
      onTimeout: ({ settle, inWindow, written, sequence_number }) => {
        settle(written ? { kind: "timeout", sequence_number } : { kind: "lost", written: false });
        if (inWindow) this.#options.onRoom?.(this);
      },
    });
    this.#batch = new OutgoingBatch(socket, {
      mayWrite: () => options.mayWrite?.() !== false,
      onWithheld: (request) => {
        this.#pending.withdraw(request);
        request.settle({ kind: "lost", written: false });
        options.onRoom?.(this);
      },
    });
    this.#link = new LinkWatch({
      clock: options.clock,
      intervalMs: options.enquireLinkIntervalMs,
      answerMs: options.enquireLinkTimeoutMs,
      missLimit: options.enquireLinkMissLimit,
      ask: () => {
        const sequence_number = this.#pending.nextSequence();
        this.#batch.add(encodePdu({ command: "enquire_link", sequence_number }));
      },
      onDead: () => this.destroy({ kind: "silent" }),
    });
    socket.setNoDelay(true);
    socket.on("data", (chunk: Buffer) => this.#read(chunk));
    socket.on("error", (error) => {
      this.#reason ??= { kind: "error", error };
    });
    // Our half stays open for what is still to be acknowledged.
    if (options.onDeparture !== undefined) socket.allowHalfOpen = true;
    socket.on("end", () => this.#takeEnd());
    socket.on("drain", () => this.#setFlow());
    socket.on("close", () => this.#finish(this.#reason ?? { kind: "ended" }));
  }

  /** Places in the window that are free. */
  get room(): number {
    if (!this.isOpen) return 0;
    // What left the window unanswered made room there and proves nothing of the peer: until it answers, one request at a time asks.
    const places = this.#pending.isUnanswered ? 1 : this.window;
    return Math.max(0, places - this.#pending.inWindow);
  }

  /** Requests in the window that wait for an answer. */
  get inFlight(): number {
    return this.#pending.inWindow;
  }

  /** Whether requests can be sent: not while or after unbinding or closing. */
  get isOpen(): boolean {
    return !this.#isClosing && !this.#isClosed;
  }

  /**
   * Sends a request that takes a place in the window. The outcome always comes: at the latest after the response
   * timeout, or when the connection closes (P18). Throws a RangeError when a field does not fit its layout.
   */
  request<C extends RequestName>(content: PduContent<C>): Promise<RequestOutcome<C>> {
    if (!this.isOpen) return Promise.resolve({ kind: "lost", written: false });
    if (this.room === 0) return Promise.resolve({ kind: "window-full" });
    return this.#send(content, true);
  }

  /**
   * Sends a bind, which takes no place in the window and has a timeout of its own. Its outcome is reported before anything behind it is
   * read: what may come there depends on the outcome.
   */
  bind<C extends BindName>(
    content: PduContent<C>,
    timeoutMs: number,
    onOutcome: (outcome: RequestOutcome<C>) => void,
  ): void {
    if (!this.isOpen) {
      onOutcome({ kind: "lost", written: false });
      return;
    }
    const sequence_number = this.#pending.nextSequence();
    const octets = encodePdu({ ...content, sequence_number });
    const settle = (outcome: RequestOutcome): void => {
      this.#unanswered = undefined;
      onOutcome(outcome as RequestOutcome<C>);
    };
    this.#unanswered = { sequence_number, response: compiledLayout(content.command).response };
    this.#batch.add(octets, this.#pending.add(sequence_number, content.command, false, settle, timeoutMs));
  }

  /** To be called once it is bound: from now on a dead link is noticed (P20). */
  watch(): void {
    if (!this.isOpen) return;
    this.#hasWorked = false;
    this.#link.start();
  }

  /** Whether the peer has answered or asked anything since `watch`, apart from its own enquire_link and unbind. */
  get hasWorked(): boolean {
    return this.#hasWorked;
  }

  /** Answers a request of the peer; says nothing when the connection has closed meanwhile. */
  respond<C extends RequestName>(
    request: { readonly command: C; readonly sequence_number: number },
    content: Omit<PduContent<ResponseName<C>>, "command"> = {},
  ): void {
    const command: ResponseName<C> = `${request.command}_resp`;
    this.writeRaw(encodePdu({ ...content, command, sequence_number: request.sequence_number }));
  }

  /** Answers a PDU with generic_nack. */
  nack(sequence_number: number, command_status: number): void {
    this.writeRaw(encodePdu({ command: "generic_nack", command_status, sequence_number }));
  }

  /** Sends octets as they are, in turn with everything else. */
  writeRaw(octets: Buffer): void {
    if (this.#isClosed) return;
    this.#batch.add(octets);
    this.#setFlow();
  }

  /**
   * Stops reading, deadlines and the link watch: what the peer sends stays in its socket. PDUs of the chunk at hand (up
   * to 64 KiB) still come.
   */
  pauseReading(): void {
    if (this.#isPaused || this.#isClosed) return;
    this.#isPaused = true;
    this.#pending.pause();
    this.#link.pause();
    this.#setFlow();
  }

  resumeReading(): void {
    if (!this.#isPaused || this.#isClosed) return;
    this.#isPaused = false;
    this.#pending.resume();
    this.#link.resume();
    this.#setFlow();
  }

  /**
   * Unbinds: sends nothing more, waits for unbind_resp (or the response timeout, or the end of the connection) and
   * closes. Answers that are still expected may arrive until then.
   */
  async unbind(): Promise<void> {
    if (!this.isOpen) return;
    const answer = this.#send({ command: "unbind" }, false);
    this.#isClosing = true;
    // Nothing follows an unbind; it has a timeout.
    this.#link.stop();
    await answer;
    this.end({ kind: "unbound", by: "us" });
  }

  /** Sends what is waiting and closes; settles everything at the latest after a grace of two seconds. */
  end(reason: CloseReason): void {
    if (this.#isClosed) return;
    this.#isClosing = true;
    this.#link.stop();
    this.#reason ??= reason;
    this.#batch.flushAll();
    this.#socket.end();
    this.#graceTimer ??= this.#clock.setTimeout(() => this.destroy(reason), CLOSE_GRACE_MS);
  }

  /** Cuts the connection at once. */
  destroy(reason: CloseReason): void {
    this.#socket.destroy();
    this.#finish(this.#reason ?? reason);
  }

  #send<C extends RequestName>(content: PduContent<C>, inWindow: boolean): Promise<RequestOutcome<C>> {
    const sequence_number = this.#pending.nextSequence();
    const octets = encodePdu({ ...content, sequence_number });
    return new Promise((resolve) => {
      // Only a response of the request's own type settles it (#answer), which the map's single type cannot express.
      const settle = resolve as (outcome: RequestOutcome) => void;
      this.#batch.add(octets, this.#pending.add(sequence_number, content.command, inWindow, settle));
    });
  }

  #read(chunk: Buffer): void {
    if (this.#isClosed) return;
    const fault = this.#framer.push(chunk, this.#onFrame);
    if (fault === undefined || this.#reason === fault) return;
    this.nack(0, COMMAND_STATUS.ESME_RINVCMDLEN);
    this.end(fault);
  }

  #receive(frame: Buffer): void {
    if (this.#isClosed) return;
    this.#link.heard();
    const result = decodePdu(frame);
    if (result.kind === "malformed") this.#refuse(result);
    else this.#take(result.pdu, frame);
  }

  #take(pdu: Pdu, frame: Buffer): void {
    switch (pdu.command) {
      case "enquire_link":
        this.respond(pdu);
        break;
      case "enquire_link_resp":
        this.#hasWorked = true;
        break;
      case "unbind":
        this.#reason ??= { kind: "unbound", by: "peer" };
        this.#depart(() => {
          this.respond(pdu);
          this.end({ kind: "unbound", by: "peer" });
        });
        break;
      case "outbind":
      case "alert_notification":
        this.#options.onNotification?.(pdu, this);
        break;
      case "bind_receiver":
      case "bind_transmitter":
      case "bind_transceiver":
      case "submit_sm":
      case "submit_multi":
      case "deliver_sm":
      case "data_sm":
      case "query_sm":
      case "cancel_sm":
      case "replace_sm":
        this.#hasWorked = true;
        this.#options.onRequest(pdu, this, frame);
        break;
      default:
        this.#answer(pdu);
    }
  }

  /** Settles the request that a response or generic_nack belongs to. */
  #answer(pdu: Exclude<Pdu, IncomingRequest>): void {
    const { command_status } = pdu;
    const sequence_number = this.#sequenceAnsweredBy(pdu);
    const command = this.#pending.commandOf(sequence_number);
    const isNack = pdu.command === "generic_nack";
    if (command === undefined || (!isNack && pdu.command !== compiledLayout(command).response)) {
      this.#options.onFault?.({ kind: "unexpected-answer", pdu }, this);
      return;
    }
    const outcome = isNack
      ? ({ kind: "nack", command_status } as const)
      : ({ kind: "response", pdu: pdu as PduOf<ResponseName> } as const);
    if (pdu.command !== "unbind_resp") this.#hasWorked = true;
    const request = this.#pending.take(sequence_number);
    if (request === undefined) {
      this.#pending.takeLate(sequence_number);
      this.#options.onLateAnswer?.({ sequence_number, outcome }, this);
      return;
    }
    request.settle(outcome);
    if (request.inWindow) this.#options.onRoom?.(this);
  }

  /**
   * While a bind is unanswered, nothing else has been asked: a bind's answer, and any generic_nack (which may have the number 0), belong to
   * it whatever their number.
   */
  #sequenceAnsweredBy(pdu: Exclude<Pdu, IncomingRequest>): number {
    const bind = this.#unanswered;
    if (bind === undefined || pdu.sequence_number === bind.sequence_number) return pdu.sequence_number;
    if (pdu.command !== "generic_nack" && pdu.command !== bind.response) return pdu.sequence_number;
    this.#options.onFault?.({ kind: "renumbered-answer", pdu, asked: bind.sequence_number }, this);
    return bind.sequence_number;
  }

  /** The peer has said its last word: what it has not answered by now it never will. */
  #takeEnd(): void {
    this.#reason ??= { kind: "ended" };
    if (this.#options.onDeparture === undefined || this.#isClosed) return;
    this.#isClosing = true;
    this.#losePending(this.#pending.drain());
    this.#depart(() => this.end({ kind: "ended" }));
  }

  /** The peer leaves (SMPP 3.4 §2.7): nothing new is sent, and whoever knows what is still owed waits for it. */
  #depart(finish: () => void): void {
    if (this.#isDeparting) return;
    this.#isDeparting = true;
    this.#isClosing = true;
    this.#link.stop();
    this.#losePending(this.#pending.takeUnwritten());
    if (this.#options.onDeparture === undefined) finish();
    else this.#options.onDeparture(finish, this);
  }

  #losePending(requests: readonly PendingRequest<RequestOutcome>[]): void {
    for (const { settle, written } of requests) settle({ kind: "lost", written });
  }

  #refuse(pdu: MalformedPdu): void {
    this.#options.onFault?.(pdu, this);
    if (pdu.answer === undefined) return;
    const { answer, command_status, sequence_number } = pdu;
    this.writeRaw(encodePdu({ command: answer, command_status, sequence_number }));
  }

  #setFlow(): void {
    if (this.#isPaused || this.#batch.heldOctets > HIGH_WATER_OCTETS) this.#socket.pause();
    else if (this.#socket.isPaused()) this.#socket.resume();
  }

  #finish(reason: CloseReason): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#isClosing = true;
    this.#graceTimer?.cancel();
    this.#link.stop();
    this.#losePending(this.#pending.drain());
    this.#options.onClose(reason, this);
  }
}
