import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { messageIdOf } from "../../../src/domain/ids.ts";
import { postgresMissing } from "../../support/postgres-database.ts";
import {
  acceptClaimed,
  account,
  buildAcceptance,
  buildReceipt,
  buildSubmitted,
  gateway,
  startMs,
} from "../../support/store-builders.ts";
import { startTcpProxy, type TcpProxy } from "../../support/tcp-proxy.ts";
import { useReplicas } from "./replica-world.ts";

const away = { code: "SERVICE_UNAVAILABLE", details: { retryAfterMs: expect.any(Number) } };
const limits = { OTP: 10, NORMAL: 10, BULK: 10 };
/** Longer than callers are refused without a look. */
const lookAgainMs = 500;

describe.skipIf(postgresMissing !== undefined)(`PostgreSQL away ${postgresMissing ?? ""}`, () => {
  const world = useReplicas();
  let proxy: TcpProxy | undefined;

  beforeEach(async () => {
    const { hostname, port } = new URL(world.database.url);
    proxy = await startTcpProxy({ host: hostname, port: Number(port) });
  });
  afterEach(() => proxy?.close());

  async function joinBehindProxy() {
    const through = proxy ?? expect.fail("no proxy");
    const url = new URL(world.database.url);
    url.port = String(through.port);
    return { ...(await world.join("one", { urls: [url.href] })), proxy: through };
  }

  it("refuses while the connection is cut, keeps nothing of it, and goes on by itself afterwards", async () => {
    const { store, clock, proxy: through } = await joinBehindProxy();
    await store.accept([buildAcceptance()]);
    through.cut();
    await expect(store.accept([buildAcceptance()])).rejects.toMatchObject(away);
    await expect(store.reportBounds(account)).rejects.toMatchObject(away);
    through.mend();
    clock.advance(lookAgainMs);
    await store.accept([buildAcceptance()]);
    expect((await store.listMessages(account, {}, { before: undefined, limit: 10 })).messages).toHaveLength(
      2,
    );
    expect(await store.reportBounds(account)).toEqual({ oldest: 1, last: 2 });
  });

  it("goes on after the server has ended all connections", async () => {
    const { store, clock } = await joinBehindProxy();
    await store.accept([buildAcceptance()]);
    await world.database.query(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()",
    );
    const tries = async (): Promise<number> => {
      clock.advance(lookAgainMs);
      return await store.accept([buildAcceptance()]).then(
        () => 1,
        () => 0,
      );
    };
    await expect.poll(tries).toBe(1);
    expect((await store.reportBounds(account)).last).toBeGreaterThanOrEqual(2);
  });

  it("P12 gives up the claims of a commit that was made but not answered", async () => {
    const { store, claimant, clock, proxy: through } = await joinBehindProxy();
    await store.accept([buildAcceptance()]);
    const lost = through.loseAnswerTo("COMMIT");
    const claiming = store.claim({ claimant, gatewayId: gateway, limits, nowMs: startMs });
    await expect(claiming).rejects.toMatchObject(away);
    await lost;
    const claimed = "SELECT id FROM deliveries WHERE claimed_by IS NOT NULL";
    expect(await world.database.query(claimed)).toHaveLength(1);
    through.mend();
    clock.advance(lookAgainMs);
    // The next batch, whatever it is, brings the release with it.
    await store.accept([buildAcceptance({ message: { lane: "BULK" } })]);
    expect(await world.database.query(claimed)).toEqual([]);
    const claim = await store.claim({ claimant, gatewayId: gateway, limits, nowMs: startMs });
    expect(claim.deliveries).toHaveLength(2);
  });

  it("P12 gives up the claims of a commit that reaches the server after their release", async () => {
    const { store, claimant, clock, proxy: through } = await joinBehindProxy();
    const delayed = through.delay("COMMIT");
    const accepting = store.accept([buildAcceptance({ claimant, wantsClaim: true })]);
    await expect(accepting).rejects.toMatchObject(away);
    const pass = await delayed;
    through.mend();
    clock.advance(lookAgainMs);
    // Its release finds nothing.
    await store.rescue(startMs);
    pass();
    const count = "SELECT count(*)::int AS claimed FROM deliveries WHERE claimed_by IS NOT NULL";
    await expect.poll(() => world.database.query(count)).toEqual([{ claimed: 1 }]);
    clock.advance(1_000);
    await store.rescue(startMs);
    expect(await world.database.query(count)).toEqual([{ claimed: 0 }]);
    const claim = await store.claim({ claimant, gatewayId: gateway, limits, nowMs: startMs });
    expect(claim.deliveries).toHaveLength(1);
  });

  it("P1 takes a settlement that is told again for the one it has", async () => {
    const { store, claimant, clock, proxy: through } = await joinBehindProxy();
    const [id] = await acceptClaimed(store, claimant);
    const deliveryId = id ?? expect.fail("nothing was claimed");
    const settlement = buildSubmitted(deliveryId, claimant, ["a1"]);
    const lost = through.loseAnswerTo("COMMIT");
    await expect(store.settle([settlement])).rejects.toMatchObject(away);
    await lost;
    through.mend();
    clock.advance(lookAgainMs);
    expect(await store.settle([settlement])).toEqual([{ kind: "fenced" }]);
    // Its id stands once, so that its receipt is unique.
    const [receipt] = await store.recordReceipts([buildReceipt("a1")]);
    expect(receipt).toMatchObject({ kind: "matched", state: "DELIVERED", isFirstFinal: true });
    const page = { afterPosition: -1, limit: 1, view: "FULL" } as const;
    const status = await store.readStatus(account, messageIdOf(deliveryId), page);
    expect(status?.deliveries[0]?.attempts).toHaveLength(1);
  });

  it("leaves nothing of a batch that our own code gives up, also not in the next one", async () => {
    const { store, claimant } = await world.join("one");
    await store.accept([buildAcceptance()]);
    await world.database.query("DELETE FROM messages");
    // The claim is made, and then its message is not there.
    const claim = () => store.claim({ claimant, gatewayId: gateway, limits, nowMs: startMs });
    await expect(claim()).rejects.toMatchObject({ code: "INTERNAL_ERROR" });
    await store.accept([buildAcceptance({ message: { lane: "BULK" } })]);
    const claimed = await world.database.query("SELECT id FROM deliveries WHERE claimed_by IS NOT NULL");
    expect(claimed).toEqual([]);
  });

  it("keeps to the server of the list that is not in recovery", async () => {
    const through = proxy ?? expect.fail("no proxy");
    through.cut();
    const dead = new URL(world.database.url);
    dead.port = String(through.port);
    const store = await world.open({ urls: [dead.href, world.database.url] });
    await store.accept([buildAcceptance()]);
    expect((await store.listMessages(account, {}, { before: undefined, limit: 10 })).messages).toHaveLength(
      1,
    );
  });

  it("tells whoever starts it that no server of the list can be reached", async () => {
    const through = proxy ?? expect.fail("no proxy");
    through.cut();
    const url = new URL(world.database.url);
    url.port = String(through.port);
    await expect(world.open({ urls: [url.href] })).rejects.toMatchObject({ reason: "AWAY" });
  });
});
