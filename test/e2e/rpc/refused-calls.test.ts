import { ClientError, Metadata } from "nice-grpc";
import { afterEach, describe, expect, it } from "vitest";
import type { LogFields } from "../../../src/observability/logger.ts";
import { silentLogger } from "../../../src/observability/logger.ts";
import { createTellRefusedCall } from "../../../src/rpc/calls/refused-calls.ts";
import { createFakeClock } from "../../support/fake-clock.ts";
import { connectClients, type RpcClients } from "../../support/rpc-client.ts";
import { OPERATOR_KEY, type RpcWorld, SHOP_KEY, startRpcWorld } from "../../support/rpc-world.ts";

const message = {
  sender: "ACME",
  recipients: ["+38640123456"],
  content: { $case: "text", value: "Your code is 834512" } as const,
};

let world: RpcWorld;
let clients: RpcClients | undefined;
let lines: LogFields[] = [];
let key = SHOP_KEY;
afterEach(async () => {
  clients?.[Symbol.dispose]();
  await world.stop();
});

async function start(): Promise<RpcClients> {
  lines = [];
  key = SHOP_KEY;
  const debug = (fields: LogFields, sentence: string) => {
    if (sentence === "A call was refused or failed.") lines.push(fields);
  };
  world = await startRpcWorld({ log: { ...silentLogger, debug } });
  clients = connectClients(world.address, SHOP_KEY);
  return clients;
}

/** The id that a caller is told, where its call fails. */
async function toldId(
  call: (options: { metadata: Metadata; onTrailer(trailer: Metadata): void }) => Promise<unknown>,
  more: Readonly<Record<string, string>> = {},
): Promise<string | undefined> {
  let trailer = Metadata();
  const failure = await call({
    metadata: Metadata({ authorization: `Bearer ${key}`, ...more }),
    onTrailer: (received) => {
      trailer = received;
    },
  }).then(
    () => undefined,
    (error: unknown) => error,
  );
  if (failure !== undefined && !(failure instanceof ClientError)) throw failure;
  return trailer.get("x-request-id");
}

describe("a call that is refused", () => {
  it("has one line, which its caller's id leads to and which tells nothing of the message", async () => {
    const { sms } = await start();
    const brought = { "x-request-id": "till-7/4711" };
    const id = await toldId(
      (options) => sms.sendSms({ ...message, recipients: ["+38640123456", "12"] }, options),
      brought,
    );
    expect(id).toBe("till-7/4711");
    expect(lines).toEqual([
      {
        requestId: "till-7/4711",
        call: "smsrelay.v1.SmsService/SendSms",
        reason: "INVALID_RECIPIENT",
        peer: expect.stringMatching(/^127\.0\.0\.1:/),
        account: "shop",
        keyId: expect.stringMatching(/^cfg-/),
        tookMs: expect.any(Number),
      },
    ]);
    expect(JSON.stringify(lines)).not.toMatch(/834512|40123456|the key/);
  });

  it("gets an id where it brings none, or one that does not belong in a log", async () => {
    const { sms } = await start();
    const made = await toldId((options) => sms.sendSms({}, options));
    expect(made).toMatch(/^[A-Za-z0-9_-]{12}$/);
    const odd = { "x-request-id": "a b;c" };
    const other = await toldId((options) => sms.sendSms({}, options), odd);
    expect(other).toMatch(/^[A-Za-z0-9_-]{12}$/);
    expect(lines.map(({ requestId }) => requestId)).toEqual([made, other]);
  });

  it("is told at the door, too, and where a stream ends", async () => {
    const { sms } = await start();
    key = "a-wrong-key";
    const wrong = await toldId((options) => sms.sendSms(message, options));
    key = SHOP_KEY;
    const stream = await toldId(async (options) => {
      for await (const _ of sms.streamDeliveryReports({ reportLimit: -1 }, options));
    });
    expect(lines).toMatchObject([
      { requestId: wrong, reason: "INVALID_CREDENTIALS" },
      { requestId: stream, call: "smsrelay.v1.SmsService/StreamDeliveryReports", account: "shop" },
    ]);
  });

  it("names the account and key where the door refuses somebody who is known", async () => {
    const { sms, admin, accounts } = await start();
    const operator = { metadata: Metadata({ authorization: `Bearer ${OPERATOR_KEY}` }) };
    const ids = [await toldId((options) => admin.listAccounts({}, options))];
    const setRanges = (allowed: readonly string[]) =>
      admin.updateAccount(
        {
          account: { accountId: "shop", policy: { ipRanges: { allowed: [...allowed] } } },
          updateMask: ["policy"],
        },
        operator,
      );
    await setRanges(["192.0.2.0/24"]);
    ids.push(await toldId((options) => sms.listSms({}, options)));
    await setRanges([]);
    await admin.suspendAccount({ accountId: "shop" }, operator);
    ids.push(await toldId((options) => accounts.getAccount({}, options)));
    const who = { account: "shop", keyId: expect.stringMatching(/^cfg-/) };
    expect(lines).toMatchObject([
      { requestId: ids[0], reason: "ACCESS_DENIED", ...who },
      { requestId: ids[1], reason: "UNAUTHORIZED_IP", ...who },
      { requestId: ids[2], reason: "INVALID_ACCOUNT", ...who },
    ]);
  });

  it("has no line where it is carried out", async () => {
    const { sms } = await start();
    expect(await toldId((options) => sms.sendSms(message, options))).toBeUndefined();
    expect(lines).toEqual([]);
  });

  it("leaves a count where a flood would fill the log", async () => {
    await start();
    const clock = createFakeClock();
    const written: string[] = [];
    const log = {
      ...silentLogger,
      info: () => written.push("line"),
      often: { ...silentLogger.often, warn: () => written.push("count") },
    };
    const tell = createTellRefusedCall({ log, refusedCalls: "info", clock });
    const call = { requestId: "x", path: "/s/C", peer: "p", principal: undefined, reason: "R", tookMs: 1 };
    for (let index = 0; index < 102; index++) tell?.(call);
    expect(written.filter((kind) => kind === "count").length).toBe(2);
    clock.advance(1_000);
    tell?.(call);
    expect(written.at(-1)).toBe("line");
    expect(createTellRefusedCall({ log, refusedCalls: "off", clock })).toBeUndefined();
  });
});
