/**
 * Concatenation references by (sender as shown, recipient), counted up across gateways and wrapping at 16 bits (P35): all that a
 * transaction needs are taken together, pairs in order.
 */
import { firstReference, referenceAfter, referenceCount } from "../concat-reference.ts";
import { type Connection, statement } from "./statement.ts";

export interface ReferenceRequest {
  readonly sender: string;
  readonly recipient: string;
  readonly nowMs: number;
}

interface ReferenceRow {
  readonly recipient: string;
  readonly sender: string;
  readonly reference: number;
}

const findOthers = statement<ReferenceRow>(
  "find_references",
  `SELECT c.recipient, c.sender, c.reference FROM unnest($1::text[]) AS r (recipient)
   CROSS JOIN LATERAL (
     SELECT recipient, sender, reference FROM concat_references WHERE recipient = r.recipient
     ORDER BY recipient, sender LIMIT 254) AS c`,
);
// As `referenceAfter` of concat-reference.ts by one step. Where two replicas begin a pair at once, the later one goes on.
const takeNext = statement<ReferenceRow>(
  "take_references",
  `INSERT INTO concat_references AS c (recipient, sender, reference, time)
   SELECT recipient, sender, first, time
   FROM unnest($1::text[], $2::text[], $3::integer[], $4::bigint[]) AS r (recipient, sender, first, time)
   ORDER BY recipient COLLATE "C", sender COLLATE "C"
   ON CONFLICT (recipient, sender) DO UPDATE SET time = excluded.time,
     reference = CASE c.reference & 255 WHEN 255 THEN (c.reference + 2) & 65535 ELSE c.reference + 1 END
   RETURNING c.recipient, c.sender, c.reference`,
);
// The rows are this transaction's since the statement before.
const setLast = statement(
  "set_last_references",
  `UPDATE concat_references AS c SET reference = r.reference
   FROM unnest($1::text[], $2::text[], $3::integer[]) AS r (recipient, sender, reference)
   WHERE c.recipient = r.recipient AND c.sender = r.sender`,
);

/** The references in the order asked. */
export async function takeReferences(
  connection: Connection,
  requests: readonly ReferenceRequest[],
  random: () => number,
): Promise<readonly number[]> {
  if (requests.length === 0) return [];
  const pairs = new Map<string, { count: number; readonly request: ReferenceRequest }>();
  for (const request of requests) {
    const known = pairs.get(keyOf(request));
    if (known === undefined) pairs.set(keyOf(request), { count: 1, request });
    else known.count += 1;
  }
  const asked = [...pairs.values()].map(({ request }) => request);
  const taken = await findTaken(connection, asked);
  const rows = await connection.all(
    takeNext,
    asked.map(({ recipient }) => recipient),
    asked.map(({ sender }) => sender),
    asked.map(({ recipient }) => beginPair(taken.get(recipient), random)),
    asked.map(({ nowMs }) => nowMs),
  );
  const next = new Map(rows.map((row) => [keyOf(row), row.reference]));
  const several = rows.flatMap((row) => {
    const count = pairs.get(keyOf(row))?.count ?? 1;
    return count === 1 ? [] : [{ ...row, reference: referenceAfter(row.reference, count - 1) }];
  });
  if (several.length > 0) {
    await connection.run(
      setLast,
      several.map(({ recipient }) => recipient),
      several.map(({ sender }) => sender),
      several.map(({ reference }) => reference),
    );
  }
  return requests.map((request) => {
    const reference = next.get(keyOf(request)) ?? referenceCount;
    next.set(keyOf(request), referenceAfter(reference, 1));
    return reference;
  });
}

/** What the pairs of each recipient have come to. */
async function findTaken(
  connection: Connection,
  asked: readonly ReferenceRequest[],
): Promise<ReadonlyMap<string, Set<number>>> {
  const taken = new Map(asked.map(({ recipient }) => [recipient, new Set<number>()]));
  for (const { recipient, reference } of await connection.all(findOthers, [...taken.keys()])) {
    taken.get(recipient)?.add(reference);
  }
  return taken;
}

/** For a pair that is there already it is not used. */
function beginPair(taken: Set<number> | undefined, random: () => number): number {
  const first = firstReference(taken ?? new Set(), random);
  taken?.add(first);
  return first;
}

function keyOf({ recipient, sender }: { readonly recipient: string; readonly sender: string }): string {
  return `${recipient}\n${sender}`;
}
