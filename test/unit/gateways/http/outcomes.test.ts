/** What becomes of a part, by what the API does with its call. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { HttpGatewaySettings } from "../../../../src/gateways/http/settings.ts";
import { profileOf, type StartedHttpGateway, startHttpGateway } from "../../../support/http-gateway.ts";
import {
  type ProviderReaction,
  type ScriptedProvider,
  startScriptedProvider,
} from "../../../support/scripted-provider.ts";
import { submission } from "../../../support/smpp-gateway.ts";

const expireTimeMs = Date.UTC(2090, 0, 1);
let provider: ScriptedProvider;
let started: StartedHttpGateway | undefined;

beforeEach(async () => {
  provider = await startScriptedProvider();
});

afterEach(async () => {
  await started?.gateway.stop(0);
  started = undefined;
  await provider.stop();
});

async function start(
  settings: Partial<HttpGatewaySettings> = {},
  deps: Parameters<typeof startHttpGateway>[2] = {},
) {
  started = await startHttpGateway(provider.url, settings, deps);
  return started;
}

async function sendOne(reaction: ProviderReaction, settings: Partial<HttpGatewaySettings> = {}) {
  provider.react = () => reaction;
  const { gateway } = await start(settings);
  const [result] = await gateway.submit(submission(["hello"], { expireTimeMs }));
  return { result, gateway };
}

const ambiguous = { kind: "ambiguous" };
const refused = (refusal: string) => ({ kind: "refused", refusal });
const chunked = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n";

describe("the answer to a call", () => {
  it.each<[string, ProviderReaction, object]>([
    [
      "2xx with an id",
      { status: 201, body: { id: 7 } },
      { kind: "accepted", smscMessageId: "7", matchKey: "7" },
    ],
    ["2xx without its id", { status: 200, body: { other: 1 } }, ambiguous],
    ["a page with 200", { status: 200, body: "<html>Sign in to the hotel's network</html>" }, ambiguous],
    ["2xx that a rule refuses", { status: 200, body: { error: "BLOCKED" } }, refused("recipient")],
    ["a reset after the request", "reset", { kind: "ambiguous", misfortune: { kind: "lost" } }],
    ["a body that is cut off", { raw: `${chunked}content-length: 40\r\n\r\n{"id": "m-1"}` }, ambiguous],
    ["a body beyond 1 MiB", { status: 200, body: { id: "m-1", more: "x".repeat(1024 * 1024) } }, ambiguous],
    ["what is no HTTP", { raw: "SSH-2.0-OpenSSH_9.2\r\n" }, ambiguous],
    ["100 and then a reset", { raw: "HTTP/1.1 100 Continue\r\n\r\n" }, ambiguous],
    ["302 elsewhere", { status: 302, headers: { location: "http://127.0.0.1:1/" } }, ambiguous],
    ["307", { status: 307, headers: { location: "http://127.0.0.1:1/" } }, refused("route")],
    ["408", { status: 408 }, ambiguous],
    ["500", { status: 500, body: { id: "m-1" } }, ambiguous],
    ["502", { status: 502 }, ambiguous],
    ["503", { status: 503 }, ambiguous],
    ["503 with a time to come back", { status: 503, headers: { "retry-after": "1" } }, refused("temporary")],
    ["504", { status: 504 }, ambiguous],
    ["599", { status: 599 }, ambiguous],
    ["400", { status: 400 }, refused("route")],
    ["400 that blames it", { status: 400, body: { error: "unroutable" } }, { blamesGateway: true }],
    ["401", { status: 401 }, refused("account")],
    ["402", { status: 402 }, refused("account")],
    ["403", { status: 403 }, refused("route")],
    ["404", { status: 404 }, refused("account")],
    ["415", { status: 415 }, refused("account")],
    ["429", { status: 429 }, refused("throttled")],
  ])("%s", async (_, reaction, expected) => {
    const { result } = await sendOne(reaction);
    expect(result).toMatchObject(expected);
    // Whatever is said, nothing is written twice and no redirect is followed.
    expect(provider.requests).toHaveLength(1);
  });

  it("shows status and code, and no code that may hold a number or a text", async () => {
    const { result, gateway } = await sendOne({ status: 400, body: { error: "unroutable" } });
    expect(result).toMatchObject({ answer: { protocol: "http", status: 400, code: "unroutable" } });
    provider.react = () => ({ status: 200, body: { error: "no handset at +4790000001" } });
    const [told] = await gateway.submit(submission(["a"], { expireTimeMs }));
    expect(told).toMatchObject({ refusal: "recipient", answer: { code: undefined } });
  });

  it("P12 is waited for until responseTimeout and ambiguityHold are over, and is ambiguous then", async () => {
    const { result } = await sendOne("silence", { responseTimeoutMs: 20, ambiguityHoldMs: 20 });
    expect(result).toMatchObject({ kind: "ambiguous", misfortune: undefined });
    expect(provider.requests).toHaveLength(1);
  });

  it("counts when it comes within the hold", async () => {
    let answer: (reaction: ProviderReaction) => void = () => {};
    const { gateway } = await start({ responseTimeoutMs: 1, ambiguityHoldMs: 600_000 });
    provider.react = () =>
      new Promise((resolve) => {
        answer = resolve;
      });
    const sent = gateway.submit(submission(["a"], { expireTimeMs }));
    await expect.poll(() => provider.requests.length).toBe(1);
    answer({ status: 200, body: { id: "late" } });
    expect(await sent).toMatchObject([{ kind: "accepted", smscMessageId: "late" }]);
  });
});

describe("before anything is written", () => {
  it("a lease that ended leaves the part unsent, without an octet at the provider", async () => {
    let isOurs = true;
    const { gateway } = await start({}, { mayWrite: () => isOurs });
    const sent = gateway.submit(submission(["a"], { expireTimeMs }));
    isOurs = false;
    expect(await sent).toMatchObject([{ kind: "unsent", why: "no_session" }]);
    expect(provider.requests).toEqual([]);
  });

  it("a provider that takes no connections leaves parts unsent, and is probed after three in a row", async () => {
    provider.react = () => ({ status: 200, body: { id: "m" } });
    const { gateway, listener } = await start();
    const { port } = provider;
    await provider.stop();
    const results = await Promise.all(
      [1, 2, 3].map(() => gateway.submit(submission(["a"], { expireTimeMs }))),
    );
    expect(results.flat().map(({ kind }) => kind)).toEqual(["unsent", "unsent", "unsent"]);
    expect(await listener.statuses.next()).toMatchObject({ kind: "connecting" });
    expect(gateway.room()).toBe(0);
    provider = await startScriptedProvider(port);
    provider.react = () => ({ status: 200, body: { id: "m" } });
    await expect.poll(() => gateway.status().kind).toBe("ready");
    expect(provider.requests).toEqual([]);
    expect(await gateway.submit(submission(["a"], { expireTimeMs }))).toMatchObject([{ kind: "accepted" }]);
  });
});

describe("what an answer says of the account", () => {
  it("401 stops the gateway until it is resumed by hand", async () => {
    const { gateway } = await sendOne({ status: 401 });
    expect(gateway.status()).toMatchObject({ kind: "stopped" });
    provider.react = () => ({ status: 200, body: { id: "m" } });
    gateway.resume();
    await expect.poll(() => gateway.status().kind).toBe("ready");
    expect(await gateway.submit(submission(["a"], { expireTimeMs }))).toMatchObject([{ kind: "accepted" }]);
  });

  it("402 holds the gateway, and one message then tries it", async () => {
    const { gateway } = await sendOne({ status: 402 });
    expect(gateway.status()).toMatchObject({ kind: "held" });
    expect(await gateway.submit(submission(["a"], { expireTimeMs }))).toMatchObject([{ kind: "unsent" }]);
    provider.react = () => ({ status: 200, body: { id: "m" } });
    gateway.resume();
    await expect.poll(() => gateway.room()).toBe(1);
    expect(await gateway.submit(submission(["a"], { expireTimeMs }))).toMatchObject([{ kind: "accepted" }]);
    expect(gateway.room()).toBe(8);
  });

  it.each([() => "30", () => new Date(Date.now() + 600_000).toUTCString()])(
    "a Retry-After of seconds, or of a date, holds the gateway",
    async (retryAfterNow) => {
      const retryAfter = retryAfterNow();
      const { gateway, result } = await sendOne({ status: 429, headers: { "retry-after": retryAfter } });
      expect(result).toMatchObject({ refusal: "throttled" });
      expect(gateway.status().kind).toBe("held");
    },
  );

  it("a short Retry-After is left to the rate", async () => {
    const { gateway } = await sendOne({ status: 429, headers: { "retry-after": "1" } });
    expect(gateway.status().kind).toBe("ready");
  });
});

const oauth = (tokenUrl: string) =>
  profileOf(`
name: token
title: An API that wants tokens
source: this test
date: 2026-12-01
mark: documented
url: https://sms.example
account: { id: {}, secret: { secret: true } }
auth:
  kind: oauth2
  url: ${tokenUrl}
  credentials: basic
  clientId: \${account.id}
  clientSecret: \${account.secret}
  form: { grant_type: client_credentials }
number: digits
request: { path: /send, form: { text: "\${text}" } }
answer: [{ when: { status: 200 }, class: accepted, id: id }]
receipts: none
`);

describe("access tokens", () => {
  const settings = () => ({
    provider: oauth(`${provider.url}/token`),
    account: { id: "relay", secret: "s3cret" },
  });
  const tokenCalls = () => provider.requests.filter(({ path }) => path === "/token").length;

  it("are fetched once for all calls, and anew when one is refused, without another sending", async () => {
    let tokens = 0;
    let refusals = 0;
    let valid = "t1";
    provider.react = ({ path, headers }) => {
      if (path === "/token") {
        tokens += 1;
        return { status: 200, body: { access_token: `t${tokens}`, expires_in: "3600" } };
      }
      if (headers.authorization === `Bearer ${valid}`) return { status: 200, body: { id: `m${tokens}` } };
      refusals += 1;
      return { status: 401 };
    };
    const { gateway } = await start(settings());
    const many = () => Promise.all([1, 2, 3].map(() => gateway.submit(submission(["a"], { expireTimeMs }))));
    expect((await many()).flat().map(({ kind }) => kind)).toEqual(["accepted", "accepted", "accepted"]);
    expect(tokenCalls()).toBe(1);
    valid = "t2";
    expect((await many()).flat().map(({ kind }) => kind)).toEqual(["accepted", "accepted", "accepted"]);
    expect([tokenCalls(), refusals]).toEqual([2, 3]);
  });

  it("P20 that are refused stop the gateway, and nothing is sent", async () => {
    provider.react = () => ({ status: 401, body: { error: "invalid_client" } });
    const { gateway } = await start(settings());
    expect(await gateway.submit(submission(["a"], { expireTimeMs }))).toMatchObject([{ kind: "unsent" }]);
    expect(gateway.status().kind).toBe("stopped");
    expect(provider.requests.map(({ path }) => path)).toEqual(["/token"]);
  });

  it("that nobody hands out leave parts unsent", async () => {
    provider.react = () => ({ status: 503 });
    const { gateway } = await start(settings());
    expect(await gateway.submit(submission(["a"], { expireTimeMs }))).toMatchObject([{ kind: "unsent" }]);
    expect(provider.requests.every(({ path }) => path === "/token")).toBe(true);
  });

  it("that never come hold up no stop", async () => {
    provider.react = () => "silence";
    const { gateway } = await start({ ...settings(), responseTimeoutMs: 600_000 });
    const sent = gateway.submit(submission(["a"], { expireTimeMs }));
    await expect.poll(tokenCalls).toBe(1);
    await gateway.stop(0);
    expect(await sent).toMatchObject([{ kind: "unsent" }]);
  });
});
