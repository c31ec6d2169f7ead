import { generateKeyPair, SignJWT } from "jose";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { TokenVerifier } from "../../../src/app/identities/token-verifier.ts";
import { systemClock } from "../../../src/observability/clock.ts";
import { silentLogger } from "../../../src/observability/logger.ts";
import { type Issuer, isSafeUrl } from "../../../src/oidc/issuer.ts";
import { createTokenVerifier } from "../../../src/oidc/token-verifier.ts";
import { AUDIENCE, CLIENT, startTokenIssuer, type TokenIssuer } from "../../support/token-issuer.ts";

let issuer: TokenIssuer;
let elapsedMs: number;
let verifier: TokenVerifier;
/** Stands still until it is moved by hand; timers are the machine's, since a real server answers. */
const startMs = systemClock.now();
const clock = {
  now: () => startMs + elapsedMs,
  monotonic: () => elapsedMs,
  setTimeout: systemClock.setTimeout,
};

function settings(changes: Partial<Issuer> = {}): Issuer {
  return {
    issuer: issuer.issuer,
    audience: ["https://other.example", AUDIENCE],
    algorithms: ["RS256", "PS256", "ES256", "EdDSA"],
    accountClaim: "client_id",
    ...changes,
  };
}

const verify = async (token: string) => verifier.verify(token);

beforeEach(async () => {
  issuer = await startTokenIssuer();
  elapsedMs = 0;
  verifier = createTokenVerifier([settings()], { clock, log: silentLogger });
});
afterEach(() => issuer[Symbol.asyncDispose]());

describe("an access token of an issuer", () => {
  it("tells who the client is and what the token is for", async () => {
    const token = await issuer.token("client.sms.send client.sms.read other");
    expect(verifier.recognizes(token)).toBe(true);
    const claims = await verify(token);
    expect(claims).toEqual({ issuer: issuer.issuer, value: CLIENT, scopes: ["SEND", "READ"] });
    expect(verifier.verify(token), "it is remembered, and costs no signature").toBe(claims);
    expect(issuer.keyReads).toBe(1);
  });

  it("takes scopes from scp, and from lists, as other issuers write them", async () => {
    const scp = await issuer.sign({ scope: undefined, scp: ["client.sms.read", "sms.admin"] });
    expect((await verify(scp))?.scopes).toEqual(["READ", "ADMIN"]);
    expect((await verify(await issuer.sign({ scope: "" })))?.scopes).toEqual([]);
    expect((await verify(await issuer.sign({ scope: { client: 1 } })))?.scopes).toEqual([]);
  });

  it("is right once its issuer has changed its key, by one more look, however many call at once", async () => {
    await verify(await issuer.sign());
    await issuer.rotate();
    const tokens = await Promise.all(Array.from({ length: 20 }, (_, i) => issuer.sign({ jti: `${i}` })));
    for (const claims of await Promise.all(tokens.map(verify)))
      expect(claims).toMatchObject({ value: CLIENT });
    expect(issuer.keyReads).toBe(2);
  });

  it("need not name its key, whatever keys there are, also one that came since", async () => {
    const unnamed = () => issuer.sign({}, { kid: undefined });
    expect(await verify(await unnamed())).toMatchObject({ value: CLIENT });
    await issuer.rotate();
    expect(await verify(await unnamed())).toMatchObject({ value: CLIENT });
    await issuer.rotate("keep");
    elapsedMs = 31_000;
    expect(await verify(await unnamed())).toMatchObject({ value: CLIENT });
    const { privateKey } = await generateKeyPair("RS256");
    const payload = { iss: issuer.issuer, aud: AUDIENCE, client_id: CLIENT, exp: clock.now() / 1_000 + 60 };
    const stranger = await new SignJWT(payload)
      .setProtectedHeader({ alg: "RS256", typ: "JWT" })
      .sign(privateKey);
    expect(await verify(stranger)).toBeUndefined();
  });

  it("is not judged by keys of an hour ago while its issuer can be asked", async () => {
    const old = await issuer.sign({ exp: clock.now() / 1_000 + 86_400 });
    await verify(old);
    await issuer.rotate();
    elapsedMs = 3_600_000;
    expect(await verify(old), "its key was withdrawn").toBeUndefined();
    expect(issuer.keyReads).toBe(2);
  });

  it("is no wrong token while its issuer publishes nothing, or nothing that can be used", async () => {
    await verify(await issuer.sign());
    await issuer.rotate("none");
    const token = await issuer.sign({}, { kid: "new" });
    await expect(verify(token)).rejects.toMatchObject({ code: "SERVICE_UNAVAILABLE" });
    expect(
      await verify(await issuer.sign({}, { kid: "key-0" })),
      "which the old ones did not sign",
    ).toBeUndefined();
  });

  it("goes on while its issuer is away under a known key, for a day", async () => {
    await verify(await issuer.sign());
    await issuer.goAway();
    expect(await verify(await issuer.sign({ jti: "another" }))).toMatchObject({ value: CLIENT });
    elapsedMs = 23 * 3_600_000;
    const late = await issuer.sign({ exp: clock.now() / 1_000 + 7_200 });
    expect(await verify(late)).toMatchObject({ value: CLIENT });
    elapsedMs = 24 * 3_600_000 + 1;
    const tooLate = await issuer.sign({ exp: clock.now() / 1_000 + 600, jti: "later" });
    await expect(verify(tooLate)).rejects.toMatchObject({ code: "SERVICE_UNAVAILABLE" });
  });

  it("is neither right nor wrong while its issuer, away, cannot tell of its key", async () => {
    await verify(await issuer.sign());
    await issuer.rotate();
    const token = await issuer.sign();
    await issuer.goAway();
    await expect(verify(token)).rejects.toMatchObject({
      code: "SERVICE_UNAVAILABLE",
      details: { retryAfterMs: 1_000 },
    });
    await issuer.comeBack();
    expect(await verify(token)).toMatchObject({ value: CLIENT });
  });

  it("ends with its time, give or take what clocks may differ", async () => {
    const seconds = Math.floor(clock.now() / 1_000);
    const token = await issuer.sign({ exp: seconds + 60 });
    expect(await verify(token)).toBeDefined();
    elapsedMs = 85_000;
    expect(await verify(token)).toBeDefined();
    elapsedMs = 91_000;
    expect(await verify(token)).toBeUndefined();
    expect(verifier.whyRefused(token)).toEqual({ fault: "EXPIRED" });
  });

  it("is looked at anew after five minutes, with the keys of then after ten", async () => {
    const token = await issuer.sign({ exp: clock.now() / 1_000 + 86_400 });
    const first = await verify(token);
    elapsedMs = 300_001;
    const second = await verify(token);
    expect(second).toEqual(first);
    expect(second).not.toBe(first);
    expect(issuer.keyReads).toBe(1);
    elapsedMs = 601_000;
    await verify(token);
    await expect.poll(() => issuer.keyReads).toBe(2);
  });
});

describe("keys that an issuer does not have", () => {
  it("are asked for at most five times in thirty seconds, then refused with the time to wait", async () => {
    await verify(await issuer.sign());
    const of = (kid: string) => issuer.sign({}, { kid });
    for (let number = 0; number < 4; number++) expect(await verify(await of(`no-${number}`))).toBeUndefined();
    expect(issuer.keyReads).toBe(5);
    await expect(verify(await of("no-4"))).rejects.toMatchObject({ code: "SERVICE_UNAVAILABLE" });
    expect(await verify(await of("no-0")), "was asked for a moment ago").toBeUndefined();
    expect(issuer.keyReads).toBe(5);
    expect(await verify(await issuer.sign({ jti: "good" })), "good ones go on").toBeDefined();
    elapsedMs = 31_000;
    expect(await verify(await of("no-4"))).toBeUndefined();
    expect(issuer.keyReads).toBe(6);
  });

  it("come to nothing where discovery names another issuer", async () => {
    const other = issuer.issuer.replace("127.0.0.1", "localhost");
    verifier = createTokenVerifier([settings({ issuer: other })], { clock, log: silentLogger });
    await expect(verify(await issuer.sign({ iss: other }))).rejects.toMatchObject({
      code: "SERVICE_UNAVAILABLE",
    });
    const jwksUri = `${issuer.issuer}/jwks`;
    verifier = createTokenVerifier([settings({ issuer: other, jwksUri })], { clock, log: silentLogger });
    expect(await verify(await issuer.sign({ iss: other }))).toBeDefined();
  });
});

describe("an issuer that is away from the start", () => {
  it("is asked five times in thirty seconds, and no more by whoever sends what", async () => {
    const warnings: unknown[] = [];
    const often = { ...silentLogger.often, warn: (fields: object) => void warnings.push(fields) };
    verifier = createTokenVerifier([settings()], { clock, log: { ...silentLogger, often } });
    const tokens = await Promise.all(Array.from({ length: 12 }, (_, i) => issuer.sign({ jti: `${i}` })));
    await issuer.goAway();
    for (const token of tokens)
      await expect(verify(token)).rejects.toMatchObject({ code: "SERVICE_UNAVAILABLE" });
    expect(warnings).toHaveLength(5);
    await issuer.comeBack();
    elapsedMs = 30_000;
    const [token = ""] = tokens;
    expect(await verify(token)).toMatchObject({ value: CLIENT });
  });
});

describe("hostile tokens", () => {
  it("are wrong, each for its reason, and never an error", async () => {
    await verify(await issuer.sign());
    const seconds = Math.floor(clock.now() / 1_000);
    const { privateKey } = await generateKeyPair("RS256");
    const [head = "", body = "", signature = ""] = (await issuer.sign()).split(".");
    const base64 = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
    const payload = { iss: issuer.issuer, aud: AUDIENCE, client_id: CLIENT, exp: seconds + 600 };
    const hmac = await new SignJWT(payload)
      .setProtectedHeader({ alg: "HS256", typ: "at+jwt", kid: issuer.keyId() })
      .sign(new TextEncoder().encode(issuer.publicPem()));
    const stranger = await new SignJWT(payload)
      .setProtectedHeader({ alg: "RS256", typ: "at+jwt", kid: issuer.keyId() })
      .sign(privateKey);
    const tokens: Readonly<Record<string, readonly string[]>> = {
      MALFORMED: [
        `${head}.${body}`,
        "ey.ey.ey",
        `${head}.${base64([])}x.${signature}`,
        `${head}..${signature}`,
      ],
      UNKNOWN_ISSUER: [
        await issuer.sign({ iss: "https://evil.example" }),
        await issuer.sign({ iss: `${issuer.issuer}/` }),
        await issuer.sign({ iss: undefined }),
      ],
      WRONG_TYPE: [
        await issuer.sign({}, { typ: "id_token+jwt" }),
        await issuer.sign({}, { typ: "logout+jwt" }),
        await issuer.sign({}, { typ: undefined }),
        await issuer.sign({}, { crit: ["example"], example: 1 }),
      ],
      WRONG_ALGORITHM: [hmac, `${base64({ alg: "none", typ: "JWT" })}.${base64(payload)}.`],
      WRONG_AUDIENCE: [
        await issuer.sign({ aud: CLIENT }),
        await issuer.sign({ aud: undefined }),
        await issuer.sign({ aud: [`${AUDIENCE}/`] }),
      ],
      NO_EXPIRY: [await issuer.sign({ exp: undefined })],
      EXPIRED: [await issuer.sign({ exp: seconds - 31 })],
      NOT_YET_VALID: [await issuer.sign({ nbf: seconds + 60 })],
      NO_CALLER: [
        await issuer.sign({ client_id: undefined, sub: CLIENT }),
        await issuer.sign({ client_id: "" }),
        await issuer.sign({ client_id: "x".repeat(256) }),
      ],
      WRONG_KEY_OR_SIGNATURE: [
        stranger,
        await issuer.sign({}, { kid: "../../etc/passwd" }),
        `${head}.${body}.${signature.slice(0, -8)}`,
        `${head}.${base64({ ...payload, client_id: "ops" })}.${signature}`,
      ],
    };
    for (const [fault, wrong] of Object.entries(tokens)) {
      for (const token of wrong) {
        expect(await verify(token), `${fault}: ${token}`).toBeUndefined();
        expect(verifier.whyRefused(token).fault, token).toBe(fault);
      }
    }
    expect(verifier.verify(stranger), "a second time at once").toBeUndefined();
  });
});

describe("URLs that keys are read from", () => {
  it("are https, or http on this machine", () => {
    for (const url of [
      "https://id.example/realms/a",
      "http://127.0.0.1:8080",
      "http://localhost",
      "http://[::1]:1",
    ])
      expect(isSafeUrl(url), url).toBe(true);
    for (const url of [
      "http://id.example",
      "http://localhost.evil.example",
      "file:///etc",
      "https://u:p@id.example",
      "x",
    ])
      expect(isSafeUrl(url), url).toBe(false);
  });
});
