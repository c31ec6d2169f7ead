/** A number that nothing is sent to, or no advertisement: who said so, and until when. */
import type { AccountId } from "./ids.ts";
import type { E164 } from "./message.ts";

/** By a call of the account or an operator, or since the handset said STOP. */
export type SuppressionSource = "CALL" | "HANDSET";

/** In place of an account's id: the service's own list, which holds for all accounts. */
export const everybodysList = "*" as AccountId;

export interface Suppression {
  readonly accountId: AccountId;
  readonly recipient: E164;
  readonly source: SuppressionSource;
  /** Only of these, in ascending order; empty for all. */
  readonly contentCategories: readonly string[];
  /** From then on it does not hold; undefined for never. */
  readonly expireTimeMs: number | undefined;
  readonly createTimeMs: number;
}
