import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createAddressLimit } from "../../../../src/app/calls/address-limit.ts";
import { createCallerAddresses } from "../../../../src/app/calls/caller-address.ts";
import { createFailingAddresses } from "../../../../src/app/calls/failing-addresses.ts";
import { goesBy, type NamedKeyVerifier, type Principal } from "../../../../src/app/calls/principal.ts";
import { type Standings, standingOf } from "../../../../src/app/calls/standing.ts";
import { createVerifications } from "../../../../src/app/calls/verifications.ts";
import { createIssueToken } from "../../../../src/app/tokens/issue-token.ts";
import { createMetrics } from "../../../../src/compose/metrics/metrics.ts";
import { SmsError } from "../../../../src/domain/errors.ts";
import { toAccountId } from "../../../../src/domain/ids.ts";
import { accountScopes } from "../../../../src/domain/scopes.ts";
import { createTokenRoute } from "../../../../src/http/oauth/token-route.ts";
import { systemClock } from "../../../../src/observability/clock.ts";
import { createLogger } from "../../../../src/observability/logger.ts";
import { type OpenDoor, openTestDoor } from "../../../support/api-door.ts";
import { createFakeClock, type FakeClock } from "../../../support/fake-clock.ts";

const holder = (keyId: string, account: string, scopes = accountScopes): Principal => ({
  keyId,
  accountId: toAccountId(account),
  scopes,
});
const odd = "odd+key%41 of:the/tests=00000001";
const right = "smsr_till_0000000000000000000000000000000000000000000";
const holders = new Map([
  [right, holder("till", "shop")],
  [odd, holder("odd", "shop")],
  ["reader-key", holder("reader", "shop", ["READ"])],
  ["admin-key", holder("admin", "ops", ["ADMIN"])],
  ["suspended-key", holder("gone", "closed")],
]);
/** What was found right before. */
let remembered: string | undefined;
const keys: NamedKeyVerifier = {
  verify: (presented, name) => {
    if (presented === "away") throw new SmsError("SERVICE_UNAVAILABLE", undefined, { retryAfterMs: 2_000 });
    const found = holders.get(presented);
    return found === undefined || name === undefined || goesBy(found, name) ? found : undefined;
  },
  isKnown: (presented) => presented === remembered,
  whyRefused: () => ({ reason: "UNKNOWN" }),
};
const standings: Standings = {
  of: (accountId) =>
    standingOf({ id: accountId, state: accountId === "closed" ? "SUSPENDED" : "ACTIVE", policy: "{}" }),
};

const perAddress = 40;
let clock: FakeClock;
let open: OpenDoor;
let lines: string[];
let metrics: ReturnType<typeof createMetrics>;
beforeEach(async () => {
  lines = [];
  remembered = undefined;
  clock = createFakeClock();
  metrics = createMetrics();
  const destination = { write: (line: string) => void lines.push(line) };
  const log = createLogger({
    level: "debug",
    showRecipients: true,
    isTerminal: false,
    clock: systemClock,
    destination,
  });
  const addresses = createCallerAddresses([]);
  const failing = createFailingAddresses(clock, addresses);
  const verifications = createVerifications(addresses);
  const addressLimit = createAddressLimit(perAddress, clock, addresses);
  const ownTokens = {
    issue: async (keyId: string, scopes: readonly string[]) => `token of ${keyId} ${scopes}`,
  };
  const issue = createIssueToken({ keys, standings, ownTokens });
  open = await openTestDoor({
    routes: [
      createTokenRoute({
        issue,
        keys,
        addresses,
        failing,
        verifications,
        addressLimit,
        log,
        refusals: metrics.refusals,
      }),
    ],
    log,
  });
});
afterEach(async () => {
  await open[Symbol.asyncDispose]();
  metrics.stop();
});

interface Asked {
  readonly form?: string | Readonly<Record<string, string>>;
  readonly basic?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly query?: string;
}

const grant = { grant_type: "client_credentials" };
const inForm = { ...grant, client_id: "till", client_secret: right };
const basicOf = (id: string, secret: string) => Buffer.from(`${id}:${secret}`).toString("base64");

async function ask({ form = grant, basic, headers = {}, query = "" }: Asked) {
  const answer = await fetch(`${open.url}/oauth/token${query}`, {
    method: "POST",
    headers: {
      "content-type": "application/x-www-form-urlencoded",
      ...(basic !== undefined && { authorization: `Basic ${basic}` }),
      ...headers,
    },
    body: typeof form === "string" ? form : new URLSearchParams(form).toString(),
  });
  const body = (await answer.json()) as Record<string, unknown>;
  return { status: answer.status, body, header: (name: string) => answer.headers.get(name) };
}

describe("POST /oauth/token", () => {
  it.each<[string, Asked, string]>([
    ["by Basic, with the key's id", { basic: basicOf("till", right) }, "till"],
    ["by Basic, with the account's id", { basic: basicOf("shop", right) }, "till"],
    ["by Basic in lower case", { headers: { authorization: `basic ${basicOf("till", right)}` } }, "till"],
    ["by Basic, encoded as a form", { basic: basicOf("odd", encodeURIComponent(odd)) }, "odd"],
    ["by Basic, not encoded", { basic: basicOf("odd", odd) }, "odd"],
    ["in the form", { form: inForm }, "till"],
    [
      "by Basic, with its id in the form too",
      { basic: basicOf("till", right), form: { ...grant, client_id: "till" } },
      "till",
    ],
    [
      "with a charset",
      { form: inForm, headers: { "content-type": "application/x-www-form-urlencoded; charset=utf-8" } },
      "till",
    ],
    ["with what nobody knows", { form: { ...inForm, resource: "x", scope: "" } }, "till"],
  ])("issues a token to a client that shows its key %s", async (_how, asked, keyId) => {
    const answer = await ask(asked);
    expect(answer.body).toEqual({
      access_token: `token of ${keyId} SEND,READ,MANAGE`,
      token_type: "Bearer",
      expires_in: 3_600,
      scope: "client.sms.send client.sms.read client.sms.manage",
    });
    expect([answer.status, answer.header("cache-control"), answer.header("pragma")]).toEqual([
      200,
      "no-store",
      "no-cache",
    ]);
    expect(answer.header("content-type")).toBe("application/json;charset=UTF-8");
  });

  it("narrows by scope, never widens, and has none for what operators do", async () => {
    const scoped = (secret: string, id: string, scope?: string) =>
      ask({ basic: basicOf(id, secret), form: { ...grant, ...(scope !== undefined && { scope }) } });
    expect((await scoped(right, "till", "client.sms.send")).body).toMatchObject({ scope: "client.sms.send" });
    expect((await scoped("reader-key", "reader")).body).toMatchObject({ scope: "client.sms.read" });
    expect((await scoped("admin-key", "admin")).body).toMatchObject({
      scope: "client.sms.send client.sms.read client.sms.manage",
    });
    for (const scope of ["client.sms.send", "client.sms.read client.sms.send"])
      expect((await scoped("reader-key", "reader", scope)).body).toMatchObject({ error: "invalid_scope" });
    for (const scope of ["sms.admin", "other", "client.sms.send  client.sms.read", "client.sms.send\n"]) {
      const { status, body } = await scoped("admin-key", "admin", scope);
      expect([status, body["error"]]).toEqual([400, "invalid_scope"]);
    }
  });

  it.each<[string, Asked, string]>([
    ["a wrong secret by Basic", { basic: basicOf("till", `${right}0`) }, "invalid_client"],
    ["a wrong secret in the form", { form: { ...inForm, client_secret: "wrong" } }, "invalid_client"],
    ["another client's id", { basic: basicOf("reader", right) }, "invalid_client"],
    ["another account's id", { basic: basicOf("other", right) }, "invalid_client"],
    ["no client at all", {}, "invalid_client"],
    ["an id without a secret", { form: { ...grant, client_id: "till" } }, "invalid_client"],
    ["a secret without an id", { form: { ...grant, client_secret: right } }, "invalid_client"],
    ["empty ones", { form: { ...grant, client_id: "", client_secret: "" } }, "invalid_client"],
    ["Basic without a colon", { basic: Buffer.from("till").toString("base64") }, "invalid_client"],
    ["Basic that is no base64", { basic: "%%%" }, "invalid_client"],
    ["a key as a bearer", { headers: { authorization: `Bearer ${right}` } }, "invalid_client"],
  ])("refuses %s with 401, one text and a challenge", async (_what, asked, error) => {
    const answer = await ask(asked);
    expect(answer.status).toBe(401);
    expect(answer.body).toEqual({
      error,
      error_description: "The client is not known by this id and secret.",
    });
    expect(answer.header("www-authenticate")).toBe('Basic realm="sms-relay", charset="UTF-8"');
    expect(answer.header("cache-control")).toBe("no-store");
    expect(metrics.refusals.value("INVALID_CREDENTIALS")).toBe(1);
    expect(lines).toHaveLength(1);
    expect(lines.join()).toContain("A token was refused to a client for its key.");
  });

  it.each<[string, Asked, string]>([
    ["no grant type", { form: { client_id: "till", client_secret: right } }, "invalid_request"],
    ["an empty body", { form: "" }, "invalid_request"],
    ["another grant type", { form: { ...inForm, grant_type: "password" } }, "unsupported_grant_type"],
    ["a parameter twice", { form: `${new URLSearchParams(inForm)}&client_id=till` }, "invalid_request"],
    ["a scope twice", { form: `${new URLSearchParams(inForm)}&scope=&scope=` }, "invalid_request"],
    [
      "JSON",
      { form: JSON.stringify(inForm), headers: { "content-type": "application/json" } },
      "invalid_request",
    ],
    ["its secret twice", { basic: basicOf("till", right), form: inForm }, "invalid_request"],
    ["two ids", { basic: basicOf("till", right), form: { ...grant, client_id: "shop" } }, "invalid_request"],
    ["parameters in the URL", { form: inForm, query: "?scope=client.sms.send" }, "invalid_request"],
    ["a suspended account", { basic: basicOf("gone", "suspended-key") }, "unauthorized_client"],
  ])("refuses %s with 400", async (_what, asked, error) => {
    const answer = await ask(asked);
    expect([answer.status, answer.body["error"]]).toEqual([400, error]);
    expect(answer.header("cache-control")).toBe("no-store");
    expect(Object.keys(answer.body).toSorted()).toEqual(["error", "error_description"]);
  });

  it("refuses a body that is not UTF-8, one that is too long, and another method", async () => {
    const post = (body: Uint8Array) =>
      fetch(`${open.url}/oauth/token`, {
        method: "POST",
        headers: { "content-type": "application/x-www-form-urlencoded" },
        body: Buffer.from(body),
      });
    expect((await post(Uint8Array.of(0xff, 0xfe))).status).toBe(400);
    expect((await post(new Uint8Array(8_193))).status).toBe(413);
    expect((await fetch(`${open.url}/oauth/token`)).status).toBe(405);
  });

  it("says that it is unavailable where keys cannot be asked for, and never that the client is wrong", async () => {
    const answer = await ask({ basic: basicOf("till", "away") });
    expect([answer.status, answer.body["error"], answer.header("retry-after")]).toEqual([
      503,
      "temporarily_unavailable",
      "2",
    ]);
  });

  it("tells an address that showed too many wrong clients to wait, with 429, and goes on with those known to be right", async () => {
    const wrong = () => ask({ basic: basicOf("till", "wrong") });
    // Twenty are free, and then one in a tenth of a second.
    for (let i = 0; i < 21; i++) expect((await wrong()).status).toBe(401);
    const answer = await wrong();
    expect([answer.status, answer.header("retry-after")]).toEqual([429, "1"]);
    expect(answer.body).toEqual({
      error: "temporarily_unavailable",
      error_description: "Too many wrong clients came from this address.",
    });
    expect(metrics.refusals.value("THROTTLING_SPAMMING_IP")).toBe(1);
    // Nobody looks whether this one is right.
    expect((await ask({ basic: basicOf("till", right) })).status).toBe(429);
    remembered = right;
    expect((await ask({ basic: basicOf("till", right) })).status).toBe(200);
    remembered = undefined;

    clock.advance(100);
    expect((await ask({ basic: basicOf("till", right) })).status).toBe(200);
  });

  it("tells an address from which too many requests come to wait, with 429, whatever they show", async () => {
    const asked = [{ basic: basicOf("till", right) }, { form: "" }];
    for (let i = 0; i < perAddress; i++) expect((await ask(asked[i % 2] ?? {})).status).not.toBe(429);
    for (const one of asked) {
      const answer = await ask(one);
      expect([answer.status, answer.header("retry-after")]).toEqual([429, "1"]);
      expect(answer.body).toEqual({
        error: "temporarily_unavailable",
        error_description: "Too many calls come from this address.",
      });
    }
    expect(metrics.refusals.value("THROTTLING_SPAMMING_IP")).toBe(2);
    clock.advance(1_000 / perAddress);
    expect((await ask({ basic: basicOf("till", right) })).status).toBe(200);
  });

  it("writes neither secrets nor tokens into the log", async () => {
    for (const asked of [
      { basic: basicOf("till", `${right}0`) },
      { basic: basicOf("till", right) },
      { basic: basicOf("gone", "suspended-key") },
      { form: { ...inForm, client_secret: "wrong-secret" } },
    ])
      await ask(asked);
    expect(lines.length).toBeGreaterThan(1);
    expect(lines.join()).not.toMatch(/smsr_till|suspended-key|wrong-secret|token of|Basic [a-z0-9]/i);
  });
});
