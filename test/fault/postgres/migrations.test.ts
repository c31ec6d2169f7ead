import { describe, expect, it } from "vitest";
import { toAccountId } from "../../../src/domain/ids.ts";
import type { E164 } from "../../../src/domain/message.ts";
import { silentLogger } from "../../../src/observability/logger.ts";
import { migrate, migrations } from "../../../src/store/postgres/migrate.ts";
import { openPostgresStore } from "../../../src/store/postgres/open.ts";
import { withDatabase } from "../../../src/store/postgres/with-database.ts";
import { StoreUnavailableError } from "../../../src/store/store-unavailable-error.ts";
import { actAt } from "../../support/acts.ts";
import { createFakeClock } from "../../support/fake-clock.ts";
import { postgresMissing } from "../../support/postgres-database.ts";
import { account, buildAcceptance } from "../../support/store-builders.ts";
import { useReplicas } from "./replica-world.ts";

const own = Math.max(...migrations.map(({ version }) => version));

describe.skipIf(postgresMissing !== undefined)(`PostgreSQL migrations ${postgresMissing ?? ""}`, () => {
  const world = useReplicas();

  it("lets five replicas start at once on an empty database, as one store", async () => {
    const stores = await Promise.all([1, 2, 3, 4, 5].map(() => world.open()));
    expect(new Set(stores.map(({ id }) => id)).size).toBe(1);
    expect(await world.database.query("SELECT value FROM meta WHERE key = 'version'")).toEqual([
      { value: `${own}` },
    ]);
  });

  it("refuses a schema that needs a newer program, and says so", async () => {
    await world.open();
    await world.database.query("UPDATE meta SET value = '99' WHERE key IN ('version', 'min_reader')");
    await expect(world.open()).rejects.toThrowError(StoreUnavailableError);
    await expect(world.open()).rejects.toMatchObject({
      reason: "NEWER_SCHEMA",
      message: expect.stringContaining(
        `schema 99, which needs a program that reads schema 99; this one reads ${own}.`,
      ),
    });
  });

  it("works beside a newer release whose schema it can still read", async () => {
    const store = await world.open();
    await world.database.query("UPDATE meta SET value = '99' WHERE key = 'version'");
    await world.database.query("ALTER TABLE messages ADD COLUMN widened text");
    const beside = await world.open();
    await beside.accept([buildAcceptance()]);
    expect((await store.listMessages(account, {}, { before: undefined, limit: 5 })).messages).toHaveLength(1);
  });

  it("takes what older replicas would ignore only while none of them lives, and lets none start from then on", async () => {
    const store = await world.open();
    await store.join(0);
    const query = (text: string) => world.database.query(text);
    const minReader = async () =>
      (await query("SELECT value FROM meta WHERE key = 'min_reader'"))[0]?.["value"];
    await query("UPDATE meta SET value = '1' WHERE key = 'min_reader'");
    await query(
      "INSERT INTO replicas (id, epoch, lease_until) VALUES ('old-one', 1, clock_timestamp() - interval '1 second')",
    );
    const suspend = () => store.setAccountState(actAt(), account, "SUSPENDED", true);
    await expect(suspend(), "it may wake and renew its lease").rejects.toMatchObject({
      code: "SERVICE_UNAVAILABLE",
      message: expect.stringContaining("old-one"),
    });
    const policy = '{"maxSegments":1}';
    const restrict = () => store.updateAccount(actAt(), account, { policy }, undefined, true);
    await expect(restrict()).rejects.toMatchObject({ code: "SERVICE_UNAVAILABLE" });
    const restricted = { id: toAccountId("restricted"), displayName: "", policy };
    await expect(store.createAccount(actAt(), restricted, false)).rejects.toMatchObject({
      code: "SERVICE_UNAVAILABLE",
    });
    const dutch = { sender: "ACME", purpose: "", regionCodes: ["NL"] };
    const askForSender = () => store.requestSender(actAt(), account, dutch);
    for (const ignored of [askForSender, () => store.allowSenderTypes()])
      await expect(ignored()).rejects.toMatchObject({
        code: "SERVICE_UNAVAILABLE",
        message: expect.not.stringContaining("old-one"),
      });
    expect(await store.requestSender(actAt(), account, { ...dutch, regionCodes: [] })).toMatchObject({
      state: "PENDING",
    });
    const suppression = { recipient: "+46700000001" as E164, contentCategories: [], expireTimeMs: undefined };
    const suppress = () =>
      store.changeSuppressions(actAt(), account, { upserted: [suppression], removed: [] });
    await expect(suppress()).rejects.toMatchObject({
      code: "SERVICE_UNAVAILABLE",
      message: expect.not.stringContaining("old-one"),
    });
    expect(await store.changeSuppressions(actAt(), account, { upserted: [], removed: [] })).toBe(0);
    expect(await store.readAccount(account)).toBeUndefined();
    expect(await store.readAccount(restricted.id)).toBeUndefined();
    expect(await minReader()).toBe("1");
    await query("UPDATE replicas SET is_dead = true WHERE id = 'old-one'");
    expect(await suspend()).toMatchObject({ state: "SUSPENDED" });
    expect(await minReader()).toBe("15");
    await store.allowSenderTypes();
    expect(await minReader()).toBe("19");
    expect(await askForSender()).toMatchObject({ regionCodes: ["NL"] });
    expect(await suppress()).toBe(1);
    expect(await minReader()).toBe("26");
    expect(await restrict()).toMatchObject({ policy });
    expect(await minReader()).toBe("28");
  });

  it("knows a replica as of a former release where that took the name of a newer one over", async () => {
    const { store } = await world.join("one");
    const former = await world.join("two");
    const suspend = (id: string) => store.setAccountState(actAt(), toAccountId(id), "SUSPENDED", true);
    expect(await suspend("shop")).toMatchObject({ state: "SUSPENDED" });
    await former.store.close();
    // As a program of before version 15 takes it.
    await world.database.query(
      `UPDATE replicas SET epoch = epoch + 1, is_dead = false, lease_until = clock_timestamp() + interval '1 hour'
       WHERE id = 'two'`,
    );
    await expect(suspend("other")).rejects.toMatchObject({
      code: "SERVICE_UNAVAILABLE",
      message: expect.stringContaining("two"),
    });
    await world.database.query(
      "UPDATE replicas SET lease_until = clock_timestamp() - interval '1 second' WHERE id = 'two'",
    );
    await world.join("two");
    expect(await suspend("other"), "upgraded again").toMatchObject({ state: "SUSPENDED" });
  });

  it("lowers nothing that a feature asked of readers while a migration ran", async () => {
    await world.open();
    const last = { version: own + 1, minReader: 1 };
    // Between the look at the schema and the writing of its version.
    const sql = `UPDATE meta SET value = '${own + 1}' WHERE key = 'min_reader'`;
    await withDatabase([world.database.url], "migration", (client, name) =>
      migrate(client, name, () => "unused", [...migrations, { ...last, sql }]),
    );
    expect(await world.database.query("SELECT value FROM meta WHERE key = 'min_reader'")).toEqual([
      { value: `${own + 1}` },
    ]);
  });

  it("refuses a schema of that name that holds another program's tables", async () => {
    await world.database.query("CREATE SCHEMA sms_relay");
    await world.database.query("CREATE TABLE sms_relay.theirs (id int)");
    await expect(world.open()).rejects.toMatchObject({ reason: "NOT_OURS" });
  });

  it("says which database cannot be reached, without its password", async () => {
    const urls = ["postgres://someone:secret@127.0.0.1:1/nowhere"];
    const opening = openPostgresStore({ urls, clock: createFakeClock(), log: silentLogger });
    await expect(opening).rejects.toMatchObject({
      reason: "AWAY",
      message: expect.stringMatching(/^127\.0\.0\.1:1\/nowhere cannot be used: (?!.*secret)/),
    });
  });

  it("refuses to make a backup and names PostgreSQL's own means", async () => {
    const store = await world.open();
    await expect(store.backup("/tmp/copy")).rejects.toThrowError(/pg_dump/);
  });
});
