import { generateKeyPairSync } from "node:crypto";
import { decodeJwt, decodeProtectedHeader, type JWTHeaderParameters, SignJWT } from "jose";
import { beforeEach, describe, expect, it } from "vitest";
import { scopesOf } from "../../../../src/app/tokens/read-own-token.ts";
import { createTokenWorld, TILL, type TokenProcess, type TokenWorld } from "../../../support/token-world.ts";

let world: TokenWorld;
let here: TokenProcess;
beforeEach(() => {
  world = createTokenWorld();
  here = world.start({ issues: true });
});

const seconds = () => world.clock.now() / 1_000;
const issue = (scopes = TILL.scopes) => here.tokens.issue(TILL.keyId, scopes);

/** Signed with the key of today, as whoever has it could. */
async function forge(
  claims: Record<string, unknown> = {},
  header: Record<string, unknown> = {},
): Promise<string> {
  const { id, secret } = await here.signingKeys.current();
  const usual = {
    iss: "sms-relay",
    aud: "sms-relay",
    client_id: "till",
    scope: "client.sms.send",
    exp: seconds() + 600,
  };
  return new SignJWT({ ...usual, ...claims })
    .setProtectedHeader({ alg: "HS256", typ: "at+jwt", kid: id, ...header } as JWTHeaderParameters)
    .sign(secret, { crit: { example: true } });
}

describe("a token of our own", () => {
  it("is an access token of RFC 9068 for its key, of an hour", async () => {
    const token = await issue(["SEND", "READ"]);
    expect(decodeProtectedHeader(token)).toEqual({ alg: "HS256", typ: "at+jwt", kid: world.rows[0]?.id });
    expect(decodeJwt(token)).toEqual({
      iss: "sms-relay",
      aud: "sms-relay",
      sub: "till",
      client_id: "till",
      scope: "client.sms.send client.sms.read",
      iat: seconds(),
      exp: seconds() + 3_600,
      jti: expect.stringMatching(/^[0-9a-f-]{36}$/),
    });
    expect(here.tokens.recognizes(token)).toBe(true);
    expect(await here.tokens.verify(token)).toEqual({ ...TILL, scopes: ["SEND", "READ"] });
  });

  it("is known by every process at once, and answered from memory from the second call on", async () => {
    const token = await issue();
    const [there, third] = [world.start(), world.start()];
    for (const { tokens } of [there, third]) expect(await tokens.verify(token)).toEqual(TILL);
    const { reads } = world;
    const again = there.tokens.verify(token);
    expect(again).toEqual(TILL);
    expect(there.tokens.verify(token), "the same, made once").toBe(again);
    expect(world.reads).toBe(reads);
  });

  it("ends with its hour, whether it is remembered or not", async () => {
    const token = await issue();
    world.clock.advance(3_599_000);
    expect(await here.tokens.verify(token)).toEqual(TILL);
    world.clock.advance(1_000);
    expect(await here.tokens.verify(token)).toBeUndefined();
    expect(here.tokens.whyRefused(token)).toMatchObject({ fault: "EXPIRED" });
  });

  it("ends with its key, at the next call", async () => {
    const token = await issue();
    expect(await here.tokens.verify(token)).toEqual(TILL);
    world.holders.delete("till");
    expect(here.tokens.verify(token)).toBeUndefined();
    expect(here.tokens.whyRefused(token)).toEqual({
      reason: "WRONG_TOKEN",
      issuer: "sms-relay",
      value: "till",
      fault: "KEY_GONE",
    });
  });

  it("may never do more than its key may now, nor what operators do, though the key may", async () => {
    const token = await issue();
    world.holders.set("till", { ...TILL, scopes: ["READ"] });
    expect(await here.tokens.verify(token)).toMatchObject({ scopes: ["READ"] });
    world.holders.set("till", { ...TILL, scopes: ["ADMIN"] });
    expect(await here.tokens.verify(token)).toMatchObject({ scopes: ["SEND", "READ", "MANAGE"] });
  });

  it("is not remembered beyond its signing key", async () => {
    const token = await issue();
    expect(await here.tokens.verify(token)).toEqual(TILL);
    world.rows = [];
    world.clock.advance(60_000);
    await world.start().signingKeys.look();
    await here.signingKeys.look();
    world.clock.advance(100);
    expect(await here.tokens.verify(token)).toBeUndefined();
  });

  it("that is wrong is refused, and asks the store for nothing where its key is known", async () => {
    const right = await issue();
    const [head = "", payload = "", signature = ""] = right.split(".");
    const none = Buffer.from('{"alg":"none","typ":"at+jwt"}').toString("base64url");
    const { publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
    const pem = Buffer.from(publicKey.export({ type: "spki", format: "pem" }));
    const confused = await new SignJWT({ ...decodeJwt(right) })
      .setProtectedHeader({ alg: "HS256", typ: "at+jwt", kid: world.rows[0]?.id ?? "" })
      .sign(pem);
    const wrong: Readonly<Record<string, string>> = {
      none: `${none}.${payload}.`,
      "none, signed": `${none}.${payload}.${signature}`,
      "no signature": `${head}.${payload}.`,
      cut: right.slice(0, -3),
      "another payload": `${head}.${Buffer.from('{"iss":"sms-relay"}').toString("base64url")}.${signature}`,
      "a public key as the secret": confused,
      "another algorithm": await new SignJWT({}).setProtectedHeader({ alg: "HS512" }).sign(Buffer.alloc(64)),
      expired: await forge({ exp: seconds() }),
      "no end": await forge({ exp: undefined }),
      "not yet": await forge({ nbf: seconds() + 1 }),
      "another issuer": await forge({ iss: "https://id.example" }),
      "another audience": await forge({ aud: "https://sms.example" }),
      "an ID token": await forge({}, { typ: "JWT" }),
      "a logout token": await forge({}, { typ: "logout+jwt" }),
      "no type": await forge({}, { typ: undefined }),
      critical: await forge({ example: 1 }, { crit: ["example"], example: 1 }),
      "an operator's scope": await forge({ scope: "client.sms.send sms.admin" }),
      "an unknown scope": await forge({ scope: "client.sms.send other" }),
      "no scope": await forge({ scope: undefined }),
      "scopes in a list": await forge({ scope: ["client.sms.send"] }),
      "no client": await forge({ client_id: undefined }),
      "a client that is no text": await forge({ client_id: 5 }),
      "an unknown client": await forge({ client_id: "nobody" }),
    };
    const { reads } = world;
    for (const [what, token] of Object.entries(wrong)) {
      expect(await here.tokens.verify(token), what).toBeUndefined();
      expect(here.tokens.whyRefused(token).reason).toBe("WRONG_TOKEN");
    }
    expect(world.reads).toBe(reads);
    const unknown = forge({}, { kid: "unknown" }).then((token) => here.tokens.verify(token));
    const advance = () => {
      world.clock.advance(100);
      return unknown;
    };
    await expect(advance()).resolves.toBeUndefined();
  });

  it("of which one with a bad signature is remembered as such for ten seconds", async () => {
    const right = await issue();
    const cut = right.slice(0, -3);
    expect(await here.tokens.verify(cut)).toBeUndefined();
    expect(here.tokens.verify(cut), "at once").toBeUndefined();
    world.clock.advance(10_000);
    expect(here.tokens.verify(cut)).toBeInstanceOf(Promise);
  });
});

describe("the scopes of a token", () => {
  it.each([
    ["client.sms.send", ["SEND"]],
    ["client.sms.manage client.sms.send", ["SEND", "MANAGE"]],
    ["client.sms.send client.sms.send", ["SEND"]],
    ["sms.admin", undefined],
    ["client.sms.send sms.admin", undefined],
    ["SEND", undefined],
    ["", undefined],
    ["client.sms.send ", undefined],
    [["client.sms.send"], undefined],
    [undefined, undefined],
  ])("%j are %j", (scope, scopes) => {
    expect(scopesOf(scope)).toEqual(scopes);
  });
});
