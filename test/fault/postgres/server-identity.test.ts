import { describe, expect, it } from "vitest";
import { createCursors } from "../../../src/app/subscriptions/cursors.ts";
import { silentLogger } from "../../../src/observability/logger.ts";
import { connect } from "../../../src/store/postgres/connect.ts";
import { createServerGuard } from "../../../src/store/postgres/server-guard.ts";
import { readIdentity } from "../../../src/store/postgres/server-identity.ts";
import { createDatabase, postgresMissing } from "../../support/postgres-database.ts";
import { account, buildAcceptance } from "../../support/store-builders.ts";
import { useReplicas } from "./replica-world.ts";

const guardOf = () => createServerGuard({ monotonic: () => performance.now(), log: silentLogger });

describe.skipIf(postgresMissing !== undefined)(
  `the identity of the database ${postgresMissing ?? ""}`,
  () => {
    const world = useReplicas();
    const identityIn = async () => {
      const [row] = await world.database.query<{ value: string }>(
        "SELECT value FROM meta WHERE key = 'database'",
      );
      return JSON.parse(row?.value ?? "{}") as Record<string, unknown>;
    };
    const setIdentity = async (change: Record<string, unknown>) =>
      world.database.query("UPDATE meta SET value = $1 WHERE key = 'database'", [
        JSON.stringify({ ...(await identityIn()), ...change }),
      ]);

    it("stands beside the store's id, and nothing changes while it is the same", async () => {
      const store = await world.open();
      expect(store.line.id).toBe(store.id);
      expect(await identityIn()).toEqual({
        systemId: expect.stringMatching(/^\d+$/),
        database: expect.stringMatching(/^\d+\.\d+$/),
        timeline: expect.any(Number),
      });
      expect((await world.open()).line).toEqual(store.line);
    });

    it("of a program before this one was never asked: its line goes on", async () => {
      const store = await world.open();
      await world.database.query("DELETE FROM meta WHERE key = 'database'");
      expect((await world.open()).line.id).toBe(store.id);
      expect(await identityIn()).toHaveProperty("systemId");
    });

    it.each([{ systemId: "1" }, { database: "1.2" }, { timeline: 0 }])(
      "P44 begins a new line of reports where it was another: %j",
      async (change) => {
        const before = await world.join("before");
        await before.store.accept([buildAcceptance({ recipients: 4 })]);
        await before.store.close();
        const old = createCursors(() => before.store.line);
        await setIdentity(change);
        const [after, beside] = await Promise.all([world.open(), world.open()]);
        expect(after.line.id).not.toBe(before.store.line.id);
        expect(beside.line).toEqual({ ...after.line, former: [expect.anything()] });
        const cursors = createCursors(() => after.line);
        expect(cursors.numberIn(account, old.cursorAfter(account, 4))).toBe(4);
        expect(() => cursors.numberIn(account, old.cursorAfter(account, 5))).toThrow(/not one of ours/);
        expect((await world.open()).line.id).toBe(after.line.id);
      },
    );

    it("binds all connections of a process: another database is refused, and the next server is asked", async () => {
      await world.open();
      const other = await createDatabase();
      try {
        const guard = guardOf();
        const options = { applicationName: "test", admit: guard.admit };
        const own = await connect({ ...options, urls: [world.database.url] });
        await expect(connect({ ...options, urls: [other.url] })).rejects.toThrow(/is another database/);
        const both = await connect({ ...options, urls: [other.url, world.database.url] });
        const reached = await Promise.all(
          [own, both].map(async (client) => (await readIdentity(client, () => 0)).identity),
        );
        expect(reached[1]).toEqual(reached[0]);
        expect([own, both].map((client) => guard.isCurrent(client))).toEqual([true, true]);
        await Promise.all([own.end(), both.end()]);
      } finally {
        await other.drop();
      }
    });
  },
);
