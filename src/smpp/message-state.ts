/** The states that an SMSC reports, as data: message_state (SMPP 3.4 §5.2.28) and `stat` of receipt texts (appendix B). */

/** What a state means for a message: one of four ends, or none. */
export type Verdict = "delivered" | "expired" | "undeliverable" | "rejected" | "none";

/** A state by its number, its name in receipt texts, and what it means. 9 is SKIPPED of SMPP 5.0. */
export const MESSAGE_STATES = [
  { state: 0, stat: "SCHEDLD", verdict: "none" },
  { state: 1, stat: "ENROUTE", verdict: "none" },
  { state: 2, stat: "DELIVRD", verdict: "delivered" },
  { state: 3, stat: "EXPIRED", verdict: "expired" },
  { state: 4, stat: "DELETED", verdict: "undeliverable" },
  { state: 5, stat: "UNDELIV", verdict: "undeliverable" },
  { state: 6, stat: "ACCEPTD", verdict: "none" },
  { state: 7, stat: "UNKNOWN", verdict: "none" },
  { state: 8, stat: "REJECTD", verdict: "rejected" },
  { state: 9, stat: "SKIPPED", verdict: "undeliverable" },
] as const;

export type Stat = (typeof MESSAGE_STATES)[number]["stat"];

/** Spellings that SMSCs use besides the specification's seven letters. */
const VERDICT_BY_OTHER_SPELLING: Readonly<Record<string, Verdict>> = {
  DELIVERED: "delivered",
  FAILED: "undeliverable",
  UNDELIVERABLE: "undeliverable",
  UNDELIVERED: "undeliverable",
  UNDELIVRD: "undeliverable",
  REJECTED: "rejected",
};

const VERDICT_BY_STAT: ReadonlyMap<string, Verdict> = new Map<string, Verdict>([
  ...MESSAGE_STATES.map(({ stat, verdict }) => [stat, verdict] as const),
  ...Object.entries(VERDICT_BY_OTHER_SPELLING),
]);

/** What a `stat` means, in any case; undefined for a word nobody knows. */
export function verdictOfStat(stat: string): Verdict | undefined {
  return VERDICT_BY_STAT.get(stat.toUpperCase());
}

/** What a message_state means; undefined for a number nobody knows. */
export function verdictOfState(state: number): Verdict | undefined {
  return MESSAGE_STATES[state]?.verdict;
}

/** The `stat` of a message_state; undefined for a number nobody knows. */
export function statOfState(state: number): Stat | undefined {
  return MESSAGE_STATES[state]?.stat;
}
