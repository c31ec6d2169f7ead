/** Fills a PostgreSQL store with messages as they stand after their life, without sending any. */
import type pg from "pg";

/** A thousandth of a second between one message and the next. */
const SPACING_MS = 1;

/** UUIDv7 of the message numbered n at `time`. */
const idSql = `lpad(to_hex(time >> 16), 8, '0') || '-' || lpad(to_hex(time & 65535), 4, '0') || '-7' || lpad(to_hex(n & 4095), 3, '0')
  || '-8000-' || lpad(to_hex(n), 12, '0')`;

export interface Filling {
  readonly accountId: string;
  /** Number of the first message; ids and SMSC ids come of it. */
  readonly from: number;
  readonly count: number;
  /** When the last of them was accepted. */
  readonly untilMs: number;
}

/** Adds delivered messages of one recipient with their attempt, SMSC id and three reports. */
export async function fillPostgres(
  client: pg.Client,
  { accountId, from, count, untilMs }: Filling,
): Promise<void> {
  await client.query("BEGIN");
  await client.query(
    `CREATE TEMP TABLE filled ON COMMIT DROP AS
     SELECT n, time, ${idSql} AS id, $1::text AS account_id FROM (
       SELECT n::bigint AS n, $4::bigint - ($2::bigint + $3::bigint - n) * ${SPACING_MS} AS time
       FROM generate_series($2::bigint, $2::bigint + $3::bigint - 1) AS n) AS numbered`,
    [accountId, from, count, untilMs],
  );
  await client.query(`
    INSERT INTO messages (account_id, id, sender_kind, sender, content_kind, text, lane, at_most_once, encoding, transliterate,
        max_segments, fast, accept_time, expire_time, delivery_count)
      SELECT account_id, id, 1, 'Shop', 0, 'Your code is ' || n || '. Do not share it with anyone, we will never ask.',
        1, 0, 0, 0, 30, 0, time, time + 86400000, 1 FROM filled;
    INSERT INTO deliveries (id, account_id, recipient, country, state, lane, gateway_id, at_most_once, encoding, segment_count,
        available_time, expire_time, attempt_count, submit_time, final_time, done_time)
      SELECT id || '.0000', account_id, '+4670' || lpad((n % 10000000)::text, 7, '0'), 'SE', 4, 1, 'smsc', 0, 'gsm7', 1,
        time, time + 86400000, 1, time + 5, time + 15, time + 10 FROM filled;
    INSERT INTO attempts (delivery_id, number, gateway_id, start_time, end_time, outcome, encoding, segment_count, parts)
      SELECT id || '.0000', 1, 'smsc', time, time + 5, 'ACCEPTED', 'gsm7', 1,
        '[[1,"ACCEPTED","' || lpad(n::text, 10, '0') || '",null,0,' || time || ',["DELIVERED","DELIVRD","000",null,null,' ||
        (time + 10) || ',null,' || (time + 15) || ',0],null]]' FROM filled;
    INSERT INTO smsc_ids (gateway_id, match_key, delivery_id, attempt, part, expire_time)
      SELECT 'smsc', lpad(n::text, 10, '0'), id || '.0000', 1, 1, time + 86400000 FROM filled ORDER BY n;
    WITH advanced AS (
      INSERT INTO report_counters AS c (account_id, last, last_time)
        SELECT account_id, count(*) * 3, max(time) + 15 FROM filled GROUP BY account_id
      ON CONFLICT (account_id) DO UPDATE SET last = c.last + excluded.last, last_time = excluded.last_time
      RETURNING c.account_id, c.last)
    INSERT INTO reports (account_id, number, time, state, delivery_id)
      SELECT f.account_id, a.last - (max(n) OVER () - n) * 3 - 3 + step, time + 5 * step,
        CASE step WHEN 1 THEN 1 WHEN 2 THEN 3 ELSE 4 END, id || '.0000'
      FROM filled f JOIN advanced a ON a.account_id = f.account_id, generate_series(1, 3) AS step ORDER BY n, step`);
  await client.query("COMMIT");
}
