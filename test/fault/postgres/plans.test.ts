import pg from "pg";
import { describe, expect, it, vi } from "vitest";
import { fillPostgres } from "../../../bench/support/fill-postgres.ts";
import { type ClaimantId, messageIdOf, toGatewayId } from "../../../src/domain/ids.ts";
import { connect } from "../../../src/store/postgres/connect.ts";
import type { Store } from "../../../src/store/store.ts";
import { postgresMissing } from "../../support/postgres-database.ts";
import {
  acceptSubmitted,
  account,
  buildAcceptance,
  buildReceipt,
  gateway,
  recipientAt,
  startMs,
} from "../../support/store-builders.ts";
import { useReplicas } from "./replica-world.ts";

describe.skipIf(postgresMissing !== undefined)(`plans on PostgreSQL ${postgresMissing ?? ""}`, () => {
  const world = useReplicas();
  const limits = { OTP: 5, NORMAL: 5, BULK: 5 };
  const page = { afterPosition: -1, limit: 10, view: "FULL" } as const;

  /** Entries read of each index so far. */
  const readOf = async () => {
    await world.database.query("SELECT pg_stat_clear_snapshot()");
    const rows = await world.database.query<{ index: string; entries: string }>(
      `SELECT indexrelname AS index, idx_tup_read AS entries FROM pg_stat_user_indexes`,
    );
    return new Map(rows.map(({ index, entries }) => [index, Number(entries)]));
  };

  const exercise = async (store: Store, claimant: ClaimantId, key: string) => {
    const id = await acceptSubmitted(store, claimant, [key], { message: { lane: "OTP" } });
    await store.accept([buildAcceptance()]);
    const { last } = await store.reportBounds(account);
    await store.readReports(account, last - 3, 10);
    await store.readStatus(account, messageIdOf(id), page);
    const first = { before: undefined, limit: 1 };
    await store.listMessages(account, {}, first);
    await store.listMessages(account, { clientReference: "none" }, first);
    await store.openSubscription(account, "crm", 0, startMs, 10);
    await store.acknowledge(account, "crm", 1, startMs);
    await store.listSubscriptions(account, { after: undefined, limit: 1 });
    await store.readerEpochs([{ accountId: account, name: "crm" }]);
    await store.reportNumberBefore(account, startMs);
    await store.readStates([id]);
    await store.recordReceipts([buildReceipt(key)]);
    await store.claim({ claimant, gatewayId: gateway, limits, nowMs: startMs });
    await store.cancel(account, messageIdOf(id), startMs);
    await store.expireDue(startMs, 10);
    await store.endSilent(startMs, 0, 10);
    await store.renameReceipts(new Map([[toGatewayId("former"), gateway]]), startMs, 10);
  };

  it("made on empty tables stay by index however the tables grow", async () => {
    const { store, claimant } = await world.join("one");
    // Plans are made now and kept: nothing is known of the tables.
    for (let round = 0; round < 8; round += 1) await exercise(store, claimant, `warm-${round}`);
    for (let round = 0; round < 30; round += 1) {
      const bulk = Array.from({ length: 40 }, () => buildAcceptance({ message: { lane: "BULK" } }));
      await Promise.all([
        store.accept(bulk),
        ...Array.from({ length: 20 }, (_, index) =>
          acceptSubmitted(store, claimant, [`fill-${round}-${index}`], { message: { lane: "OTP" } }).catch(
            () => undefined,
          ),
        ),
      ]);
    }
    // A session hands its figures in with what it does next, once a second has passed: all are made to do a little.
    const settled = async () => {
      let sumBefore = Number.NEGATIVE_INFINITY;
      const isAtRest = async () => {
        await Promise.all([
          store.takeReferences([{ sender: "Acme", recipient: recipientAt(0) }], startMs),
          ...[1, 2, 3].map(() => store.pausedGateways()),
        ]);
        const sum = [...(await readOf()).values()].reduce((total, entries) => total + entries, 0);
        const hasChanged = sum - sumBefore > 20;
        sumBefore = sum;
        return !hasChanged;
      };
      await expect.poll(isAtRest, { interval: 1_200 }).toBe(true);
      return await readOf();
    };
    const before = await settled();
    await exercise(store, claimant, "measured");
    const after = await settled();
    const read = [...after].map(([index, entries]) => [index, entries - (before.get(index) ?? 0)] as const);
    // Each table has well over a thousand rows; one round needs a few.
    expect(read.filter(([, entries]) => entries > 300)).toEqual([]);
  });

  it("made anew when much is known of full tables go the same ways, and start no processes", async () => {
    const sent = vi.spyOn(pg.Client.prototype, "query");
    const { store, claimant } = await world.join("one");
    await exercise(store, claimant, "known");
    // They walk a key up to a LIMIT of thousands.
    const times = { acceptedFromMs: startMs, acceptedUntilMs: startMs + 1 };
    await store.listMessages(account, times, { before: undefined, limit: 1 });
    await store.listMessages(account, { ...times, clientReference: "none" }, { before: undefined, limit: 1 });
    await store.rescue(startMs);
    await store.backlog();
    const statements = new Map<string, string>();
    for (const [query] of sent.mock.calls as unknown as [unknown][]) {
      if (typeof query !== "object" || query === null || !("name" in query) || !("text" in query)) continue;
      statements.set(String(query.name), String(query.text));
    }
    sent.mockRestore();
    expect(statements.size).toBeGreaterThan(25);

    const filler = await world.database.connect();
    await fillPostgres(filler, { accountId: account, from: 1, count: 20_000, untilMs: startMs });
    await filler.query("ANALYZE");
    await filler.end();
    const client = await connect({ urls: [world.database.url], applicationName: "plans" });
    // As if tables were so large that processes are worth starting.
    for (const name of ["parallel_setup_cost", "parallel_tuple_cost", "min_parallel_index_scan_size"]) {
      await client.query(`SET ${name} = 0`);
    }
    const offending: string[] = [];
    for (const [name, text] of statements) {
      await client.query(`PREPARE planned AS ${text}`);
      const parameters = Math.max(0, ...[...text.matchAll(/\$(\d+)/g)].map(([, number]) => Number(number)));
      const nulls =
        parameters === 0 ? "" : `(${Array.from({ length: parameters }, () => "NULL").join(", ")})`;
      const { rows } = await client.query<{ "QUERY PLAN": [{ Plan: PlanNode }] }>(
        `EXPLAIN (FORMAT JSON) EXECUTE planned${nulls}`,
      );
      for (const found of rows.flatMap((row) => faultsOf(row["QUERY PLAN"][0].Plan))) {
        offending.push(`${name}: ${found}`);
      }
      await client.query("DEALLOCATE planned");
    }
    await client.end();
    expect(offending).toEqual([]);
  });
});

interface PlanNode {
  readonly "Node Type": string;
  readonly "Relation Name"?: string;
  readonly "Index Name"?: string;
  readonly "Index Cond"?: string;
  readonly Filter?: string;
  readonly Plans?: readonly PlanNode[];
}

/** Tables of the messages' own rows, which grow without end. */
const growing = ["messages", "deliveries", "attempts", "reports", "smsc_ids"];

/** Hold no more than what waits or is in flight, and are walked or jumped through. */
const short = ["deliveries_waiting", "deliveries_claimed"];

/** What reads a growing table otherwise than by a key, and what runs in processes of its own. */
function faultsOf(node: PlanNode): readonly string[] {
  const { "Node Type": type, "Relation Name": table = "", "Index Name": index = "" } = node;
  const inner = (node.Plans ?? []).flatMap(faultsOf);
  if (type.startsWith("Gather")) return [type, ...inner];
  // What is asked of the queue beside its order would be asked of each row in front.
  if (index === "deliveries_waiting" && /expire_time/.test(node.Filter ?? "")) {
    return [`${type} of ${index} filters by expire_time`, ...inner];
  }
  const isScan = type.endsWith("Scan") && growing.includes(table) && !short.includes(index);
  return isScan && node["Index Cond"] === undefined ? [`${type} of ${table} ${index}`, ...inner] : inner;
}
