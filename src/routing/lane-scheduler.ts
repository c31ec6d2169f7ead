/**
 * Decides which lane goes next at a gateway (semantics: lanes): OTP first with up to 70 % while others wait, the rest NORMAL and
 * BULK three to one, unused shares lent. Costs are PDUs. It holds no queue and no time, only what each lane has had.
 */
import type { Lane } from "../domain/message.ts";

export interface LaneShares {
  /** Share of OTP while others wait, 0 to 1. */
  readonly otp: number;
  /** PDUs of NORMAL for each one of BULK. */
  readonly normalPerBulk: number;
  /** PDUs of its share that OTP may save while it has nothing to send; kept small, so that no window breaks the shares. */
  readonly otpSaving: number;
}

export const defaultLaneShares: LaneShares = { otp: 0.7, normalPerBulk: 3, otpSaving: 4 };

/** Which lanes have something that could go now. */
export interface WaitingLanes {
  readonly OTP: boolean;
  readonly NORMAL: boolean;
  readonly BULK: boolean;
}

export class LaneScheduler {
  readonly #shares: LaneShares;
  /** PDUs that OTP may still take before the others. */
  #otpCredit: number;
  /** Above 0, NORMAL has had more than its part. */
  #normalLead = 0;

  constructor(shares: LaneShares = defaultLaneShares) {
    this.#shares = shares;
    this.#otpCredit = shares.otpSaving;
  }

  /** The lane that goes next; undefined where none waits. */
  next(waiting: WaitingLanes): Lane | undefined {
    if (waiting.OTP && (this.#otpCredit > 0 || !(waiting.NORMAL || waiting.BULK))) return "OTP";
    if (waiting.NORMAL && waiting.BULK) return this.#normalLead <= 0 ? "NORMAL" : "BULK";
    if (waiting.NORMAL) return "NORMAL";
    return waiting.BULK ? "BULK" : undefined;
  }

  /** Books what the lane took; `waiting` is what waited when it was chosen. Lent shares cost nothing. */
  spend(lane: Lane, pdus: number, waiting: WaitingLanes): void {
    if (lane === "OTP") {
      if (waiting.NORMAL || waiting.BULK) this.#otpCredit -= pdus * (1 - this.#shares.otp);
      return;
    }
    const earned = this.#otpCredit + pdus * this.#shares.otp;
    this.#otpCredit = waiting.OTP
      ? earned
      : Math.max(this.#otpCredit, Math.min(earned, this.#shares.otpSaving));
    if (waiting.NORMAL && waiting.BULK) {
      this.#normalLead += lane === "NORMAL" ? pdus : -pdus * this.#shares.normalPerBulk;
    }
  }
}
