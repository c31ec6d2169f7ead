/**
 * What the refusal of a bind means (P20, P52). 0x0D is also «too many binds», and SMSCs that restart or have lost their own database answer
 * 0x0E and 0x0F. These prove a wrong password only where the credentials were never accepted and nobody else is bound with them.
 */
import { COMMAND_STATUS } from "../../smpp/command-status.ts";
import { classifyStatus, ESME_RALYBND, type StatusClassOverrides } from "./classify-status.ts";

export type RefusalVerdict =
  /** Nothing is wrong with the account: the usual waits. */
  | { readonly kind: "usual" }
  /** This link alone waits, up to `maxDelayMs`: others of the account are bound. */
  | { readonly kind: "link"; readonly maxDelayMs: number }
  /** No link is bound and the account has worked before, or may: it is tried again, ever more slowly, while operators are told. */
  | { readonly kind: "account"; readonly maxDelayMs: number }
  /** Repeating a wrong password locks accounts: nothing is tried until somebody resumes it. */
  | { readonly kind: "stop" };

export interface RefusedBind {
  readonly commandStatus: number;
  readonly overrides: StatusClassOverrides;
  /** Whether another link of the account is bound, here or at another process, or its bind is still unanswered. */
  readonly hasSibling: boolean;
  /**
   * Whether these credentials were ever accepted since they were configured; undefined where nobody can tell now. Asked only where it
   * decides.
   */
  readonly hasEverBound: () => Promise<boolean | undefined>;
}

/** Longest wait where the SMSC may have no place for one more bind. */
const fullMs = 60_000;
/** Longest wait where it does not know the account. */
const unknownMs = 300_000;

export async function judgeRefusal(refused: RefusedBind): Promise<RefusalVerdict> {
  const { commandStatus, overrides, hasSibling, hasEverBound } = refused;
  if (commandStatus === ESME_RALYBND || classifyStatus(commandStatus, overrides) !== "bind") {
    return { kind: "usual" };
  }
  const isFull = commandStatus === COMMAND_STATUS.ESME_RBINDFAIL;
  const maxDelayMs = isFull ? fullMs : unknownMs;
  if (hasSibling) return { kind: "link", maxDelayMs };
  if (!isFull && (await hasEverBound()) === false) return { kind: "stop" };
  return { kind: "account", maxDelayMs };
}
