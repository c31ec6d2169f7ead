import { createHmac } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { decodeJwt, decodeProtectedHeader, SignJWT } from "jose";
import { Status } from "nice-grpc";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createKeySealer } from "../../../src/app/tokens/seal-signing-key.ts";
import { NumberForms } from "../../../src/gen/smsrelay/v1/account.ts";
import type { Scope as PbScope } from "../../../src/gen/smsrelay/v1/api_key.ts";
import { InitialStart } from "../../../src/gen/smsrelay/v1/subscription.ts";
import { silentLogger } from "../../../src/observability/logger.ts";
import { openPostgresStore } from "../../../src/store/postgres/open.ts";
import { fetchToken } from "../../support/own-token.ts";
import { createDatabase, postgresMissing, type TestDatabase } from "../../support/postgres-database.ts";
import { connectClients, failureOf, type RpcClients } from "../../support/rpc-client.ts";
import {
  OPERATOR_KEY,
  type RpcWorld,
  type RpcWorldOptions,
  SHOP_KEY,
  startRpcWorld,
} from "../../support/rpc-world.ts";
import { AUDIENCE, startTokenIssuer, type TokenIssuer } from "../../support/token-issuer.ts";

const good = {
  sender: "ACME",
  recipients: ["+31612345678"],
  content: { $case: "text", value: "hello" } as const,
};

let database: TestDatabase | undefined;
const stores: readonly {
  readonly name: string;
  readonly missing?: string | undefined;
  open(): Promise<RpcWorldOptions>;
}[] = [
  { name: "SQLite", open: async () => ({}) },
  {
    name: "PostgreSQL",
    missing: postgresMissing,
    async open() {
      database = await createDatabase();
      const { url } = database;
      return { openStore: (clock) => openPostgresStore({ urls: [url], clock, log: silentLogger }) };
    },
  },
];
afterAll(async () => {
  await database?.drop();
});

for (const { name, missing, open } of stores)
  describe.skipIf(missing !== undefined)(
    `a token of our own, ${name}${missing ? ` (skipped: ${missing})` : ""}`,
    () => {
      let issuer: TokenIssuer;
      let world: RpcWorld;
      let operator: RpcClients;
      let shopToken: string;
      beforeAll(async () => {
        issuer = await startTokenIssuer();
        const issuers = [
          {
            issuer: issuer.issuer,
            audience: [AUDIENCE],
            algorithms: ["RS256"],
            accountClaim: "client_id",
          } as const,
        ];
        world = await startRpcWorld({
          ...(await open()),
          hasApi: true,

          issuers,
        });
        operator = connectClients(world.address, OPERATOR_KEY);
        shopToken = await fetchToken(world.apiUrl, "shop", SHOP_KEY);
      });
      afterAll(async () => {
        operator[Symbol.dispose]();
        await world.stop();
        await issuer[Symbol.asyncDispose]();
      });

      async function refusalOf(token: string) {
        using clients = connectClients(world.address, token);
        const failure = await failureOf((options) => clients.sms.listSms({}, options));
        const { code, text, info, violations, quota, retry } = failure;
        return { code, text, info, violations, quota, retry };
      }

      const makeKey = async (keyId: string, accountId: string, scopes: readonly PbScope[] = []) =>
        (await operator.keys.createKey({ keyId, accountId, scopes: [...scopes] })).secret;

      it("sends for the account of its key: KPN's numbers as people write them, to Dutch mobiles only", async () => {
        const key = await makeKey("kpn-key", "kpn");
        await operator.admin.updateAccount({
          account: {
            accountId: "kpn",
            policy: {
              regions: { allowed: ["NL"] },
              defaultRegionCode: "NL",
              numberForms: NumberForms.NUMBER_FORMS_ANY,
              numberTypes: { allowed: ["MOBILE"] },
            },
          },
          updateMask: ["policy"],
        });
        using kpn = connectClients(
          world.address,
          await fetchToken(world.apiUrl, "kpn-key", key, "client.sms.send"),
        );
        using reader = connectClients(world.address, key);
        const recipients = ["0612345678", "0031612345679", "+31 (0)6 12345670"];
        const { messageId } = await kpn.sms.sendSms({ ...good, recipients });
        const { deliveries } = await reader.sms.getStatus({ messageId });
        expect(deliveries.map(({ recipient }) => recipient)).toEqual([
          "+31612345678",
          "+31612345679",
          "+31612345670",
        ]);
        const refused = async (recipient: string) =>
          failureOf((options) => kpn.sms.sendSms({ ...good, recipients: [recipient] }, options));
        for (const [recipient, rule] of [
          ["+32470123456", "COUNTRY"],
          ["0600123456", "NUMBER_TYPE"],
        ] as const)
          expect((await refused(recipient)).info).toMatchObject({
            reason: "RECIPIENTS_NOT_ALLOWED",
            metadata: { status_code: "4029", rule },
          });
        expect(await failureOf((options) => kpn.sms.listSms({}, options))).toMatchObject({
          code: Status.PERMISSION_DENIED,
          info: { reason: "ACCESS_DENIED", metadata: { scope: "READ" } },
        });
      });

      it("is no operator's, though its key is", async () => {
        using clients = connectClients(world.address, await fetchToken(world.apiUrl, "ops", OPERATOR_KEY));
        await clients.sms.listSms({});
        expect(await failureOf((options) => clients.keys.listKeys({}, options))).toMatchObject({
          info: { reason: "ACCESS_DENIED", metadata: { scope: "ADMIN" } },
        });
      });

      it("ends with its key, and open streams of it soon", async () => {
        const key = await makeKey("leaver", "shop");
        const token = await fetchToken(world.apiUrl, "leaver", key);
        using leaver = connectClients(world.address, token);
        const start = { initialStart: InitialStart.INITIAL_START_NOW };
        const reports = leaver.sms.streamDeliveryReports({ start })[Symbol.asyncIterator]();
        await reports.next();
        const ended = expect(
          (async () => {
            while (!(await reports.next()).done);
          })(),
        ).rejects.toMatchObject({ code: Status.UNAUTHENTICATED });
        await operator.keys.revokeKey({ keyId: "leaver" });
        expect(await refusalOf(token)).toMatchObject({ info: { reason: "INVALID_CREDENTIALS" } });
        await expect(fetchToken(world.apiUrl, "leaver", key)).rejects.toThrow("invalid_client");
        await ended;
      });

      it("is of no use while its account is suspended, and no new one is issued", async () => {
        const key = await makeKey("paused-key", "paused");
        const token = await fetchToken(world.apiUrl, "paused-key", key);
        await operator.admin.suspendAccount({ accountId: "paused" });
        expect(await refusalOf(token)).toMatchObject({ info: { reason: "INVALID_ACCOUNT" } });
        await expect(fetchToken(world.apiUrl, "paused-key", key)).rejects.toThrow("unauthorized_client");
        await operator.admin.reinstateAccount({ accountId: "paused" });
        using paused = connectClients(world.address, token);
        await paused.sms.listSms({});
      });

      it("is refused alike whatever is wrong with it, as a wrong key is", async () => {
        const [row] = await world.store.listSigningKeys();
        if (row === undefined) throw new Error("no key signs");
        const secret = createKeySealer(["the secret of the tests"]).open(row.id, row.sealedBy, row.sealed);
        const payload = decodeJwt(shopToken);
        const header = { alg: "HS256", typ: "at+jwt", kid: row.id };
        const sign = (claims: object, heads: object = {}, by = secret ?? Buffer.alloc(32)) =>
          new SignJWT({ ...payload, ...claims }).setProtectedHeader({ ...header, ...heads }).sign(by);
        using clients = connectClients(world.address, await sign({}));
        await clients.sms.listSms({});
        const [head = "", body = "", signature = ""] = shopToken.split(".");
        const none = Buffer.from(JSON.stringify({ ...header, alg: "none" })).toString("base64url");
        const pem = Buffer.from(issuer.publicPem());
        const asText = (part: object) => Buffer.from(JSON.stringify(part)).toString("base64url");
        const rsaHead = asText({ alg: "RS256", typ: "at+jwt", kid: issuer.keyId() });
        const hostile = [
          "smsr_nobody_0000000000000000000000000000000000000000000",
          `${none}.${body}.`,
          `${none}.${body}.${signature}`,
          shopToken.slice(0, -5),
          `${head}.${asText({ ...payload, client_id: "ops" })}.${signature}`,
          // The issuer's public key as a secret, said to be ours and said to be the issuer's; our secret as the issuer's key.
          await sign({}, {}, pem),
          await sign({ iss: issuer.issuer, aud: AUDIENCE }, { kid: issuer.keyId() }, pem),
          `${rsaHead}.${body}.${createHmac("sha256", pem).update(`${rsaHead}.${body}`).digest("base64url")}`,
          await issuer.sign({ iss: "sms-relay", aud: "sms-relay", client_id: "shop" }, { kid: row.id }),
          await sign({ iss: issuer.issuer, aud: AUDIENCE }),
          await sign({}, { kid: "unknown" }),
          await sign({}, { kid: issuer.keyId() }),
          await sign({ exp: Math.floor(Date.now() / 1_000) - 1 }),
          await sign({ nbf: Math.floor(Date.now() / 1_000) + 60 }),
          await sign({}, { typ: "JWT" }),
          await sign({ nonce: "n" }, { typ: "id+jwt" }),
          await sign({ scope: "client.sms.send sms.admin" }),
          await sign({ scope: "sms.admin", client_id: "ops" }),
          await sign({ client_id: "nobody" }),
          await sign({ filler: "x".repeat(9_000) }),
          // What the id of the store, or nothing, would have signed.
          await sign({}, {}, Buffer.from(world.store.id)),
          await sign({}, {}, Buffer.from(row.sealed)),
        ];
        const refusals = await Promise.all(hostile.map(refusalOf));
        for (const [at, refusal] of refusals.entries()) expect(refusal, hostile[at]).toEqual(refusals[0]);
        expect(refusals[0]).toMatchObject({
          code: Status.UNAUTHENTICATED,
          info: { reason: "INVALID_CREDENTIALS", metadata: { status_code: "4001" } },
          violations: [],
        });
        expect(decodeProtectedHeader(shopToken)).toEqual(header);
      });
    },
  );

describe("a backup", () => {
  it("holds nothing that a token could be signed with, and no token is right on it", async () => {
    const folder = mkdtempSync(join(tmpdir(), "sms-relay-backup-"));
    const world = await startRpcWorld({ hasApi: true });
    try {
      await fetchToken(world.apiUrl, "shop", SHOP_KEY);
      const [row] = await world.store.listSigningKeys();
      const path = join(folder, "copy.db");
      await world.store.backup(path);
      expect(await world.store.listSigningKeys()).toHaveLength(1);
      const copied = new DatabaseSync(path, { readOnly: true });
      expect(copied.prepare("SELECT count(*) AS count FROM signing_keys").get()).toEqual({ count: 0 });
      copied.close();
      const octets = readFileSync(path);
      for (const text of [row?.sealed ?? "", row?.id ?? ""]) {
        expect(text.length).toBeGreaterThan(10);
        expect(octets.includes(text)).toBe(false);
      }
    } finally {
      await world.stop();
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
