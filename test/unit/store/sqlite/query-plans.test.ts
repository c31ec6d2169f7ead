import { randomUUID } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { expect, it } from "vitest";
import { createFollowedAccounts } from "../../../../src/store/fresh-reports.ts";
import { createAccept } from "../../../../src/store/sqlite/accept.ts";
import { createAppendReports } from "../../../../src/store/sqlite/append-reports.ts";
import { createReadBacklog } from "../../../../src/store/sqlite/backlog.ts";
import { createBecomeSubmitted } from "../../../../src/store/sqlite/become-submitted.ts";
import { createCancel } from "../../../../src/store/sqlite/cancel.ts";
import { createClaim } from "../../../../src/store/sqlite/claim.ts";
import { createClean } from "../../../../src/store/sqlite/clean.ts";
import { createEndOverdue } from "../../../../src/store/sqlite/end-overdue.ts";
import { createFindRequest } from "../../../../src/store/sqlite/find-request.ts";
import { createSettleFirst } from "../../../../src/store/sqlite/first-attempt.ts";
import { migrate } from "../../../../src/store/sqlite/migrate.ts";
import { createEndDelivery } from "../../../../src/store/sqlite/move-delivery.ts";
import { createReadReports } from "../../../../src/store/sqlite/read-reports.ts";
import { createReadStatus } from "../../../../src/store/sqlite/read-status.ts";
import { createRecordAttempt } from "../../../../src/store/sqlite/record-attempt.ts";
import { createRecordIncoming } from "../../../../src/store/sqlite/record-incoming.ts";
import { createRecordReceipts } from "../../../../src/store/sqlite/record-receipts.ts";
import { createRecover } from "../../../../src/store/sqlite/recover.ts";
import { createRemembered } from "../../../../src/store/sqlite/remembered.ts";
import { createSettle } from "../../../../src/store/sqlite/settle.ts";
import { createSmscIds } from "../../../../src/store/sqlite/smsc-ids.ts";
import { createSweep } from "../../../../src/store/sqlite/sweep.ts";
import { createTakeReference } from "../../../../src/store/sqlite/take-references.ts";

/** Walks a small table, or one in the order of its key up to a LIMIT, and says so here. */
const allowedScans = [
  // The accounts, of which there are few beside their messages.
  /^SELECT account_id FROM report_counters/,
  // What has an age of its own is read oldest first, up to a LIMIT.
  /^DELETE FROM (reports|request_ids|audit|stray_receipts|parked_receipts) /,
  /^SELECT id, arrival_time FROM incoming_messages ORDER BY id LIMIT/,
  // Counts and claims that walk an index of exactly the rows they are about.
  /INDEXED BY deliveries_(waiting WHERE is_waiting = 1 GROUP BY|claimed)/,
  // The deliveries of one message, found by key.
  /^SELECT state, count\(\*\) AS count FROM deliveries WHERE id >= \? AND id < \? GROUP BY/,
  /^SELECT count\(\*\) AS count FROM parked_receipts/,
  // The attempts of one delivery, in both places where they stand.
  /^SELECT .* FROM all_attempts WHERE delivery_id = \? AND number > 0 ORDER BY number DESC LIMIT/,
  // The ids under one key, up to a LIMIT.
  /^DELETE FROM smsc_ids .* ORDER BY nth LIMIT 100\) AS oldest/,
  // Walks the rows that are inserted.
  /^INSERT INTO reports [^V]+ VALUES/,
  // A stretch of reports, found by key up to a LIMIT.
  /^WITH stretch AS MATERIALIZED \( SELECT [a-z_, ]+ FROM reports WHERE account_id = \?1 AND number > \?2 ORDER BY number LIMIT/,
];

it("finds every row by a key or an index, never by reading a whole table", () => {
  const db = new DatabaseSync(":memory:");
  migrate(db, ":memory:", randomUUID);
  const statements: string[] = [];
  const recording = new Proxy(db, {
    get(target, property) {
      if (property !== "prepare") return Reflect.get(target, property, target);
      return (sql: string) => {
        statements.push(sql.replace(/\s+/g, " ").trim());
        return target.prepare(sql);
      };
    },
  });
  const endDelivery = createEndDelivery(recording);
  const becomeSubmitted = createBecomeSubmitted(recording, endDelivery);
  const endOverdue = createEndOverdue(endDelivery, becomeSubmitted);
  const takeReference = createTakeReference(recording, () => 0);
  const remembered = createRemembered();
  const smscIds = createSmscIds(recording, remembered);
  const attempts = createRecordAttempt(recording, smscIds);
  const settleFirst = createSettleFirst(recording, remembered, smscIds);
  const { replayParked } = createRecordReceipts(recording, endDelivery, remembered);
  createAccept(recording, takeReference);
  createAppendReports(recording, createFollowedAccounts());
  createCancel(recording, endDelivery, becomeSubmitted);
  createClaim(recording, takeReference, endOverdue);
  createClean(recording, smscIds);
  createRecordIncoming(recording, () => randomUUID());
  createRecover(recording, endDelivery, becomeSubmitted);
  createSettle(recording, {
    ...attempts,
    ...becomeSubmitted,
    endDelivery,
    settleFirst,
    replayParked,
  });
  createSweep(recording, endDelivery, endOverdue, becomeSubmitted);
  createReadStatus(recording);
  createReadReports(recording);
  createFindRequest(recording);
  createReadBacklog(recording);

  const offending = statements
    .filter((sql) => !allowedScans.some((allowed) => allowed.test(sql)))
    .flatMap((sql) =>
      db
        .prepare(`EXPLAIN QUERY PLAN ${sql}`)
        .all()
        .map((row) => String(row["detail"]))
        .filter((detail) => /^(SCAN|MERGE)|TEMP B-TREE/.test(detail))
        .map((detail) => `${detail}: ${sql}`),
    );
  // What is asked of the queue beside its order would be asked of each row in front.
  const filters = statements.filter((sql) => /INDEXED BY deliveries_waiting .*expire_time [<>=]/.test(sql));
  expect(filters).toEqual([]);
  expect(statements.length).toBeGreaterThan(60);
  expect(offending).toEqual([]);
  db.close();
});

it("P61 looks at the statements of every file that has some", () => {
  const folder = resolve(import.meta.dirname, "../../../../src/store/sqlite");
  const ours = readFileSync(import.meta.filename, "utf8");
  const files = readdirSync(folder).filter((file) => file.endsWith(".ts"));
  const withStatements = files.filter((file) =>
    /from "\.\/statement\.ts"/.test(readFileSync(join(folder, file), "utf8")),
  );
  expect(withStatements.length).toBeGreaterThan(15);
  // Those of other files are prepared by one that is looked at here.
  const inner = new Set(["clean-aged.ts", "clean-messages.ts", "parked-receipts.ts", "report-line.ts"]);
  // Those of steps: test/contract/store/record-plans.test.ts.
  inner.add("drive-step.ts");
  for (const file of ["clean-smsc-ids.ts", "usual-receipt.ts"]) inner.add(file);
  // About the file itself; no caller has them run.
  for (const file of ["inspect.ts", "log-begin.ts", "ownership.ts"]) inner.add(file);
  expect(withStatements.filter((file) => !inner.has(file) && !ours.includes(`/${file}"`))).toEqual([]);
});
