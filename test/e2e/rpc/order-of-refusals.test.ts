import { Metadata } from "nice-grpc";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type AccountPolicy, AccountState } from "../../../src/gen/smsrelay/v1/account.ts";
import { Scope } from "../../../src/gen/smsrelay/v1/api_key.ts";
import { ContentCategory } from "../../../src/gen/smsrelay/v1/message.ts";
import { createFakeClock } from "../../support/fake-clock.ts";
import { connectClients, failureOf, type RpcClients } from "../../support/rpc-client.ts";
import { OPERATOR_KEY, type RpcWorld, SHOP_KEY, startRpcWorld } from "../../support/rpc-world.ts";

const recipient = "+31612345678";
const good = {
  sender: "ACME",
  recipients: [recipient],
  content: { $case: "text", value: "Your code is 1234" } as const,
};
const twoSegments = { $case: "text", value: "x".repeat(161) } as const;
const busyAddress = "198.51.100.1";
const second = { window: { seconds: 1n, nanos: 0 }, messageCount: 1n };
const hour = { window: { seconds: 3_600n, nanos: 0 }, messageCount: 1n };
const advertisement = ContentCategory.CONTENT_CATEGORY_ADVERTISEMENT;
const { ACCOUNT_STATE_ACTIVE, ACCOUNT_STATE_SUSPENDED, ACCOUNT_STATE_SENDING_DISABLED } = AccountState;

type Request = Parameters<RpcClients["sms"]["sendSms"]>[0];
type Policy = Partial<AccountPolicy>;

interface Fault {
  /** The status code, and the rule where one is told. */
  readonly told: string;
  readonly policy?: Policy;
  readonly request?: Request;
  readonly state?: AccountState;
  readonly key?: "revoked" | "reader";
  readonly isBusy?: boolean;
  readonly isOverloaded?: boolean;
  readonly isSuppressed?: boolean;
  /** A message is sent under the policy first, which uses up what it allows. */
  readonly usesUp?: boolean;
  /** Whether a known request is answered all the same; undefined where the fault is the request's own. */
  readonly replays?: boolean;
}

/** In the order in which they are told. Whoever holds a revoked key lacks its scope too. */
const faults: readonly Fault[] = [
  { told: "4023", isBusy: true, replays: false },
  { told: "4001", key: "revoked", replays: false },
  { told: "4021 SUSPENDED", state: ACCOUNT_STATE_SUSPENDED, replays: false },
  {
    told: "4014 IP_RANGES",
    policy: { ipRanges: { allowed: ["192.0.2.0/24"], denied: [] } },
    replays: false,
  },
  { told: "4022", key: "reader", replays: false },
  { told: "4035", state: ACCOUNT_STATE_SENDING_DISABLED, replays: false },
  { told: "4009", policy: { maxTextLength: 1 }, replays: true },
  { told: "5002", isOverloaded: true, replays: true },
  { told: "4108", policy: { rateLimits: { limits: [second] } }, usesUp: true, replays: true },
  { told: "4013", policy: { rateLimits: { limits: [hour] } }, usesUp: true, replays: true },
  { told: "4022 PREMIUM", policy: { premiumAllowed: false }, request: { premium: true }, replays: true },
  {
    told: "4026 ONE_TIME_PASSWORD",
    policy: { oneTimePasswordsOnly: true },
    request: { content: twoSegments },
    replays: true,
  },
  {
    told: "4040 CONTENT_CATEGORY",
    policy: { contentCategories: { allowed: [], denied: ["ADVERTISEMENT"] } },
    request: { contentCategory: advertisement },
    replays: true,
  },
  { told: "4104 REGISTERED_SENDER", policy: { registeredSendersOnly: true }, replays: true },
  { told: "4029 COUNTRY", policy: { regions: { allowed: [], denied: ["NL"] } }, replays: true },
  { told: "4029 NUMBER_TYPE", policy: { numberTypes: { allowed: [], denied: ["MOBILE"] } }, replays: true },
  { told: "4031 SUPPRESSION", isSuppressed: true, replays: true },
  {
    told: "4104 SENDER_COUNTRY",
    policy: { registeredSendersOnly: true },
    request: { sender: "Swede" },
    replays: true,
  },
  {
    told: "4040 QUIET_HOURS",
    policy: { quietHours: { fromMinute: 1_200, untilMinute: 480 } },
    request: { contentCategory: advertisement },
    replays: true,
  },
  {
    told: "4126 PUMPING_GUARD",
    policy: { pumpingGuard: { blocks: true, recipientCap: 1, prefixCap: undefined, regionCap: undefined } },
    usesUp: true,
    replays: true,
  },
  {
    told: "4026",
    request: { content: twoSegments, maxSegments: 1 },
  },
];

/** One account has one state, and one sender is approved or not. */
const apart = [
  ["4021 SUSPENDED", "4035"],
  ["4104 REGISTERED_SENDER", "4104 SENDER_COUNTRY"],
];
const pairs = faults.flatMap((earlier, index) =>
  faults
    .slice(index + 1)
    .filter((later) => !apart.some(([one, other]) => one === earlier.told && other === later.told))
    .map((later) => [earlier.told, later.told, earlier, later] as const),
);

let world: RpcWorld;
let operator: RpcClients;
let shop: RpcClients;
const secrets = { revoked: "", reader: "" };
beforeAll(async () => {
  // Half past nine in the evening in Amsterdam.
  world = await startRpcWorld({ clock: createFakeClock(Date.UTC(2024, 4, 6, 19, 30)), perAddress: 1 });
  operator = connectClients(world.address, OPERATOR_KEY);
  shop = connectClients(world.address, SHOP_KEY);
  for (const kind of ["revoked", "reader"] as const) {
    const made = await operator.keys.createKey({ accountId: "shop", scopes: [Scope.SCOPE_READ] });
    secrets[kind] = made.secret;
    if (kind === "revoked") await operator.keys.revokeKey({ keyId: made.apiKey?.keyId ?? "" });
  }
  await operator.accounts.requestSender({
    accountId: "shop",
    sender: { sender: "Swede", regionCodes: ["SE"] },
  });
  await operator.admin.reviewSender({ accountId: "shop", sender: "Swede", decision: 1 });
  const metadata = Metadata({ "x-forwarded-for": busyAddress, authorization: `Bearer ${SHOP_KEY}` });
  await shop.sms.listSms({}, { metadata });
});
afterAll(async () => {
  for (const clients of [operator, shop]) clients[Symbol.dispose]();
  await world.stop(0);
});
beforeEach(() => arrange([]));

async function setAccount(policy: Policy, state: AccountState): Promise<void> {
  const account = { accountId: "shop", policy };
  await operator.admin.updateAccount({ account, updateMask: ["policy"] });
  if (state === ACCOUNT_STATE_ACTIVE) await operator.admin.reinstateAccount({ accountId: "shop" });
  else await operator.admin.suspendAccount({ accountId: "shop", state });
}

/** The world in which all of these hold. */
async function arrange(all: readonly Fault[]): Promise<void> {
  world.admission = { kind: "open" };
  await operator.accounts.changeSuppressions({ accountId: "shop", removedRecipients: [recipient] });
  const policy: Policy = Object.assign({}, ...all.map((fault) => fault.policy));
  const limits = all.flatMap((fault) => fault.policy?.rateLimits?.limits ?? []);
  if (limits.length > 0) policy.rateLimits = { limits };
  const { rateLimits, pumpingGuard } = policy;
  if (all.some(({ usesUp }) => usesUp)) {
    const using = {
      ...(rateLimits && { rateLimits }),
      ...(pumpingGuard && { pumpingGuard }),
    };
    await setAccount(using, ACCOUNT_STATE_ACTIVE);
    await shop.sms.sendSms(good).catch(() => {});
  }
  await setAccount(policy, all.find(({ state }) => state !== undefined)?.state ?? ACCOUNT_STATE_ACTIVE);
  if (all.some(({ isSuppressed }) => isSuppressed))
    await operator.accounts.changeSuppressions({ accountId: "shop", upserted: [{ recipient }] });
  if (all.some(({ isOverloaded }) => isOverloaded))
    world.admission = { kind: "overloaded", retryAfterMs: 1_000, limit: "backlog" };
}

function optionsOf(all: readonly Fault[]) {
  const key = all.find((fault) => fault.key !== undefined)?.key;
  const authorization = `Bearer ${key === undefined ? SHOP_KEY : secrets[key]}`;
  const isBusy = all.some((fault) => fault.isBusy);
  return { metadata: Metadata({ authorization, ...(isBusy && { "x-forwarded-for": busyAddress }) }) };
}

const requestOf = (all: readonly Fault[]): Request => ({
  ...good,
  ...Object.assign({}, ...all.map(({ request }) => request)),
});

async function toldOf(all: readonly Fault[], request = requestOf(all)): Promise<string> {
  const { info } = await failureOf((options) => shop.sms.sendSms(request, { ...options, ...optionsOf(all) }));
  const { status_code: code, rule } = info.metadata;
  return rule === undefined ? `${code}` : `${code} ${rule}`;
}

describe("of two faults", () => {
  it.each(pairs)("%s is told before %s", async (told, _, earlier, later) => {
    await arrange([earlier, later]);
    expect(await toldOf([earlier, later])).toBe(told);
  });
});

describe("a known request", () => {
  it.each(faults.filter(({ replays }) => replays !== undefined).map((fault) => [fault.told, fault] as const))(
    "is looked up before %s where that comes after the caller's own standing",
    async (told, fault) => {
      const request = { ...requestOf([fault]), requestId: told };
      const { messageId } = await shop.sms.sendSms(request);
      await arrange([fault]);
      if (fault.replays === false) expect(await toldOf([fault], request)).toBe(told);
      else expect(await shop.sms.sendSms(request)).toMatchObject({ messageId, replayed: true });
    },
  );
});
