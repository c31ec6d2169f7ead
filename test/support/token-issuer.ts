/**
 * An issuer of access tokens as it runs elsewhere: oidc-provider over HTTP on a loopback port, for client credentials. It can change its key,
 * go away and come back; and tests may sign what they like with its key.
 */
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { exportJWK, exportSPKI, generateKeyPair, type JWTHeaderParameters, SignJWT } from "jose";
import Provider from "oidc-provider";

/** What the tokens of the issuer are for. */
export const AUDIENCE = "https://sms.example";
export const CLIENT = "signicat-client";
const SECRET = "client-secret-of-the-tests-000000000001";

export interface TokenIssuer extends AsyncDisposable {
  readonly issuer: string;
  /** Requests for its keys so far. */
  readonly keyReads: number;
  /** A token by client credentials, as a client gets it. */
  token(scope: string): Promise<string>;
  /** Signs with the key of now; undefined takes a header or claim out. */
  sign(claims?: Readonly<Record<string, unknown>>, header?: Record<string, unknown>): Promise<string>;
  /** The public half of the key of now, in PEM: what an attacker has too. */
  publicPem(): string;
  keyId(): string;
  /** Has another key from now on, and publishes no other, or the last one too, or none at all. */
  rotate(published?: "alone" | "keep" | "none"): Promise<void>;
  goAway(): Promise<void>;
  comeBack(): Promise<void>;
}

export async function startTokenIssuer(): Promise<TokenIssuer> {
  const server = createServer();
  await listen(server, 0);
  const { port } = server.address() as AddressInfo;
  const issuer = `http://127.0.0.1:${port}`;
  let running: Server = server;
  let round = 0;
  let keyReads = 0;
  let current = await makeKey(`key-${round}`);
  let handle = providerOf(issuer, [current.jwk]);
  const answer = (server: Server) =>
    server.on("request", (request, response) => {
      if (request.url === "/jwks") keyReads += 1;
      handle(request, response);
    });
  answer(server);
  const away = () =>
    new Promise<void>((resolve) => {
      running.close(() => resolve());
      running.closeAllConnections();
    });
  return {
    issuer,
    get keyReads() {
      return keyReads;
    },
    async token(scope) {
      const answer = await fetch(`${issuer}/token`, {
        method: "POST",
        headers: { authorization: `Basic ${Buffer.from(`${CLIENT}:${SECRET}`).toString("base64")}` },
        body: new URLSearchParams({ grant_type: "client_credentials", scope, resource: AUDIENCE }),
      });
      const body = (await answer.json()) as { access_token?: string };
      if (body.access_token === undefined) throw new Error(`no token: ${JSON.stringify(body)}`);
      return body.access_token;
    },
    sign(claims = {}, header = {}) {
      const seconds = Math.floor(Date.now() / 1_000);
      const usual = {
        iss: issuer,
        aud: AUDIENCE,
        client_id: CLIENT,
        exp: seconds + 600,
        scope: "client.sms.send",
      };
      const heads = { alg: "RS256", typ: "at+jwt", kid: current.jwk.kid, ...header };
      return new SignJWT(withoutUndefined({ ...usual, ...claims }))
        .setProtectedHeader(withoutUndefined(heads) as JWTHeaderParameters)
        .sign(current.privateKey, { crit: { example: true } });
    },
    publicPem: () => current.publicPem,
    keyId: () => current.jwk.kid,
    async rotate(published = "alone") {
      round += 1;
      const last = current.jwk;
      current = await makeKey(`key-${round}`);
      const serve = providerOf(issuer, published === "keep" ? [last, current.jwk] : [current.jwk]);
      handle = (request, response) => {
        if (published !== "none" || request.url !== "/jwks") serve(request, response);
        else response.end('{"keys":[]}');
      };
    },
    goAway: away,
    async comeBack() {
      running = createServer();
      answer(running);
      await listen(running, port);
    },
    [Symbol.asyncDispose]: away,
  };
}

async function makeKey(kid: string) {
  const { privateKey, publicKey } = await generateKeyPair("RS256", { extractable: true });
  return {
    privateKey,
    publicPem: await exportSPKI(publicKey),
    jwk: { ...(await exportJWK(privateKey)), kid, alg: "RS256", use: "sig" },
  };
}

function providerOf(issuer: string, keys: readonly Awaited<ReturnType<typeof makeKey>>["jwk"][]) {
  const scopes = "client.sms.send client.sms.read client.sms.manage sms.admin other";
  const provider = new Provider(issuer, {
    clients: [
      {
        client_id: CLIENT,
        client_secret: SECRET,
        grant_types: ["client_credentials"],
        response_types: [],
        redirect_uris: [],
      },
    ],
    jwks: { keys },
    scopes: scopes.split(" "),
    ttl: { ClientCredentials: () => 600 },
    // Tokens are checked by their signature; nobody asks for one that was issued.
    adapter: () => ({ upsert: async () => {}, find: async () => undefined }),
    features: {
      clientCredentials: { enabled: true },
      devInteractions: { enabled: false },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: () => ({
          scope: scopes,
          audience: AUDIENCE,
          accessTokenFormat: "jwt",
          accessTokenTTL: 600,
          jwt: { sign: { alg: "RS256" } },
        }),
      },
    },
  });
  return provider.callback();
}

async function listen(server: Server, port: number): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", resolve);
  });
}

function withoutUndefined(fields: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}
