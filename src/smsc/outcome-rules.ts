/** Decides what becomes of a message by its destination: rules are data, the first that matches counts. */
import type { Stat } from "../smpp/message-state.ts";

/** What happens to destinations that match. A rule with neither prefix nor suffix matches all. */
export interface OutcomeRule {
  /** Digits that the destination starts with. */
  readonly prefix?: string;
  /** Digits that the destination ends with. */
  readonly suffix?: string;
  /** Refuses the submit_sm with this command_status; nothing else then counts. */
  readonly submitStatus?: number;
  /** The state that the receipt reports; default DELIVRD. A state that is not final is the last one heard. */
  readonly state?: Stat;
  /** `err` of the receipt's text and the code of network_error_code; default 0 when delivered, 1 otherwise. */
  readonly error?: number;
  /** Time from acceptance to the receipt; default the simulator's receiptDelayMs. */
  readonly delayMs?: number;
  /** Sends no receipt at all. */
  readonly isSilent?: boolean;
}

/**
 * Rules that hold unless others are given: the last five digits of the destination choose the outcome. Every other
 * number is delivered.
 */
export const DEFAULT_RULES: readonly OutcomeRule[] = [
  { suffix: "99001", state: "UNDELIV", error: 1 },
  { suffix: "99002", state: "EXPIRED", error: 27 },
  { suffix: "99003", state: "REJECTD", error: 13 },
  { suffix: "99004", state: "DELETED", error: 0 },
  { suffix: "99005", state: "UNKNOWN", error: 0 },
  { suffix: "99006", state: "ACCEPTD", error: 0 },
  { suffix: "99007", isSilent: true },
  { suffix: "99008", delayMs: 5_000 },
  { suffix: "99011", submitStatus: 0x0b },
  { suffix: "99012", submitStatus: 0x08 },
  { suffix: "99013", submitStatus: 0x45 },
  { suffix: "99014", submitStatus: 0x58 },
  { suffix: "99015", submitStatus: 0x14 },
  { suffix: "99016", submitStatus: 0x65 },
];

/** What holds where no rule matches: the message is delivered. */
export const DELIVERED: OutcomeRule = {};

/** The first rule that matches a destination; DELIVERED when none does. */
export function ruleFor(destination: string, rules: readonly OutcomeRule[]): OutcomeRule {
  for (const rule of rules) {
    const starts = rule.prefix === undefined || destination.startsWith(rule.prefix);
    if (starts && (rule.suffix === undefined || destination.endsWith(rule.suffix))) return rule;
  }
  return DELIVERED;
}
