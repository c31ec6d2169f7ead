/**
 * What waits to be sent to one account: receipts and handset messages, oldest first, to whichever of its receivers has
 * room. It is bounded and paced, and tries again what was not taken.
 */
import { COMMAND_STATUS } from "../smpp/command-status.ts";
import type { SmppConnection } from "../smpp/connection.ts";
import type { RequestOutcome } from "../smpp/connection-options.ts";
import type { PduContent } from "../smpp/pdu.ts";
import type { CounterBoard, CounterName } from "./counters.ts";
import type { DueQueue } from "./due-queue.ts";
import type { SimulatorSettings } from "./options.ts";

/** A session that deliver_sm's can go to. */
export interface Receiver {
  readonly connection: SmppConnection;
  /** False for ESMEs below version 3.4, which know no optional parameters. */
  readonly takesTlvs: boolean;
}

/** How a deliver_sm ended. */
export type DeliverOutcome =
  | { readonly kind: "acknowledged" }
  | { readonly kind: "refused"; readonly commandStatus: number }
  /** Pushed out of a full queue, or the simulator stopped. */
  | { readonly kind: "dropped" };

interface Entry {
  readonly purpose: "receipt" | "handset";
  readonly content: PduContent<"deliver_sm">;
  readonly onEnd: ((outcome: DeliverOutcome) => void) | undefined;
  attempts: number;
}

const SENT: Readonly<Record<Entry["purpose"], CounterName>> = {
  receipt: "receiptsSent",
  handset: "handsetMessagesSent",
};
const ACKNOWLEDGED: Readonly<Record<Entry["purpose"], CounterName>> = {
  receipt: "receiptsAcknowledged",
  handset: "handsetMessagesAcknowledged",
};

/** Refusals that are final: the ESME will not take this one later either (SMPP 3.4 §5.1.3). */
const FINAL_REFUSALS: ReadonlySet<number> = new Set([
  COMMAND_STATUS.ESME_RX_P_APPN,
  COMMAND_STATUS.ESME_RX_R_APPN,
]);

export interface OutboxOptions {
  readonly settings: SimulatorSettings;
  readonly board: CounterBoard;
  readonly dueQueue: DueQueue;
}

export class Outbox {
  readonly #settings: SimulatorSettings;
  readonly #board: CounterBoard;
  readonly #dueQueue: DueQueue;
  readonly #receivers: Receiver[] = [];
  #entries: Entry[] = [];
  #first = 0;
  #turn = 0;
  #tokens = 1;
  #filledMs: number;
  #isPumpDue = false;
  #isClosed = false;

  constructor({ settings, board, dueQueue }: OutboxOptions) {
    this.#settings = settings;
    this.#board = board;
    this.#dueQueue = dueQueue;
    this.#filledMs = settings.clock.monotonic();
  }

  /** Entries that wait, those in flight not counted. */
  get waiting(): number {
    return this.#entries.length - this.#first;
  }

  add(purpose: Entry["purpose"], content: PduContent<"deliver_sm">, onEnd?: Entry["onEnd"]): void {
    const entry: Entry = { purpose, content, onEnd, attempts: 0 };
    if (this.#isClosed) {
      this.#drop(entry);
      return;
    }
    this.#append(entry);
    this.pump();
  }

  addReceiver(receiver: Receiver): void {
    this.#receivers.push(receiver);
    this.pump();
  }

  removeReceiver(receiver: Receiver): void {
    const at = this.#receivers.indexOf(receiver);
    if (at !== -1) this.#receivers.splice(at, 1);
  }

  /** Sends what can be sent now. */
  pump(): void {
    while (this.#first < this.#entries.length) {
      const receiver = this.#nextReceiver();
      if (receiver === undefined || !this.#takeToken()) return;
      const entry = this.#shift();
      if (entry !== undefined) void this.#send(entry, receiver);
    }
  }

  /** Drops everything that waits. */
  close(): void {
    this.#isClosed = true;
    for (let entry = this.#shift(); entry !== undefined; entry = this.#shift()) this.#drop(entry);
  }

  #append(entry: Entry): void {
    if (this.waiting >= this.#settings.maxQueuedReceipts) {
      const oldest = this.#shift();
      if (oldest !== undefined) this.#drop(oldest);
    }
    this.#entries.push(entry);
  }

  #shift(): Entry | undefined {
    const entry = this.#entries[this.#first];
    if (entry === undefined) return undefined;
    this.#first++;
    if (this.#first === this.#entries.length || this.#first >= 4_096) {
      this.#entries = this.#entries.slice(this.#first);
      this.#first = 0;
    }
    return entry;
  }

  #drop(entry: Entry): void {
    if (entry.purpose === "receipt") this.#board.count("receiptsDropped");
    entry.onEnd?.({ kind: "dropped" });
  }

  #nextReceiver(): Receiver | undefined {
    for (let i = 0; i < this.#receivers.length; i++) {
      const receiver = this.#receivers[this.#turn++ % this.#receivers.length];
      if (receiver !== undefined && receiver.connection.room > 0) return receiver;
    }
    return undefined;
  }

  /** Takes a token of the pace; where there is none, pumps again once there is. */
  #takeToken(): boolean {
    const perSecond = this.#settings.receiptsPerSecond;
    if (perSecond === undefined) return true;
    const now = this.#settings.clock.monotonic();
    this.#tokens = Math.min(
      Math.max(1, perSecond / 10),
      this.#tokens + ((now - this.#filledMs) * perSecond) / 1_000,
    );
    this.#filledMs = now;
    if (this.#tokens >= 1) {
      this.#tokens--;
      return true;
    }
    if (!this.#isPumpDue) {
      this.#isPumpDue = true;
      this.#dueQueue.add(((1 - this.#tokens) * 1_000) / perSecond, () => {
        this.#isPumpDue = false;
        this.pump();
      });
    }
    return false;
  }

  async #send(entry: Entry, { connection, takesTlvs }: Receiver): Promise<void> {
    this.#board.count(SENT[entry.purpose]);
    const outcome = await connection.request(
      takesTlvs ? entry.content : { command: "deliver_sm", ...bodyOf(entry.content) },
    );
    this.#judge(entry, outcome);
  }

  #judge(entry: Entry, outcome: RequestOutcome<"deliver_sm">): void {
    const commandStatus =
      outcome.kind === "response"
        ? outcome.pdu.command_status
        : outcome.kind === "nack"
          ? outcome.command_status
          : undefined;
    if (outcome.kind === "response" && commandStatus === COMMAND_STATUS.ESME_ROK) {
      this.#board.count(ACKNOWLEDGED[entry.purpose]);
      entry.onEnd?.({ kind: "acknowledged" });
      return;
    }
    // A lost session says nothing about the receipt.
    if (outcome.kind !== "lost") entry.attempts++;
    const isFinal = commandStatus !== undefined && FINAL_REFUSALS.has(commandStatus);
    if (this.#isClosed || isFinal || entry.attempts >= this.#settings.receiptAttempts) {
      if (entry.purpose === "receipt") this.#board.count("receiptsDropped");
      entry.onEnd?.(commandStatus === undefined ? { kind: "dropped" } : { kind: "refused", commandStatus });
      return;
    }
    if (entry.purpose === "receipt") this.#board.count("receiptsRetried");
    const delayMs = outcome.kind === "lost" ? 0 : this.#settings.receiptRetryMs;
    this.#dueQueue.add(delayMs, () => {
      if (this.#isClosed) return this.#drop(entry);
      this.#append(entry);
      this.pump();
    });
  }
}

function bodyOf({ body }: PduContent<"deliver_sm">): Pick<PduContent<"deliver_sm">, "body"> {
  return body === undefined ? {} : { body };
}
