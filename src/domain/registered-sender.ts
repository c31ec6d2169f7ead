/** A sender that an account asked for, and what became of that. */
import type { AccountId } from "./ids.ts";

export type SenderState = "PENDING" | "APPROVED" | "REJECTED";

export interface RegisteredSender {
  readonly accountId: AccountId;
  /** As it goes out: international digits without plus, a short code, or letters. */
  readonly sender: string;
  readonly state: SenderState;
  /** Where it may be used, by ISO 3166-1 alpha-2 codes in ascending order; empty for everywhere. */
  readonly regionCodes: readonly string[];
  /** Whether other accounts may have an equal one, too. */
  readonly isShared: boolean;
  readonly purpose: string;
  /** Why it was rejected; empty otherwise. */
  readonly reason: string;
  readonly createTimeMs: number;
}

/** Equal for senders that people take for the same: handsets show capitals and spaces, and few look at them. */
export function foldSender(sender: string): string {
  return sender.toLowerCase().replaceAll(" ", "");
}
