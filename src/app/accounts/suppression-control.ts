/** Lists and changes suppressed numbers: an account its own, operators any, and the service's list that holds for all. */
import { type FieldViolation, refuseFields, SmsError } from "../../domain/errors.ts";
import type { AccountId } from "../../domain/ids.ts";
import type { E164 } from "../../domain/message.ts";
import { parseE164 } from "../../domain/phone-number.ts";
import { holdsScope } from "../../domain/scopes.ts";
import { everybodysList, type Suppression, type SuppressionSource } from "../../domain/suppression.ts";
import type { Clock } from "../../observability/clock.ts";
import type { ContentCategory } from "../../policy/policy.ts";
import type { Store } from "../../store/store.ts";
import { actOf, type Caller } from "../calls/act.ts";
import {
  openPageToken,
  type Page,
  type PageRequest,
  pageSizeOf,
  sealPageToken,
} from "../calls/page-token.ts";
import type { Principal } from "../calls/principal.ts";
import type { TokenSealer } from "../calls/sealed-token.ts";
import type { Unknown } from "../calls/unknown.ts";
import type { AccountControl } from "./account-control.ts";
import type { SuppressionLists } from "./suppression-lists.ts";

/** Numbers of one call: they are one commit, which others wait for. */
export const mostChanged = 500;

/** A number to suppress, as a caller sent it. */
export interface SuppressionInput {
  readonly recipient: string;
  readonly contentCategories: readonly (ContentCategory | Unknown)[];
  /** Undefined for never; NaN where it is out of range. */
  readonly expireTimeMs: number | undefined;
}

export interface SuppressionControlDeps {
  readonly store: Pick<Store, "listSuppressions" | "changeSuppressions">;
  readonly sealer: TokenSealer;
  readonly clock: Pick<Clock, "now">;
  readonly lists: Pick<SuppressionLists, "add">;
  readonly accounts: Pick<AccountControl, "get">;
}

/** An empty account id is the caller's own; another's, and `*`, are for operators. */
export interface SuppressionControl {
  /** By number and source. */
  list(
    request: PageRequest & { readonly accountId: string; readonly recipient: string },
    principal: Principal,
  ): Promise<Page<Suppression>>;
  /** All or nothing; how many numbers the list has then. */
  change(
    input: {
      readonly accountId: string;
      readonly upserted: readonly SuppressionInput[];
      readonly removed: readonly string[];
    },
    principal: Principal,
    caller: Caller,
  ): Promise<number>;
}

const numberForm = "must be + and 7 to 15 digits";

/** Makes the use cases. */
export function createSuppressionControl(deps: SuppressionControlDeps): SuppressionControl {
  const { store, sealer, clock, lists, accounts } = deps;

  async function listOf(accountId: string, principal: Principal): Promise<AccountId> {
    if (accountId !== everybodysList) return (await accounts.get(accountId, principal)).id;
    if (holdsScope(principal.scopes, "ADMIN")) return everybodysList;
    const text = "The list that holds for all accounts is for operators.";
    throw new SmsError("ACCESS_DENIED", text, { metadata: { scope: "ADMIN" } });
  }

  return {
    async list({ accountId, recipient, ...page }, principal) {
      const limit = pageSizeOf(page);
      const number = recipient === "" ? undefined : parseE164(recipient);
      if (recipient !== "" && number === undefined)
        throw refuseFields([{ field: "recipient", reason: "INVALID_RECIPIENT", description: numberForm }]);
      const id = await listOf(accountId, principal);
      const name = `suppressions\u0000${id}\u0000${recipient}`;
      const after = openPageToken(sealer, name, page);
      const found = await store.listSuppressions(id, placeOf(after), number, clock.now(), limit + 1);
      const entries = found.slice(0, limit);
      const last = entries.at(-1);
      const isEnd = found.length <= limit || last === undefined;
      return {
        entries,
        nextPageToken: isEnd ? undefined : sealPageToken(sealer, name, `${last.recipient} ${last.source}`),
      };
    },

    async change({ accountId, upserted, removed }, principal, caller) {
      const nowMs = clock.now();
      const violations = faultsOf(upserted, removed, nowMs);
      if (violations.length > 0) throw refuseFields(violations);
      const id = await listOf(accountId, principal);
      const change = {
        upserted: upserted.map(({ recipient, contentCategories, expireTimeMs }) => ({
          recipient: recipient as E164,
          contentCategories: [...new Set(contentCategories)].toSorted(),
          expireTimeMs,
        })),
        removed: removed as readonly E164[],
      };
      const count = await store.changeSuppressions(actOf(caller, id, nowMs), id, change);
      lists.add(
        id,
        change.upserted.map(({ recipient }) => recipient),
      );
      return count;
    },
  };
}

function placeOf(after: string | undefined): Pick<Suppression, "recipient" | "source"> | undefined {
  const [recipient, source] = after?.split(" ") ?? [];
  return recipient === undefined
    ? undefined
    : { recipient: recipient as E164, source: source as SuppressionSource };
}

function faultsOf(
  upserted: readonly SuppressionInput[],
  removed: readonly string[],
  nowMs: number,
): readonly FieldViolation[] {
  const reason = "INVALID_PARAMETER";
  const violations: FieldViolation[] = [];
  if (upserted.length + removed.length > mostChanged) {
    const description = `must be at most ${mostChanged} with the removed_recipients`;
    return [{ field: "upserted", reason, description }];
  }
  const seen = new Set<string>();
  const checkNumber = (field: string, number: string) => {
    if (number === "") violations.push({ field, reason: "PARAMETER_MISSING", description: "is required" });
    else if (parseE164(number) === undefined)
      violations.push({ field, reason: "INVALID_RECIPIENT", description: numberForm });
    else if (seen.has(number)) violations.push({ field, reason, description: "must not be given twice" });
    seen.add(number);
  };
  for (const [index, { recipient, contentCategories, expireTimeMs }] of upserted.entries()) {
    const prefix = `upserted[${index}]`;
    checkNumber(`${prefix}.recipient`, recipient);
    for (const [position, category] of contentCategories.entries())
      if (category === "UNRECOGNIZED") {
        const description = "must be INFORMATIONAL or ADVERTISEMENT";
        violations.push({ field: `${prefix}.content_categories[${position}]`, reason, description });
      }
    // A time that is not one is past, too.
    if (expireTimeMs !== undefined && !(expireTimeMs > nowMs))
      violations.push({ field: `${prefix}.expire_time`, reason, description: "must be a time to come" });
  }
  for (const [index, number] of removed.entries()) checkNumber(`removed_recipients[${index}]`, number);
  return violations;
}
