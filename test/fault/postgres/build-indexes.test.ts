/** Indexes that a start builds: slowly, beside others, or not at all. */
import type pg from "pg";
import { describe, expect, it } from "vitest";
import { buildIndexes } from "../../../src/store/postgres/build-indexes.ts";
import { connect } from "../../../src/store/postgres/connect.ts";
import type { AddedIndex } from "../../../src/store/schema-change.ts";
import { postgresMissing } from "../../support/postgres-database.ts";
import { useReplicas } from "./replica-world.ts";

const added: AddedIndex = { name: "slow_index", on: "smsc_ids (part)" };

describe.skipIf(postgresMissing !== undefined)(`building indexes ${postgresMissing ?? ""}`, () => {
  const world = useReplicas();

  function createLog() {
    const lines: string[] = [];
    const keep = (_fields: object, sentence?: string) => void lines.push(sentence ?? "");
    return { lines, info: keep as never, warn: keep as never };
  }

  /** A client of a start, and somebody whose transaction building has to wait for. */
  async function begin() {
    await world.open();
    const urls = [world.database.url];
    const [client, holder] = await Promise.all([
      connect({ urls, applicationName: "a start" }),
      world.database.connect(),
    ]);
    await holder.query("BEGIN; LOCK TABLE sms_relay.smsc_ids IN ROW EXCLUSIVE MODE");
    const waits =
      "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'CREATE INDEX%slow_index%' AND wait_event_type = 'Lock'";
    const isWaiting = () => expect.poll(() => world.database.query(waits)).toHaveLength(1);
    const isBuilt = async () =>
      (
        await world.database.query(
          "SELECT 1 FROM pg_index WHERE indexrelid = to_regclass('sms_relay.slow_index') AND indisvalid",
        )
      ).length === 1;
    const end = async (...clients: readonly pg.Client[]) => {
      for (const one of clients) await one.end();
    };
    return { client, holder, waits, isWaiting, isBuilt, end };
  }

  it("is waited for beyond the time in which other statements are answered", async () => {
    const { client, holder, isWaiting, isBuilt, end } = await begin();
    const shortMs = 500;
    Object.assign((client as unknown as { connectionParameters: object }).connectionParameters, {
      query_timeout: shortMs,
    });
    const log = createLog();
    const building = buildIndexes(client, [added], { log });
    await isWaiting();
    // The client's own timer must have had its time.
    await new Promise((resolve) => setTimeout(resolve, 2 * shortMs));
    await holder.query("COMMIT");
    await building;
    expect(await isBuilt()).toBe(true);
    expect(log.lines).toEqual(["Indexes of the database are built first."]);
    await end(client, holder);
  });

  it("is told and left to the next start where it fails", async () => {
    const { client, holder, waits, isWaiting, isBuilt, end } = await begin();
    const log = createLog();
    const building = buildIndexes(client, [added], { log });
    await isWaiting();
    await world.database.query(`SELECT pg_cancel_backend(pid) FROM (${waits}) AS w`);
    await building;
    expect(log.lines.at(-1)).toContain("could not be built");
    expect(await isBuilt()).toBe(false);
    await holder.query("COMMIT");
    await buildIndexes(client, [added], { log });
    expect(await isBuilt()).toBe(true);
    await end(client, holder);
  });

  it("is waited for only a while where another process is at it, which is told once", async () => {
    const { client, holder, isWaiting, isBuilt, end } = await begin();
    const other = await connect({ urls: [world.database.url], applicationName: "another start" });
    const building = buildIndexes(client, [added]);
    await isWaiting();
    const log = createLog();
    await buildIndexes(other, [added], { log, waitMs: 600 });
    expect(log.lines).toEqual([
      "Another process builds indexes of the database; waiting for it.",
      expect.stringContaining("could not be built"),
    ]);
    await expect(buildIndexes(other, [added], { waitMs: 0 })).rejects.toThrow("for long");
    await holder.query("COMMIT");
    await building;
    expect(await isBuilt()).toBe(true);
    await end(client, other, holder);
  });
});
