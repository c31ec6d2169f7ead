/** What an account may do beside the service's defaults: its settings. What they mean stands in the rules. */
import type { RateLimit } from "../domain/rate-limit.ts";
import type { PumpingGuard } from "./pumping-guard.ts";
import type { ValueRule } from "./value-rule.ts";

/** How recipients may be written: `+` and digits, or any form that people write. */
export type NumberForms = "E164" | "ANY";

/** Kinds of numbers; one that may be of a fixed line or mobile counts as MOBILE. */
export const numberTypes = ["MOBILE", "FIXED_LINE", "SPECIAL", "UNKNOWN"] as const;
export type NumberType = (typeof numberTypes)[number];

/** What a message is about. */
export const contentCategories = ["INFORMATIONAL", "ADVERTISEMENT"] as const;
export type ContentCategory = (typeof contentCategories)[number];

/** A time of the day at the recipient's, in minutes from midnight; it ends on the next day where it ends before it begins. */
export interface QuietHours {
  readonly fromMinute: number;
  readonly untilMinute: number;
}

/** Settings as an operator gave them; what is missing is as the service's default says. */
export interface AccountPolicy {
  /** One recipient, a text of one segment, lane OTP. */
  readonly oneTimePasswordsOnly?: boolean;
  /** Countries that it may send to, by ISO 3166-1 alpha-2 code. */
  readonly regions?: ValueRule;
  /** Country of numbers in national form; empty for none. */
  readonly defaultRegionCode?: string;
  readonly numberForms?: NumberForms;
  /** Whether numbers without `+`, `00` or `0` are national. */
  readonly assumeNational?: boolean;
  readonly numberTypes?: ValueRule;
  readonly contentCategories?: ValueRule;
  /** Whether only senders of the account that are approved may be used. */
  readonly registeredSendersOnly?: boolean;
  /** Of requests without one; empty for none. */
  readonly defaultSender?: string;
  /** Of a request. */
  readonly maxRecipients?: number;
  /** By recipient. */
  readonly maxSegments?: number;
  /** In UTF-16 code units. */
  readonly maxTextLength?: number;
  /** Where calls may come from: addresses and ranges of them. */
  readonly ipRanges?: ValueRule;
  /** Of requests that do not say how long to try; milliseconds. */
  readonly defaultValidityMs?: number;
  /** Whether it may ask for premium gateways. */
  readonly premiumAllowed?: boolean;
  /** How many messages it may send in a second, an hour and a day; the shortest first. */
  readonly rateLimits?: readonly RateLimit[];
  /** When advertisement is not sent. */
  readonly quietHours?: QuietHours;
  /** Words by which handsets opt out: only these, or the usual ones without some. */
  readonly optOutWords?: ValueRule;
  /** Caps on what goes to few destinations. */
  readonly pumpingGuard?: PumpingGuard;
}
