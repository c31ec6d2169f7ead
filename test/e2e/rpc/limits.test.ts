import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Metadata, Status } from "nice-grpc";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { toAccountId } from "../../../src/domain/ids.ts";
import type { SendSmsStreamResponse } from "../../../src/gen/smsrelay/v1/sms_service.ts";
import { openSqliteStore } from "../../../src/store/sqlite/open.ts";
import { createFakeClock, type FakeClock } from "../../support/fake-clock.ts";
import { connectClients, failureOf, type RpcClients } from "../../support/rpc-client.ts";
import { OPERATOR_KEY, OTHER_KEY, type RpcWorld, SHOP_KEY, startRpcWorld } from "../../support/rpc-world.ts";

const second = { seconds: 1n, nanos: 0 };
const hour = { seconds: 3_600n, nanos: 0 };
const day = { seconds: 86_400n, nanos: 0 };
const messageTo = (...numbers: number[]) => ({
  sender: "ACME",
  recipients: numbers.map((number) => `+3864012${String(number).padStart(4, "0")}`),
  content: { $case: "text", value: "hello" } as const,
});

let folder: string;
let clock: FakeClock;
let world: RpcWorld;
let shop: RpcClients;
let operator: RpcClients;

async function start(): Promise<void> {
  world = await startRpcWorld({
    clock,
    openStore: (dataClock) => openSqliteStore({ path: join(folder, "limits.db"), clock: dataClock }),
  });
  shop = connectClients(world.address, SHOP_KEY);
  operator = connectClients(world.address, OPERATOR_KEY);
}

async function stop(): Promise<void> {
  for (const clients of [shop, operator]) clients[Symbol.dispose]();
  await world.stop(0);
}

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "sms-relay-limits-"));
  // Half past eight in the evening.
  clock = createFakeClock(Date.UTC(2024, 4, 6, 20, 30));
  await start();
});
afterEach(async () => {
  await stop();
  rmSync(folder, { recursive: true, force: true });
});

const setLimits = (...limits: { window: { seconds: bigint; nanos: number }; messageCount: bigint }[]) =>
  operator.admin.updateAccount({
    account: { accountId: "shop", policy: { rateLimits: { limits } } },
    updateMask: ["policy.rate_limits"],
  });
const ofSecond = (messageCount: bigint) => ({ window: second, messageCount });

/** The trailer of a call, however it ends. */
async function trailerOf(
  call: (options: { onTrailer(trailer: Metadata): void }) => Promise<unknown>,
): Promise<Readonly<Record<string, string | undefined>>> {
  let trailer = Metadata();
  await call({
    onTrailer: (received) => {
      trailer = received;
    },
  }).catch(() => {});
  return Object.fromEntries(
    ["limit", "remaining", "reset"].map((name) => [name, trailer.get(`ratelimit-${name}`)]),
  );
}

describe("limits of an account", () => {
  it("refuse what is beyond a second, 4108, with a wait that holds, and tell how they stand on each answer", async () => {
    await setLimits(ofSecond(3n));
    const send = (...numbers: number[]) =>
      trailerOf((options) => shop.sms.sendSms(messageTo(...numbers), options));
    expect(await send(1)).toEqual({ limit: "3", remaining: "2", reset: "1" });
    // Into debt: a message is never cut.
    expect(await send(2, 3, 4, 5, 5)).toEqual({ limit: "3", remaining: "0", reset: "2" });
    expect(await send(6)).toEqual({ limit: "3", remaining: "0", reset: "2" });
    const failure = await failureOf((options) => shop.sms.sendSms(messageTo(6), options));
    expect(failure).toMatchObject({
      code: Status.RESOURCE_EXHAUSTED,
      info: { metadata: { status_code: "4108" } },
      retry: { retryDelay: { seconds: 1n, nanos: 0 } },
      quota: { violations: [{ subject: "account shop" }] },
    });
    clock.advance(999);
    expect((await failureOf((options) => shop.sms.sendSms(messageTo(6), options))).retry).toBeDefined();
    clock.advance(1);
    expect(await send(6)).toMatchObject({ remaining: "0" });
    // A refusal for its form tells it too; what has no limits tells nothing.
    expect(await trailerOf((options) => shop.sms.sendSms({}, options))).toMatchObject({ limit: "3" });
    using other = connectClients(world.address, OTHER_KEY);
    expect(await trailerOf((options) => other.sms.sendSms(messageTo(1), options))).toEqual({});
  });

  it("refuse what is beyond an hour or a day of UTC, 4013, and count on after a restart", async () => {
    await setLimits({ window: day, messageCount: 5n }, { window: hour, messageCount: 3n });
    await shop.sms.sendSms(messageTo(1, 2));
    const beyondHour = () => failureOf((options) => shop.sms.sendSms(messageTo(3, 4), options));
    expect(await beyondHour()).toMatchObject({
      info: { metadata: { status_code: "4013" } },
      retry: { retryDelay: { seconds: 1_800n, nanos: 0 } },
    });
    await shop.sms.sendSms(messageTo(3));
    await stop();
    await start();
    expect(await beyondHour()).toMatchObject({ info: { metadata: { status_code: "4013" } } });
    expect(await trailerOf((options) => shop.sms.sendSms(messageTo(9), options))).toEqual({
      limit: "3",
      remaining: "0",
      reset: "1800",
    });
    clock.advance(1_800_000);
    await shop.sms.sendSms(messageTo(3, 4));
    const beyondDay = await failureOf((options) => shop.sms.sendSms(messageTo(5), options));
    expect(beyondDay.retry).toMatchObject({ retryDelay: { seconds: 10_800n, nanos: 0 } });
    const never = await failureOf((options) => shop.sms.sendSms(messageTo(1, 2, 3, 4, 5, 6), options));
    expect(never).toMatchObject({ info: { metadata: { status_code: "4013" } }, retry: undefined });
    clock.advance(10_800_000);
    await shop.sms.sendSms(messageTo(1));
  });

  it("take nothing for what is replayed, only looked at or refused, and answer a known request over the limit", async () => {
    await setLimits(ofSecond(1n));
    const first = await shop.sms.sendSms({ ...messageTo(1), requestId: "first" });
    const again = await shop.sms.sendSms({ ...messageTo(1), requestId: "first" });
    expect(again).toMatchObject({ messageId: first.messageId, replayed: true });
    const other = await failureOf((options) =>
      shop.sms.sendSms({ ...messageTo(2), requestId: "first" }, options),
    );
    expect(other.info.metadata["status_code"]).toBe("4106");
    clock.advance(1_000);
    await shop.sms.sendSms({ ...messageTo(1), requestId: "first" });
    await shop.sms.sendSms({ ...messageTo(2), dryRun: true });
    await failureOf((options) => shop.sms.sendSms({ ...messageTo(2), sender: "!" }, options));
    await shop.sms.sendSms({ ...messageTo(2), requestId: "second" });
  });

  it("slow a stream down instead of refusing it, and answer in its order", async () => {
    await setLimits(ofSecond(2n));
    async function* requests() {
      for (let index = 0; index < 6; index++)
        yield { request: { ...messageTo(index), requestId: `s-${index}` } };
    }
    const answers: SendSmsStreamResponse[] = [];
    let trailer = Metadata();
    const reading = (async () => {
      const options = {
        onTrailer: (received: Metadata) => {
          trailer = received;
        },
      };
      for await (const answer of shop.sms.sendSmsStream(requests(), options)) answers.push(answer);
    })();
    await expect.poll(() => answers.length).toBe(2);
    await expect
      .poll(() => {
        clock.advance(100);
        return answers.length;
      })
      .toBe(6);
    await reading;
    expect(answers.map(({ requestId, outcome }) => [requestId, outcome?.$case])).toEqual(
      Array.from({ length: 6 }, (_, index) => [`s-${index}`, "response"]),
    );
    expect(trailer.get("ratelimit-limit")).toBe("2");
  });

  it("let a batch through as one call, which later ones wait for", async () => {
    await setLimits(ofSecond(2n));
    const { outcomes } = await shop.sms.sendSmsBatch({
      requestId: "b",
      requests: [1, 2, 3, 4].map((number) => messageTo(number)),
    });
    expect(outcomes.map(({ outcome }) => outcome?.$case)).toEqual(Array(4).fill("response"));
    const failure = await failureOf((options) => shop.sms.sendSms(messageTo(5), options));
    expect(failure.retry).toMatchObject({ retryDelay: { seconds: 1n, nanos: 500_000_000 } });
  });

  it("are obeyed from the next message on when they change, and gone when they are taken away", async () => {
    await setLimits(ofSecond(1n));
    await shop.sms.sendSms(messageTo(1));
    await setLimits(ofSecond(5n));
    // Nothing was filled by that.
    expect((await failureOf((options) => shop.sms.sendSms(messageTo(2), options))).retry).toMatchObject({
      retryDelay: { seconds: 0n, nanos: 200_000_000 },
    });
    await setLimits();
    expect(await trailerOf((options) => shop.sms.sendSms(messageTo(2), options))).toEqual({});
    await shop.sms.sendSms(messageTo(3));
  });

  it("are shown as they were set, and refused whole where one is wrong", async () => {
    await setLimits({ window: hour, messageCount: 10n }, ofSecond(2n));
    const { account } = await shop.accounts.getAccount({});
    expect(account?.policy?.rateLimits?.limits).toEqual([
      { window: second, messageCount: 2n },
      { window: hour, messageCount: 10n },
    ]);
    const failure = await failureOf((options) =>
      operator.admin.updateAccount(
        {
          account: {
            accountId: "shop",
            policy: {
              rateLimits: {
                limits: [
                  { window: { seconds: 60n, nanos: 0 }, messageCount: 1n },
                  { window: second, messageCount: 0n },
                  { window: second, messageCount: 1n },
                ],
              },
            },
          },
          updateMask: ["policy.rate_limits"],
        },
        options,
      ),
    );
    expect(failure.violations.map(({ field }) => field)).toEqual([
      "account.policy.rate_limits.limits[0].window",
      "account.policy.rate_limits.limits[1].message_count",
      "account.policy.rate_limits.limits[2].window",
    ]);
    expect((await shop.accounts.getAccount({})).account?.policy?.rateLimits?.limits.length).toBe(2);
  });

  it("tell how they stand on the first refusal, too: for its form, and of a whole batch", async () => {
    await setLimits({ window: hour, messageCount: 3n });
    await shop.sms.sendSms(messageTo(1));
    const expected = { limit: "3", remaining: "2", reset: "1800" };
    await stop();
    await start();
    expect(await trailerOf((options) => shop.sms.sendSms({}, options))).toEqual(expected);
    await setLimits({ window: hour, messageCount: 3n }, ofSecond(1n));
    await stop();
    await start();
    expect(await trailerOf((options) => shop.sms.sendSmsBatch({}, options))).toMatchObject({ limit: "1" });
  });

  it("take of a second what recipients get, not who is refused", async () => {
    await operator.admin.updateAccount({
      account: {
        accountId: "shop",
        policy: { rateLimits: { limits: [ofSecond(10n)] }, regions: { allowed: ["SI"] } },
      },
      updateMask: ["policy.rate_limits", "policy.regions"],
    });
    const message = messageTo(1, 2);
    const recipients = [...message.recipients, "+31612345678", "+31612345679"];
    expect(
      await trailerOf((options) => shop.sms.sendSms({ ...message, recipients, allowPartial: true }, options)),
    ).toMatchObject({ remaining: "8" });
  });

  it("refuse a batch as a whole, however long its messages take", async () => {
    await setLimits(ofSecond(2n));
    await shop.sms.sendSms(messageTo(1, 2));
    const moving = setInterval(() => clock.advance(100), 1);
    try {
      const { outcomes } = await shop.sms.sendSmsBatch({
        requestId: "late",
        requests: Array.from({ length: 1_000 }, (_, number) => messageTo(number)),
      });
      expect(new Set(outcomes.map(({ outcome }) => outcome?.$case)).size).toBe(1);
    } finally {
      clearInterval(moving);
    }
  });

  it("let a live stream go on behind one whose caller has gone, and answer what is known without waiting", async () => {
    await setLimits(ofSecond(1n));
    const known = { ...messageTo(1), requestId: "known" };
    const first = await shop.sms.sendSms(known);
    clock.advance(1_000);
    await shop.sms.sendSms(messageTo(2, 3, 4, 5, 6, 7, 8, 9));
    const gone = new AbortController();
    async function* dead() {
      for (let index = 0; index < 200; index++)
        yield { request: { ...messageTo(index), requestId: `dead-${index}` } };
      await new Promise(() => {});
    }
    const left = (async () => {
      for await (const _ of shop.sms.sendSmsStream(dead(), { signal: gone.signal }));
    })();
    left.catch(() => {});
    await expect.poll(() => world.waitingForSecond("shop")).toBe(200);
    async function* live() {
      yield { request: known };
      yield { request: { ...messageTo(500), requestId: "live" } };
    }
    const answers: SendSmsStreamResponse[] = [];
    const reading = (async () => {
      for await (const answer of shop.sms.sendSmsStream(live())) answers.push(answer);
    })();
    await expect.poll(() => answers.length).toBe(1);
    expect(answers[0]?.outcome?.value).toMatchObject({ messageId: first.messageId, replayed: true });
    gone.abort();
    await expect(left).rejects.toThrow();
    await expect.poll(() => world.waitingForSecond("shop")).toBe(1);
    await expect
      .poll(() => {
        clock.advance(1_000);
        return answers.length;
      })
      .toBe(2);
    await reading;
    expect(await world.store.findRequest(toAccountId("shop"), "dead-0")).toBeUndefined();
  });

  it("stand on a key too, beside those of its account, and stay with it when it is rotated", async () => {
    const made = await operator.keys.createKey({
      accountId: "shop",
      keyId: "till",
      rateLimits: [{ window: second, messageCount: 1n }],
    });
    expect(made.apiKey?.rateLimits).toEqual([{ window: second, messageCount: 1n }]);
    await setLimits(ofSecond(5n));
    using till = connectClients(world.address, made.secret);
    expect(await trailerOf((options) => till.sms.sendSms(messageTo(1), options))).toMatchObject({
      limit: "1",
    });
    const failure = await failureOf((options) => till.sms.sendSms(messageTo(2), options));
    expect(failure).toMatchObject({
      info: { metadata: { status_code: "4108" } },
      quota: { violations: [{ subject: "key till" }] },
    });
    // Another key of the account has what its account has left.
    expect(await trailerOf((options) => shop.sms.sendSms(messageTo(3), options))).toEqual({
      limit: "5",
      remaining: "3",
      reset: "1",
    });
    const { apiKey } = await operator.keys.rotateKey({ keyId: "till", newKeyId: "till-2" });
    expect(apiKey?.rateLimits).toEqual([{ window: second, messageCount: 1n }]);
    const bad = await failureOf((options) =>
      operator.keys.createKey(
        { accountId: "shop", rateLimits: [{ window: hour, messageCount: 0n }] },
        options,
      ),
    );
    expect(bad.violations.map(({ field }) => field)).toEqual(["rate_limits[0].message_count"]);
  });
});
