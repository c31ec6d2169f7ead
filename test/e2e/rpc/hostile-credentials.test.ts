/** Whatever is wrong with what a caller shows, it is told the same octets, and no line in the log helps it or tells a secret. */
import { decodeJwt, SignJWT } from "jose";
import { Metadata, Status } from "nice-grpc";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createKeySealer } from "../../../src/app/tokens/seal-signing-key.ts";
import { systemClock } from "../../../src/observability/clock.ts";
import { createLogger } from "../../../src/observability/logger.ts";
import { fetchToken } from "../../support/own-token.ts";
import { connectClients, failureOf, type RpcClients } from "../../support/rpc-client.ts";
import { OPERATOR_KEY, type RpcWorld, SHOP_KEY, startRpcWorld } from "../../support/rpc-world.ts";
import { AUDIENCE, CLIENT, startTokenIssuer, type TokenIssuer } from "../../support/token-issuer.ts";

let logged = "";
const log = createLogger({
  level: "debug",
  showRecipients: false,
  isTerminal: false,
  clock: systemClock,
  destination: { write: (line: string) => void (logged += line) },
});

let issuer: TokenIssuer;
let world: RpcWorld;
let operator: RpcClients;
let nobody: RpcClients;
beforeAll(async () => {
  issuer = await startTokenIssuer();
  const known = { issuer: issuer.issuer, audience: [AUDIENCE], algorithms: ["RS256"] } as const;
  world = await startRpcWorld({ log, hasApi: true, issuers: [{ ...known, accountClaim: "client_id" }] });
  operator = connectClients(world.address, OPERATOR_KEY);
  nobody = connectClients(world.address, undefined);
});
afterAll(async () => {
  for (const clients of [operator, nobody]) clients[Symbol.dispose]();
  await world.stop();
  await issuer[Symbol.asyncDispose]();
});

const seconds = Math.floor(Date.now() / 1_000);
const base64 = (text: string) => Buffer.from(text).toString("base64");
const asPart = (part: object) => Buffer.from(JSON.stringify(part)).toString("base64url");

/** Both kinds of tokens are spoilt in these ways. */
const spoilt: readonly (readonly [claims: object, header: object])[] = [
  [{ exp: seconds - 3_600 }, {}],
  [{ exp: undefined }, {}],
  [{ exp: "tomorrow" }, {}],
  [{ nbf: seconds + 3_600 }, {}],
  [{ iss: "https://elsewhere.example" }, {}],
  [{ iss: undefined }, {}],
  [{ aud: "https://elsewhere.example" }, {}],
  [{ aud: CLIENT, nonce: "n" }, {}],
  [{ aud: undefined }, {}],
  [{ client_id: undefined }, {}],
  [{ client_id: "" }, {}],
  [{ filler: "x".repeat(9_000) }, {}],
  [{}, { kid: "unknown" }],
  [{}, { typ: "logout+jwt" }],
  [{}, { typ: "id+jwt" }],
  [{}, { crit: ["example"], example: true }],
];

/** What is left of a right token once somebody cut or altered it. */
function altered(token: string): string[] {
  const [head = "", body = "", signature = ""] = token.split(".");
  const none = asPart({ alg: "none", typ: "at+jwt" });
  const other = asPart({ ...decodeJwt(token), client_id: "ops" });
  return [
    token.slice(0, -8),
    token.slice(0, token.length >> 1),
    `${head}.${body}`,
    `${head}.${body}.`,
    `${head}..${signature}`,
    `.${body}.${signature}`,
    `${head}.${other}.${signature}`,
    `${none}.${body}.`,
    `${none}.${body}.${signature}`,
    `${token}.x`,
  ];
}

async function ownTokens(): Promise<string[]> {
  const token = await fetchToken(world.apiUrl, "shop", SHOP_KEY);
  const [row] = await world.store.listSigningKeys();
  const secret = row && createKeySealer(["the secret of the tests"]).open(row.id, row.sealedBy, row.sealed);
  if (secret === undefined) throw new Error("no key signs");
  const sign = (claims: object, header: object, by: Uint8Array) =>
    new SignJWT({ ...decodeJwt(token), ...claims })
      .setProtectedHeader({ alg: "HS256", typ: "at+jwt", kid: row?.id ?? "", ...header })
      .sign(by, { crit: { example: true } });
  const pem = Buffer.from(issuer.publicPem());
  const made = [secret, pem].flatMap((by) => spoilt.map(([claims, header]) => sign(claims, header, by)));
  return [...altered(token), ...(await Promise.all([...made, sign({}, {}, pem)]))];
}

async function issuedTokens(): Promise<string[]> {
  const made = spoilt.map(([claims, header]) => issuer.sign({ ...claims }, { ...header }));
  const byPem = new SignJWT({ iss: issuer.issuer, aud: AUDIENCE, client_id: CLIENT, exp: seconds + 600 })
    .setProtectedHeader({ alg: "HS256", typ: "at+jwt", kid: issuer.keyId() })
    .sign(Buffer.from(issuer.publicPem()));
  return [...altered(await issuer.sign()), ...(await Promise.all([...made, byPem]))];
}

/** The headers of some 200 calls, and what of them is secret. */
async function hostile() {
  const { apiKey, secret } = await operator.keys.createKey({ accountId: "shop" });
  const id = apiKey?.keyId ?? "";
  const right = secret.slice(`smsr_${id}_`.length);
  const wrong = [
    `${right.slice(0, -4)}0000`,
    right.slice(0, -1),
    `${right}x`,
    "0".repeat(43),
    "q".repeat(43),
  ];
  const keys = [id, "unknown", "shop"].flatMap((one) => wrong.map((end) => `smsr_${one}_${end}`));
  const users = ["shop", "other", "nobody", ""];
  const pairs = users.flatMap((user) => keys.slice(0, 10).map((key) => base64(`${user}:${key}`)));
  const tokens = [...(await ownTokens()), ...(await issuedTokens())];
  const odd = [
    "",
    "Bearer",
    "Bearer ",
    "Basic",
    "Basic =",
    "Token x",
    "x",
    "Bearer a b",
    "Bearer , ,",
    "Digest a=b",
  ];
  const bearers = [...keys, ...tokens];
  return {
    headers: [
      undefined,
      ...odd,
      ...bearers.map((shown) => `Bearer ${shown}`),
      ...keys.map((shown) => `bearer   ${shown}`),
      ...pairs.map((shown) => `Basic ${shown}`),
      ...tokens.slice(0, 30).map((shown) => `Basic ${shown}`),
    ],
    secrets: [right, ...wrong, ...pairs, ...tokens, SHOP_KEY],
  };
}

async function refusalOf(authorization: string | undefined, at: number) {
  const shown = authorization === undefined ? {} : { authorization };
  const metadata = Metadata({ "x-forwarded-for": `198.51.100.${at % 200}`, ...shown });
  let details: Uint8Array | undefined;
  const { code, text, info } = await failureOf((options) =>
    nobody.sms.listSms(
      {},
      {
        metadata,
        onTrailer(trailer) {
          details = trailer.get("grpc-status-details-bin");
          options.onTrailer?.(trailer);
        },
      },
    ),
  );
  return {
    code,
    text,
    status: info.metadata["status_code"],
    details: Buffer.from(details ?? []).toString("hex"),
  };
}

describe("some 200 hostile credentials", () => {
  it("are refused in the same octets, 4001, and no piece of them is in the log", async () => {
    const { headers, secrets } = await hostile();
    expect(headers.length).toBeGreaterThan(180);
    const refusals = await Promise.all(headers.map(refusalOf));
    expect(refusals[0]).toMatchObject({ code: Status.UNAUTHENTICATED, status: "4001" });
    for (const [at, refusal] of refusals.entries()) expect(refusal, headers[at]).toEqual(refusals[0]);
    log.flush();
    expect(logged).toContain("A call was refused for its key.");
    const pieces = new Set(Array.from({ length: logged.length }, (_, at) => logged.slice(at, at + 12)));
    for (const secret of secrets)
      for (let at = 0; at + 12 <= secret.length; at++)
        expect(pieces.has(secret.slice(at, at + 12)), secret.slice(at, at + 12)).toBe(false);
  });
});
