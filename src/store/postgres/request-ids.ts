/** The request ids of accounts: remembered in the accepting transaction, found again there and before a refusal. */
import type { AccountId, MessageId } from "../../domain/ids.ts";
import type { KnownRequest } from "../accepting.ts";
import { requestMethods } from "../request-ids.ts";
import { type Connection, statement } from "./statement.ts";

const [method, formerMethod] = requestMethods;

interface RequestKey {
  readonly account_id: AccountId;
  readonly id: string;
}

// A twin that is being committed elsewhere is waited for; what is not answered here was known before, however old it is: cleaning
// forgets it by `retention.requestIds`.
const rememberRequests = statement<RequestKey>(
  "remember_requests",
  `INSERT INTO request_ids (account_id, method, id, hash, message_id, time)
   SELECT account_id, '${method}', id, hash, message_id, time
   FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::bigint[]) AS r (account_id, id, hash, message_id, time)
   WHERE NOT EXISTS (SELECT 1 FROM request_ids f WHERE f.account_id = r.account_id AND f.method = '${formerMethod}'
     AND f.id = r.id)
   ORDER BY account_id COLLATE "C", id COLLATE "C"
   ON CONFLICT (account_id, method, id) DO NOTHING
   RETURNING account_id, id`,
);
const findAll = statement<RequestKey & { hash: string; message_id: MessageId }>(
  "find_requests",
  `SELECT r.account_id, r.id, k.hash, k.message_id
   FROM unnest($1::text[], $2::text[]) AS r (account_id, id)
   CROSS JOIN LATERAL (
     SELECT hash, message_id FROM request_ids f
     WHERE f.account_id = r.account_id AND f.method = ANY ('{${requestMethods.join(",")}}') AND f.id = r.id
     ORDER BY f.time LIMIT 1) AS k`,
);

/** A request that wants to be remembered. */
export interface NewRequest extends KnownRequest {
  readonly accountId: AccountId;
  readonly id: string;
  readonly timeMs: number;
}

/** Remembers what is new, each id once; what is known already comes back, by the place of the request that asked. */
export async function rememberOrFind(
  connection: Connection,
  requests: readonly NewRequest[],
): Promise<readonly (KnownRequest | undefined)[]> {
  const accounts = requests.map(({ accountId }) => accountId);
  const ids = requests.map(({ id }) => id);
  const remembered = await connection.all(
    rememberRequests,
    accounts,
    ids,
    requests.map(({ hash }) => hash),
    requests.map(({ messageId }) => messageId),
    requests.map(({ timeMs }) => timeMs),
  );
  if (remembered.length === requests.length) return [];
  const isNew = new Set(remembered.map(keyOf));
  const known = new Map(
    (await connection.all(findAll, accounts, ids)).map((row) => [
      keyOf(row),
      { messageId: row.message_id, hash: row.hash },
    ]),
  );
  return requests.map(({ accountId, id }) => {
    const key = keyOf({ account_id: accountId, id });
    if (isNew.has(key)) return undefined;
    const found = known.get(key);
    // Cleaning came between the two statements; nothing was written, and the batch can be run again.
    if (found === undefined) throw new Error("a known request id was gone before it was read");
    return found;
  });
}

/** By the places of the ids. */
export async function findRequests(
  connection: Connection,
  accountId: AccountId,
  ids: readonly string[],
): Promise<readonly (KnownRequest | undefined)[]> {
  const rows = await connection.all(
    findAll,
    ids.map(() => accountId),
    ids,
  );
  const known = new Map(rows.map((row) => [row.id, { messageId: row.message_id, hash: row.hash }]));
  return ids.map((id) => known.get(id));
}

function keyOf({ account_id, id }: RequestKey): string {
  return `${account_id}\n${id}`;
}
