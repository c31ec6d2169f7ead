/** Handsets that opt out and in again: what they say is a step of the transaction that stores their message. */
import type { AccountId } from "../../domain/ids.ts";
import type { E164 } from "../../domain/message.ts";
import { optsOut, readOptOut } from "../../domain/opt-out.ts";
import type { IncomingPart } from "../../domain/receipt.ts";
import { foldSender } from "../../domain/registered-sender.ts";
import { type Act, audited, type Done, lastChange } from "./audit.ts";
import { requireReaders } from "./readers.ts";
import { all, first, run, type Step, sql } from "./sql.ts";
import { changedList, countKnown, countOf, keepCount, knowsSuppressions, removeOne } from "./suppressions.ts";

/** Accounts that share a number at most. */
const mostAddressed = 100;

const findAddressed = sql<{ account_id: AccountId; policy: string | null }>(
  "find_addressed_accounts",
  `SELECT s.account_id, a.policy FROM senders s LEFT JOIN accounts a ON a.id = s.account_id
   WHERE s.folded = $1 AND s.state = 'APPROVED' AND s.sender = $2 LIMIT $3`,
);
const findOfHandset = sql<{ recipient: string }>(
  "find_suppression_of_handset",
  "SELECT recipient FROM suppressions WHERE account_id = $1 AND recipient = $2 AND source = 'HANDSET'",
);
const putOfHandset = sql(
  "put_suppression_of_handset",
  `INSERT INTO suppressions (account_id, recipient, source, content_categories, expire_time, create_time, seq) VALUES ($1, $2, 'HANDSET', '', NULL, $3, $4)
   ON CONFLICT (account_id, recipient, source) DO NOTHING`,
);

/**
 * What a handset said to all accounts for which the addressed number is approved, in the transaction that stores its message: STOP
 * suppresses its number, START frees it of that alone. Accounts whose list has it since.
 */
export function* takeOptOut(part: IncomingPart): Step<readonly AccountId[]> {
  const said = readOptOut(part);
  if (said?.handset === undefined) return [];
  const { word, handset, addressed } = said;
  const optedOut: AccountId[] = [];
  for (const { account_id, policy } of yield* all(
    findAddressed,
    foldSender(addressed),
    addressed,
    mostAddressed,
  )) {
    const isOut = optsOut(word, policy ?? "{}");
    if (isOut === undefined) continue;
    const isThere = (yield* first(findOfHandset, account_id, handset)) !== undefined;
    if (isThere === isOut) continue;
    const request = JSON.stringify({ recipient: handset, word });
    yield* takeOne(actOfHandset(part, account_id, request), account_id, handset, isOut);
    if (isOut) optedOut.push(account_id);
  }
  return optedOut;
}

const takeOne = audited("ACCOUNT", takeHandset);

function* takeHandset(act: Act, accountId: AccountId, handset: E164, isOut: boolean): Step<Done<undefined>> {
  const before = yield* countOf(accountId);
  const known = yield* countKnown(accountId, [handset]);
  if (isOut) {
    // Taken in any case: a replica of before, which does not know of it, sends until it is gone.
    yield* requireReaders(knowsSuppressions);
    yield* run(putOfHandset, accountId, handset, act.timeMs, (yield* lastChange()) + 1);
  } else yield* run(removeOne, accountId, handset, "HANDSET");
  const after = before - known + (yield* countKnown(accountId, [handset]));
  if (after !== before) yield* run(keepCount, accountId, after);
  return { outcome: undefined, change: { changed: changedList(accountId) } };
}

function actOfHandset({ gatewayId, arrivalTimeMs }: IncomingPart, subject: AccountId, request: string): Act {
  return {
    ...{ timeMs: arrivalTimeMs, keyId: "", accountId: undefined, actor: "handset" },
    ...{ peer: gatewayId, method: "deliver_sm", subject, request },
  };
}
