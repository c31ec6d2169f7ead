/**
 * Fills the database of a stopped service with messages that were delivered in the past, by SQL: what the service itself
 * would have left, rows of all tables that a delivered message has.
 */
import { DatabaseSync } from "node:sqlite";

/** Every message is this long before the next one. */
const SPACING_MS = 20;

/** The id of the n-th filled message, a UUIDv7 of its time. */
const idSql = `printf('%08x-%04x-7000-8%03x-%012x', time >> 16, time & 65535, n & 4095, n)`;

/** Adds `count` delivered messages of an account, ending at `untilMs`; answers some of their ids, spread evenly. */
export function fillStore(
  databasePath: string,
  accountId: string,
  count: number,
  untilMs: number,
): readonly string[] {
  using db = new DatabaseSync(databasePath);
  db.exec("pragma journal_mode = wal; pragma synchronous = normal; pragma cache_size = -65536");
  db.exec(`begin immediate;
    create temp table filled as
      with recursive numbers(n) as (values (1) union all select n + 1 from numbers where n < ${count})
      select n, time, ${idSql} as id, '${accountId}' as account_id
      from (select n, ${untilMs} - (${count} - n + 1) * ${SPACING_MS} as time from numbers);`);
  db.exec(`
    insert into messages (account_id, id, sender_kind, sender, content_kind, text, lane, at_most_once, encoding,
        transliterate, max_segments, fast, accept_time, expire_time, delivery_count)
      select account_id, id, 1, 'Shop', 0, 'Your code is ' || n || '. Do not share it with anyone, we will never ask.',
        1, 0, 0, 0, 30, 0, time, time + 86400000, 1 from filled;
    insert into deliveries (id, account_id, recipient, country, state, lane, gateway_id, at_most_once, encoding,
        segment_count, available_time, expire_time, is_waiting, attempt_count, submit_time, final_time, done_time, first_start_time,
        first_end_time, first_encoding, first_segment_count, first_parts)
      select id || '.0000', account_id, '+4670' || printf('%07d', n % 10000000), 'SE', 4, 1, 'smsc', 0, 'gsm7',
        1, time, time + 86400000, 0, 1, time + 5, time + 15, time + 10, time, time + 5, 'gsm7', 1,
        '[[1,"ACCEPTED","' || printf('%010d', n) || '",null,0,' || time || ',["DELIVERED","DELIVRD","000",null,null,' ||
        (time + 10) || ',null,' || (time + 15) || ',0],null]]' from filled;
    insert into smsc_ids (gateway_id, match_key, nth, delivery_id, attempt, part, expire_time)
      select 'smsc', printf('%010d', n), 0, id || '.0000', 1, 1, time + 86400000 from filled;
    insert into reports (account_id, number, time, state, delivery_id)
      select account_id, (n - 1) * 3 + step, time + 5 * step,
        case step when 1 then 1 when 2 then 3 else 4 end, id || '.0000'
      from filled, (select 1 as step union all select 2 union all select 3);
    insert into report_counters (account_id, last, last_time)
      select account_id, count(*) * 3, max(time) + 15 from filled group by account_id;
    commit;`);
  const ids = db.prepare(`select id from filled where n % ${Math.max(1, Math.floor(count / 100))} = 0`).all();
  db.exec("pragma wal_checkpoint(truncate)");
  return ids.map((row) => String(row["id"]));
}
