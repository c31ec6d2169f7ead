/**
 * Takes what one session's SMSC delivers, and answers each once it is stored. While too many wait, the socket is not read, so that a slow
 * store slows the SMSC down instead of filling memory (P23).
 */
import type { SmppConnection } from "../../smpp/connection.ts";
import type { PduOf } from "../../smpp/pdu.ts";

/** A message or receipt that the SMSC wants an answer for. */
export type DeliverSm = PduOf<"deliver_sm"> | PduOf<"data_sm">;

export interface DeliverSmIntakeOptions {
  /** Deliveries without an answer at which reading pauses; it goes on at half of them. */
  readonly maxUnanswered: number;
  /** Answers the command_status for a delivery once it is stored; never rejects. */
  readonly store: (delivery: DeliverSm) => Promise<number>;
  readonly onAnswered: () => void;
}

export class DeliverSmIntake {
  readonly #options: DeliverSmIntakeOptions;
  #unanswered = 0;
  #isPaused = false;

  constructor(options: DeliverSmIntakeOptions) {
    this.#options = options;
  }

  get unanswered(): number {
    return this.#unanswered;
  }

  async take(delivery: DeliverSm, connection: SmppConnection): Promise<void> {
    const { maxUnanswered, store, onAnswered } = this.#options;
    this.#unanswered += 1;
    if (!this.#isPaused && this.#unanswered >= maxUnanswered) {
      this.#isPaused = true;
      connection.pauseReading();
    }
    const command_status = await store(delivery);
    connection.respond(delivery, { command_status, body: { message_id: "" } });
    this.#unanswered -= 1;
    if (this.#isPaused && this.#unanswered <= maxUnanswered / 2) {
      this.#isPaused = false;
      connection.resumeReading();
    }
    onAnswered();
  }
}
