/** What a rule of an account is asked, and what it answers. */
import type { FieldViolation } from "../../domain/errors.ts";
import type { E164, Lane, Sender } from "../../domain/message.ts";
import type { CallRuleName, RecipientRuleName } from "../../domain/policy-rule.ts";
import type { StatusCodeName } from "../../domain/status-code.ts";
import type { Suppression } from "../../domain/suppression.ts";
import type { AccountPolicy, ContentCategory } from "../policy.ts";
import type { GuardFigures } from "../pumping-guard.ts";
import type { SenderTable } from "../sender-table.ts";

/** A request as the rules of a whole call see it. */
export interface CallFacts {
  /** As it goes out; undefined where nothing is sent and nobody is named. */
  readonly sender: string | undefined;
  readonly recipientCount: number;
  readonly premium: boolean;
  readonly isText: boolean;
  /** As it was asked for; undefined where it was not. */
  readonly lane: Lane | undefined;
  readonly contentCategory: ContentCategory;
  /** Whether no gateway takes the content as a single segment. */
  readonly needsSegments: () => boolean;
}

export interface CallFault {
  readonly rule: CallRuleName;
  /** At least one; in field order. */
  readonly violations: readonly FieldViolation[];
}

/** One recipient as the rules see it. */
export interface RecipientFacts {
  readonly number: E164;
  /** As it goes out. */
  readonly sender: Sender;
  /** ISO 3166-1 alpha-2 code, that of the main country of its calling code where the number's own is not known. */
  readonly country: string | undefined;
  /** Undefined where the number's own is not known. */
  readonly knownCountry: string | undefined;
  readonly contentCategory: ContentCategory;
  /** In which it would be sent. */
  readonly lane: Lane;
  /** What keeps messages from the number now. */
  readonly suppressions: readonly Pick<Suppression, "contentCategories" | "source">[];
  /** What the account sent there in this hour; undefined where nobody counts. */
  readonly sent?: GuardFigures | undefined;
  readonly nowMs: number;
}

export interface RecipientFault {
  readonly rule: RecipientRuleName;
  readonly code: StatusCodeName;
  /** The rule in words, without the number. */
  readonly description: string;
  /** Set where waiting helps; milliseconds. */
  readonly retryAfterMs?: number;
}

export type CallRule = (facts: CallFacts) => CallFault | undefined;
export type RecipientRule = (facts: RecipientFacts) => RecipientFault | undefined;

/** What rules go by beside the policy. */
export interface RuleSources {
  /** Senders of the account as they go out, with the countries that each is approved for; undefined for everywhere. */
  readonly approved: ReadonlyMap<string, ReadonlySet<string> | undefined>;
  readonly table: SenderTable;
}

/** Makes a rule of what a policy says; undefined where it says nothing. */
export type CallRuleMaker = (policy: AccountPolicy, sources: RuleSources) => CallRule | undefined;
export type RecipientRuleMaker = (policy: AccountPolicy, sources: RuleSources) => RecipientRule | undefined;
