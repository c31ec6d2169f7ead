/**
 * Concatenation references by (sender as shown, recipient), counted up across gateways and wrapping at 16 bits (P35): all that a
 * transaction needs are taken by one statement, pairs in order.
 */
import { type Connection, statement } from "./statement.ts";

export interface ReferenceRequest {
  readonly sender: string;
  readonly recipient: string;
  readonly nowMs: number;
}

// A new pair begins at 0: its row holds the last one given, as an existing pair's does.
const take = statement<{ recipient: string; sender: string; reference: number }>(
  "take_references",
  `INSERT INTO concat_references AS c (recipient, sender, reference, time)
   SELECT recipient, sender, (count - 1) & 65535, time
   FROM unnest($1::text[], $2::text[], $3::integer[], $4::bigint[]) AS r (recipient, sender, count, time)
   ORDER BY recipient COLLATE "C", sender COLLATE "C"
   ON CONFLICT (recipient, sender) DO UPDATE SET
     reference = (c.reference + excluded.reference + 1) & 65535, time = excluded.time
   RETURNING c.recipient, c.sender, c.reference`,
);

/** The references in the order asked. */
export async function takeReferences(
  connection: Connection,
  requests: readonly ReferenceRequest[],
): Promise<readonly number[]> {
  if (requests.length === 0) return [];
  const pairs = new Map<string, { count: number; readonly request: ReferenceRequest }>();
  const keyOf = (pair: { readonly sender: string; readonly recipient: string }) =>
    `${pair.recipient}\n${pair.sender}`;
  for (const request of requests) {
    const known = pairs.get(keyOf(request));
    if (known === undefined) pairs.set(keyOf(request), { count: 1, request });
    else known.count += 1;
  }
  const entries = [...pairs.values()];
  const rows = await connection.all(
    take,
    entries.map(({ request }) => request.recipient),
    entries.map(({ request }) => request.sender),
    entries.map(({ count }) => count),
    entries.map(({ request }) => request.nowMs),
  );
  const next = new Map<string, number>();
  for (const row of rows) {
    const count = pairs.get(keyOf(row))?.count ?? 1;
    next.set(keyOf(row), row.reference - count + 1 + 65_536);
  }
  return requests.map((request) => {
    const reference = next.get(keyOf(request)) ?? 0;
    next.set(keyOf(request), reference + 1);
    return reference & 0xffff;
  });
}
