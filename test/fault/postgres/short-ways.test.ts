import pg from "pg";
import { describe, expect, it, vi } from "vitest";
import { type DeliveryId, toAccountId } from "../../../src/domain/ids.ts";
import { postgresMissing } from "../../support/postgres-database.ts";
import {
  acceptClaimed,
  acceptSubmitted,
  account,
  buildAcceptance,
  buildReceipt,
  buildSubmitted,
  startMs,
} from "../../support/store-builders.ts";
import { useReplicas } from "./replica-world.ts";

describe.skipIf(postgresMissing !== undefined)(`short ways on PostgreSQL ${postgresMissing ?? ""}`, () => {
  const world = useReplicas();

  /** Resolves once a statement waits for a lock. */
  const someoneWaits = () =>
    expect
      .poll(async () => {
        const [row] = await world.database.query<{ count: number }>(
          `SELECT count(*)::int AS count FROM pg_stat_activity
           WHERE datname = current_database() AND wait_event_type = 'Lock'`,
        );
        return row?.count;
      })
      .toBe(1);
  const partsOf = async (id: DeliveryId) => {
    const rows = await world.database.query<{ parts: string }>(
      "SELECT parts FROM attempts WHERE delivery_id = $1",
      [id],
    );
    return rows.map(({ parts }) => JSON.parse(parts) as unknown[][]);
  };
  /** Statements by name that the replica sends for its work. */
  const sentBy = async (work: () => Promise<unknown>): Promise<readonly string[]> => {
    const query = vi.spyOn(pg.Client.prototype, "query");
    try {
      await work();
      const calls = query.mock.calls as unknown as [{ readonly name?: string }][];
      return calls.flatMap(([config]) =>
        config?.name === undefined ? [] : [config.name.split(" ")[0] ?? ""],
      );
    } finally {
      query.mockRestore();
    }
  };

  it("settle and end a batch by one statement each, beside the one for its reports", async () => {
    const { store, claimant } = await world.join("one");
    const ids = await acceptClaimed(store, claimant, { recipients: 3 });
    const settled = await sentBy(() =>
      store.settle(ids.map((id, index) => buildSubmitted(id, claimant, [`id-${index}`]))),
    );
    expect(settled).toEqual(["submit_deliveries", "append_reports_to_one"]);
    const received = await sentBy(() =>
      store.recordReceipts(ids.map((_, index) => buildReceipt(`id-${index}`))),
    );
    expect(received).toEqual(["find_parts", "end_deliveries", "append_reports_to_one"]);
    expect(await store.readStates(ids)).toEqual(["DELIVERED", "DELIVERED", "DELIVERED"]);
  });

  it("leave a delivery as it is that another replica ended between reading and writing", async () => {
    const { store, claimant } = await world.join("one");
    const id = await acceptSubmitted(store, claimant, ["id-1"]);
    const other = await world.database.connect();
    await other.query("BEGIN");
    await other.query(
      "UPDATE deliveries SET state = 8, reason = 'NO_RECEIPT', final_time = $2 WHERE id = $1 AND state = 3",
      [id, startMs],
    );
    const recording = store.recordReceipts([buildReceipt("id-1")]);
    await someoneWaits();
    await other.query("COMMIT");
    await other.end();
    // What was given up in silence takes a receipt later, once no other part can be meant.
    expect(await recording).toEqual([{ kind: "parked" }]);
    expect(await store.readStates([id])).toEqual(["UNKNOWN"]);
    expect((await partsOf(id))[0]?.[0]?.[6]).toBeNull();
    const { last } = await store.reportBounds(account);
    expect((await store.readReports(account, last - 1, 10)).map(({ state }) => state)).toEqual(["SUBMITTED"]);
  });

  it("keep what another replica noted on the same attempt between reading and writing", async () => {
    const { store, claimant } = await world.join("one");
    const id = await acceptSubmitted(store, claimant, ["id-1", "id-2"]);
    await store.recordReceipts([buildReceipt("id-1")]);
    const [before] = await partsOf(id);
    const [first, second] = before ?? [];
    if (first === undefined || second === undefined) expect.fail("no parts");
    const contradiction = ["UNDELIVERABLE", "UNDELIV", "001", null, null, null, null, startMs, 0];
    const noted = [[...first.slice(0, 7), contradiction], second];
    const other = await world.database.connect();
    await other.query("BEGIN");
    await other.query("SELECT 1 FROM deliveries WHERE id = $1 FOR UPDATE", [id]);
    await other.query("UPDATE attempts SET parts = $2 WHERE delivery_id = $1", [id, JSON.stringify(noted)]);
    const recording = store.recordReceipts([buildReceipt("id-2")]);
    await someoneWaits();
    await other.query("COMMIT");
    await other.end();
    expect(await recording).toMatchObject([{ kind: "matched", state: "DELIVERED", isFirstFinal: true }]);
    const [after] = await partsOf(id);
    expect(after?.[0]?.[7]).toEqual(contradiction);
    expect(after?.[1]?.[6]).not.toBeNull();
  });

  it("number the reports of several accounts in one batch without a gap", async () => {
    const { store } = await world.join("one");
    const accounts = ["one", "two", "three"].map(toAccountId);
    for (let round = 0; round < 2; round += 1) {
      const entries = [0, 1, 2].flatMap((turn) =>
        accounts.map((accountId) =>
          buildAcceptance({ recipients: 2, message: { accountId, acceptTimeMs: startMs + turn } }),
        ),
      );
      await store.accept(entries);
    }
    for (const accountId of accounts) {
      const reports = await store.readReports(accountId, 0, 100);
      expect(reports.map(({ number }) => number)).toEqual(
        Array.from({ length: 12 }, (_, index) => index + 1),
      );
      const times = reports.map(({ timeMs }) => timeMs);
      expect(times).toEqual(times.toSorted((left, right) => left - right));
    }
  });
});
