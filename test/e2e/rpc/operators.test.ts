import { createHash } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, connect as connectTcp, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Status } from "nice-grpc";
import type { CallOptions } from "nice-grpc-common";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Scope } from "../../../src/gen/smsrelay/v1/api_key.ts";
import { DeliveryState, RouteReason } from "../../../src/gen/smsrelay/v1/delivery.ts";
import { GatewayState } from "../../../src/gen/smsrelay/v1/gateway.ts";
import { Lane } from "../../../src/gen/smsrelay/v1/message.ts";
import { SendSmsStreamRequest } from "../../../src/gen/smsrelay/v1/sms_service.ts";
import { InitialStart } from "../../../src/gen/smsrelay/v1/subscription.ts";
import { systemClock } from "../../../src/observability/clock.ts";
import { createLogger, silentLogger } from "../../../src/observability/logger.ts";
import { defaultKeepalive } from "../../../src/rpc/server/listen-options.ts";
import { openSqliteStore } from "../../../src/store/sqlite/open.ts";
import { createMemoryGateway } from "../../support/memory-gateway.ts";
import { connectClients, failureOf, type RpcClients } from "../../support/rpc-client.ts";
import {
  OPERATOR_KEY,
  OPERATOR_KEY_ID,
  type RpcWorld,
  SHOP_KEY,
  startRpcWorld,
} from "../../support/rpc-world.ts";
import { createSignalQueue } from "../../support/signal-queue.ts";

const good = {
  sender: "ACME",
  recipients: ["+38640123456"],
  content: { $case: "text", value: "hello" } as const,
};

async function readToEnd(stream: AsyncIterable<unknown>): Promise<number> {
  let count = 0;
  for await (const _ of stream) count += 1;
  return count;
}

let world: RpcWorld;
let operator: RpcClients;
let shop: RpcClients;
const backupBegan = createSignalQueue<string>();
let backupGate: Promise<void> | undefined;
beforeAll(async () => {
  const gateways = [
    createMemoryGateway("north"),
    createMemoryGateway("south"),
    createMemoryGateway("premium"),
  ];
  const routes = {
    north: { rules: { lanes: ["NORMAL", "BULK"] as const } },
    south: { rules: { countries: { allow: ["GB"] } } },
    premium: { rules: { premium: true }, priority: 0 },
  };
  world = await startRpcWorld({
    gateways,
    routes,
    wrapStore: (store) => ({
      ...store,
      async backup(path) {
        if (backupGate !== undefined) backupBegan.push(path);
        await backupGate;
        await store.backup(path);
      },
    }),
  });
  operator = connectClients(world.address, OPERATOR_KEY);
  shop = connectClients(world.address, SHOP_KEY);
});
afterAll(async () => {
  operator[Symbol.dispose]();
  shop[Symbol.dispose]();
  await world.stop();
});

describe("GatewayService", () => {
  it("lists gateways by priority, in pages", async () => {
    const first = await operator.gateways.listGateways({ pageSize: 2 });
    const rest = await operator.gateways.listGateways({ pageSize: 2, pageToken: first.nextPageToken });
    const ids = [...first.gateways, ...rest.gateways].map((gateway) => gateway.gatewayId);
    expect(ids).toEqual(["premium", "north", "south"]);
    expect(rest.nextPageToken).toBe("");
    expect(first.gateways[0]).toMatchObject({ premium: true, state: GatewayState.GATEWAY_STATE_READY });
  });

  it("pauses a gateway, keeps what waits, and resumes", async () => {
    const paused = await operator.gateways.pauseGateway({ gatewayId: "north", reason: "maintenance" });
    expect(paused.gateway).toMatchObject({
      state: GatewayState.GATEWAY_STATE_PAUSED,
      stateDescription: "maintenance",
    });
    expect(paused.gateway?.pauseTime).toBeDefined();
    expect(await world.store.pausedGateways()).toMatchObject([{ gatewayId: "north", reason: "maintenance" }]);
    await shop.sms.sendSms(good);
    // Other gateways look at it now and then, whether they may carry it, and give it back.
    const waitingCount = async () => {
      const { gateways } = await operator.gateways.listGateways({});
      return gateways.find((gateway) => gateway.gatewayId === "north")?.waitingCount;
    };
    await expect.poll(waitingCount).toBe(1n);
    const resumed = await operator.gateways.resumeGateway({ gatewayId: "north" });
    expect(resumed.gateway).toMatchObject({ state: GatewayState.GATEWAY_STATE_READY, stateDescription: "" });
    expect(await world.store.pausedGateways()).toEqual([]);
  });

  it("tells for each gateway why it would be chosen or left out", async () => {
    const message = { recipients: ["+38640123456"], sender: "ACME" };
    const answer = await operator.gateways.explainRoute({ message });
    expect(answer.regionCode).toBe("SI");
    expect(answer.candidates).toMatchObject([
      {
        gatewayId: "north",
        rank: 1,
        reason: RouteReason.ROUTE_REASON_UNSPECIFIED,
        ready: true,
        segmentCount: 1,
      },
      { gatewayId: "premium", rank: 0, reason: RouteReason.ROUTE_REASON_NOT_REQUESTED },
      { gatewayId: "south", rank: 0, reason: RouteReason.ROUTE_REASON_COUNTRY },
    ]);
    const preferred = await operator.gateways.explainRoute({ message: { ...message, premium: true } });
    expect(preferred.candidates.map((candidate) => candidate.gatewayId)).toEqual([
      "premium",
      "north",
      "south",
    ]);
    const failure = await failureOf((options) =>
      operator.gateways.explainRoute(
        { message: { recipients: ["1"] }, deliveryId: "x", accountId: "A!" },
        options,
      ),
    );
    expect(failure.violations.map(({ field }) => field)).toEqual([
      "message.sender",
      "message.recipients[0]",
      "account_id",
      "delivery_id",
    ]);
  });

  it("keeps a message from gateways that do not serve its lane, wherever it is looked at", async () => {
    const message = { ...good, lane: Lane.LANE_OTP };
    const { candidates } = await operator.gateways.explainRoute({ message });
    expect(candidates.find(({ gatewayId }) => gatewayId === "north")).toMatchObject({
      rank: 0,
      reason: RouteReason.ROUTE_REASON_LANE,
    });
    const refused = await failureOf((options) => shop.sms.previewSms({ message }, options));
    expect(refused.info.reason).toBe("NO_ROUTE");
    expect((await failureOf((options) => shop.sms.sendSms(message, options))).info.reason).toBe("NO_ROUTE");
    const { outcomes } = await shop.sms.sendSms({ ...good, lane: Lane.LANE_BULK });
    expect(outcomes[0]?.state).toBe(DeliveryState.DELIVERY_STATE_QUEUED);
  });

  it("refuses gateways that do not exist", async () => {
    const failure = await failureOf((options) =>
      operator.gateways.pauseGateway({ gatewayId: "west" }, options),
    );
    expect(failure.info.reason).toBe("UNKNOWN_GATEWAY");
  });
});

describe("KeyService", () => {
  it("makes keys, lists them newest first without secrets, and revokes them again and again", async () => {
    const made = [];
    for (const displayName of ["a", "b", "c"])
      made.unshift(await operator.keys.createKey({ accountId: "shop", displayName }));
    const first = await operator.keys.listKeys({ pageSize: 2 });
    const rest = await operator.keys.listKeys({ pageSize: 2, pageToken: first.nextPageToken });
    const listed = [...first.apiKeys, ...rest.apiKeys].map((key) => key.keyId);
    expect(new Set(listed)).toEqual(new Set(made.map(({ apiKey }) => apiKey?.keyId)));
    expect(JSON.stringify(first)).not.toContain(made[0]?.secret.slice(-20));
    const keyId = made[0]?.apiKey?.keyId ?? "";
    const revoked = await operator.keys.revokeKey({ keyId });
    expect(await operator.keys.revokeKey({ keyId })).toEqual(revoked);
    expect(revoked.apiKey?.revokeTime).toBeDefined();
  });

  it("ends all streams of a revoked key, also those on which nothing passes", async () => {
    const { apiKey, secret } = await operator.keys.createKey({ accountId: "shop" });
    using caller = connectClients(world.address, secret);
    async function* silent(): AsyncGenerator<SendSmsStreamRequest> {
      yield SendSmsStreamRequest.create({ request: { ...good, requestId: "quiet" } });
      await new Promise(() => {});
    }
    const answers = caller.sms.sendSmsStream(silent())[Symbol.asyncIterator]();
    expect((await answers.next()).value?.outcome?.$case).toBe("response");
    const reports = caller.sms.streamDeliveryReports({
      start: { initialStart: InitialStart.INITIAL_START_NOW },
    });
    const ends = [readToEnd(reports), answers.next()];
    const refused = Promise.all(
      ends.map((end) => expect(end).rejects.toMatchObject({ code: Status.UNAUTHENTICATED })),
    );
    await operator.keys.revokeKey({ keyId: apiKey?.keyId ?? "" });
    await refused;
  });

  it("refuses malformed accounts, scopes, names and ids all at once", async () => {
    const refusedFields = async (request: Parameters<typeof operator.keys.createKey>[0]) => {
      const failure = await failureOf((options) => operator.keys.createKey(request, options));
      return failure.violations.map(({ field }) => field);
    };
    const faulty = { accountId: "Shop!", displayName: "x".repeat(64), keyId: "Till 3" };
    const every = ["account_id", "scopes", "display_name", "key_id"];
    for (const scope of [7, 0])
      expect(await refusedFields({ ...faulty, scopes: [1, scope as Scope] })).toEqual(every);
    for (const keyId of ["configured-1", "cfg-0123456789ab", "x".repeat(33), "a_b"])
      expect(await refusedFields({ accountId: "shop", keyId })).toEqual(["key_id"]);
  });

  it("makes keys with the scopes asked for, an account's by default, and under the id asked for once", async () => {
    const { SCOPE_SEND, SCOPE_READ, SCOPE_MANAGE, SCOPE_ADMIN } = Scope;
    const made = async (scopes: Scope[]) =>
      (await operator.keys.createKey({ accountId: "shop", scopes })).apiKey?.scopes;
    expect(await made([])).toEqual([SCOPE_SEND, SCOPE_READ, SCOPE_MANAGE]);
    expect(await made([SCOPE_READ, SCOPE_SEND, SCOPE_READ])).toEqual([SCOPE_SEND, SCOPE_READ]);
    expect(await made([SCOPE_SEND, SCOPE_ADMIN])).toEqual([SCOPE_ADMIN]);
    const request = { accountId: "shop", keyId: "till-3" };
    expect((await operator.keys.createKey(request)).apiKey?.keyId).toBe("till-3");
    const taken = await failureOf((options) => operator.keys.createKey(request, options));
    expect(taken).toMatchObject({ code: Status.ALREADY_EXISTS, info: { reason: "ALREADY_EXISTS" } });
  });

  it("tells a key that does not exist from one of the configuration, which only an edit of that takes away", async () => {
    const refused = (keyId: string) =>
      failureOf((options) => operator.keys.revokeKey({ keyId, force: true }, options));
    expect(await refused("nobody")).toMatchObject({
      code: Status.NOT_FOUND,
      info: { reason: "UNKNOWN_KEY" },
    });
    expect(await refused(OPERATOR_KEY_ID)).toMatchObject({
      code: Status.FAILED_PRECONDITION,
      info: { reason: "NOT_CHANGEABLE" },
    });
  });
});

describe("keys that end", () => {
  it("are taken until then, are told apart in the list, and can be rotated before", async () => {
    const expireTime = new Date(Date.now() + 3_600_000);
    const first = await operator.keys.createKey({ accountId: "shop", displayName: "till", expireTime });
    const { keyId = "" } = first.apiKey ?? {};
    expect(first.apiKey?.expireTime).toEqual(expireTime);
    const overlap = { seconds: 7_200n, nanos: 0 };
    const second = await operator.keys.rotateKey({ keyId, overlap });
    expect(second.apiKey).toMatchObject({ accountId: "shop", displayName: "till" });
    expect(second.apiKey?.expireTime).toBeUndefined();
    for (const { secret } of [first, second]) {
      using caller = connectClients(world.address, secret);
      await caller.sms.listSms({});
    }
    const third = await operator.keys.rotateKey({ keyId });
    using ended = connectClients(world.address, first.secret);
    await expect(ended.sms.listSms({})).rejects.toMatchObject({ code: Status.UNAUTHENTICATED });
    const { apiKeys } = await operator.keys.listKeys({ accountId: "shop" });
    const found = apiKeys.find((key) => key.keyId === keyId);
    expect(found?.expireTime?.getTime()).toBeLessThanOrEqual(third.apiKey?.createTime?.getTime() ?? 0);
    expect(found?.revokeTime).toBeUndefined();
    expect(apiKeys.every((key) => key.accountId === "shop")).toBe(true);
    expect((await operator.keys.listKeys({ accountId: "nobody" })).apiKeys).toEqual([]);
  });

  it("are refused with the field where they end in the past, overlap too long or have ended already", async () => {
    const past = new Date(Date.now() - 1_000);
    const refused = async (call: (options: CallOptions) => Promise<unknown>) => {
      const { info, violations } = await failureOf(call);
      return [info.reason, ...violations.map(({ field }) => field)];
    };
    expect(
      await refused((options) => operator.keys.createKey({ accountId: "shop", expireTime: past }, options)),
    ).toEqual(["INVALID_PARAMETER", "expire_time"]);
    const overlap = { seconds: 30n * 86_400n + 1n, nanos: 0 };
    const wrong = { keyId: "", overlap, newKeyId: "A", expireTime: past };
    expect(await refused((options) => operator.keys.rotateKey(wrong, options))).toEqual([
      "PARAMETER_MISSING",
      "key_id",
      "overlap",
      "new_key_id",
      "expire_time",
    ]);
    expect(await refused((options) => operator.keys.rotateKey({ keyId: "nobody" }, options))).toEqual([
      "UNKNOWN_KEY",
    ]);
    const { apiKey } = await operator.keys.createKey({ accountId: "shop" });
    const { keyId = "" } = apiKey ?? {};
    await operator.keys.revokeKey({ keyId });
    expect(await refused((options) => operator.keys.rotateKey({ keyId }, options))).toEqual([
      "NOT_CHANGEABLE",
    ]);
    const taken = {
      keyId: (await operator.keys.createKey({ accountId: "shop" })).apiKey?.keyId ?? "",
      newKeyId: keyId,
    };
    expect(await refused((options) => operator.keys.rotateKey(taken, options))).toEqual(["ALREADY_EXISTS"]);
  });
});

describe("DownloadBackup", () => {
  it("streams a copy that opens as a store with all messages, checked by its sum", async () => {
    const { messageId } = await shop.sms.sendSms(good);
    const chunks: Uint8Array[] = [];
    const sums: string[] = [];
    let total = 0n;
    for await (const piece of operator.maintenance.downloadBackup({})) {
      chunks.push(piece.chunk);
      total = piece.totalSizeBytes;
      if (piece.sha256 !== "") sums.push(piece.sha256);
    }
    const file = Buffer.concat(chunks);
    expect(BigInt(file.length)).toBe(total);
    expect(sums).toEqual([createHash("sha256").update(file).digest("hex")]);
    expect(Math.max(...chunks.map((chunk) => chunk.length))).toBeLessThanOrEqual(256 * 1024);
    const folder = mkdtempSync(join(tmpdir(), "sms-relay-copy-"));
    const path = join(folder, "copy.db");
    writeFileSync(path, file);
    const copy = await openSqliteStore({ path, clock: systemClock });
    const { messages } = await copy.listMessages(
      "shop" as Parameters<typeof copy.listMessages>[0],
      {},
      { before: undefined, limit: 1 },
    );
    expect(messages[0]?.message.id).toBe(messageId);
    await copy.close();
    rmSync(folder, { recursive: true });
  });

  it("takes one backup at a time", async () => {
    const gate = Promise.withResolvers<void>();
    backupGate = gate.promise;
    const first = (async () => {
      for await (const _ of operator.maintenance.downloadBackup({}));
    })();
    await backupBegan.next();
    const failure = await failureOf(async (options) => {
      for await (const _ of operator.maintenance.downloadBackup({}, options));
    });
    expect(failure.info.reason).toBe("OVERLOADED");
    gate.resolve();
    await first;
    for await (const _ of operator.maintenance.downloadBackup({}));
  });
});

describe("a peer that went away without a word", () => {
  it("P39 is found out by keepalive, and its report stream ends", async () => {
    const keepalive = { ...defaultKeepalive, timeMs: 100, timeoutMs: 100 };
    const lonely = await startRpcWorld({ listen: { keepalive } });
    const sockets: Socket[] = [];
    const proxy = createServer((socket) => {
      const upstream = connectTcp(lonely.port, "127.0.0.1");
      socket.pipe(upstream).pipe(socket);
      for (const end of [socket, upstream]) sockets.push(end.on("error", () => {}));
    });
    await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
    const { port } = proxy.address() as AddressInfo;
    const far = connectClients(`127.0.0.1:${port}`, SHOP_KEY);
    const reading = far.sms
      .streamDeliveryReports({})
      [Symbol.asyncIterator]()
      .next()
      .catch(() => {});
    using near = connectClients(lonely.address, SHOP_KEY);
    while (lonely.reportStreams() === 0) await near.sms.listSms({});
    for (const socket of sockets) socket.unpipe().pause();
    while (lonely.reportStreams() > 0) await near.sms.listSms({});
    for (const socket of sockets) socket.destroy();
    far[Symbol.dispose]();
    await reading;
    proxy.close();
    await lonely.stop();
  });
});

describe("what operators do", () => {
  it("leaves a line in the log with who and from where, and no secret", async () => {
    const lines: { readonly fields: object; readonly sentence: string }[] = [];
    const log = {
      ...silentLogger,
      info: (fields: object, sentence: string) => void lines.push({ fields, sentence }),
    };
    const logged = await startRpcWorld({ log });
    try {
      using caller = connectClients(logged.address, OPERATOR_KEY);
      await caller.gateways.pauseGateway({ gatewayId: "north", reason: "maintenance" });
      await caller.gateways.resumeGateway({ gatewayId: "north" });
      const { apiKey, secret } = await caller.keys.createKey({ accountId: "shop" });
      await caller.keys.revokeKey({ keyId: apiKey?.keyId ?? "" });
      for await (const { totalSizeBytes } of caller.maintenance.downloadBackup({}))
        expect(totalSizeBytes).toBeGreaterThan(0n);
      const acts = lines.filter(({ sentence }) => sentence.startsWith("An operator"));
      expect(acts.map(({ sentence }) => sentence)).toEqual([
        "An operator paused a gateway.",
        "An operator resumed a gateway.",
        "An operator created an API key.",
        "An operator revoked an API key.",
        "An operator downloads a backup.",
      ]);
      for (const { fields } of acts)
        expect(fields).toMatchObject({
          by: OPERATOR_KEY_ID,
          peer: expect.stringMatching(/127\.0\.0\.1:\d+/),
        });
      expect(JSON.stringify(lines)).not.toContain(secret);
    } finally {
      await logged.stop();
    }
  });
});

describe("keys that are refused", () => {
  it("leave a line a minute with why, whose and from where, counted, and never the key", async () => {
    const written: string[] = [];
    const log = createLogger({
      level: "info",
      showRecipients: false,
      isTerminal: false,
      destination: { write: (line) => void written.push(line) },
      clock: systemClock,
    });
    const logged = await startRpcWorld({ log });
    try {
      using caller = connectClients(logged.address, OPERATOR_KEY);
      const { apiKey, secret } = await caller.keys.createKey({ accountId: "shop" });
      const keyId = apiKey?.keyId ?? "";
      using known = connectClients(logged.address, secret);
      expect(await failureOf((options) => known.keys.listKeys({}, options))).toMatchObject({
        info: { reason: "ACCESS_DENIED" },
      });
      await caller.keys.revokeKey({ keyId });
      const wrong = "smsr_guess_of_a_stranger";
      const ofKnownId = `${secret.slice(0, -4)}0000`;
      for (const key of [secret, wrong, wrong, wrong, ofKnownId, undefined]) {
        using refused = connectClients(logged.address, key);
        for (let i = 0; i < 5; i++)
          expect(await failureOf((options) => refused.sms.listSms({}, options))).toMatchObject({
            info: { reason: "INVALID_CREDENTIALS" },
          });
      }
      const lines = () =>
        written
          .map((line): Record<string, unknown> => JSON.parse(line))
          .filter(({ msg }) => typeof msg === "string" && msg.includes("was refused"));
      const peer = "127.0.0.1";
      const account = "shop";
      const ofKey = { level: "warn", msg: "A call was refused for its key.", peer };
      const ofScope = { ...ofKey, msg: "A call was refused to a key that does not hold its scope." };
      const first = [
        { ...ofScope, reason: "NO_SCOPE", scope: "ADMIN", keyId, account },
        { ...ofKey, reason: "REVOKED", keyId, account },
        { ...ofKey, reason: "UNKNOWN" },
        { ...ofKey, reason: "NO_KEY" },
      ];
      expect(lines()).toMatchObject(first);
      log.flush();
      expect(lines().slice(first.length)).toMatchObject([
        { reason: "REVOKED", count: 9 },
        { reason: "UNKNOWN", count: 14 },
        { reason: "NO_KEY", count: 4 },
      ]);
      const all = written.join("");
      for (const text of [secret, secret.slice(18), wrong, ofKnownId]) expect(all).not.toContain(text);
    } finally {
      await logged.stop();
    }
  });
});
