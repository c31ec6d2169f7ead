/**
 * The whole of sms-relay.yaml. Names carry no units, since values do: once parsed, every duration is milliseconds and every size
 * octets.
 */
import { z } from "zod";
import { scopes } from "../domain/scopes.ts";
import { isSafeUrl, tokenAlgorithms } from "../oidc/issuer.ts";
import { crossFaultsOf } from "./cross-faults.ts";
import { gatewaySchema } from "./gateway-schema.ts";
import { type ReferenceReader, secret } from "./references.ts";
import { accountId, country, host, ipRange } from "./text-forms.ts";
import { serverTls } from "./tls-files.ts";
import { duration, size } from "./values.ts";

const port = z.int().min(0).max(65_535);
const day = 86_400_000;

const safeUrl = z
  .string()
  .max(2_048)
  .refine(isSafeUrl, "must be an https URL without user and password, or http on a loopback address");

const listen = <Tls extends z.ZodType>(tls: Tls) =>
  z
    .strictObject({
      grpc: z
        .strictObject({
          host: host.default("127.0.0.1"),
          port: port.default(50_051),
          tls: tls.optional(),
          allowPlaintext: z.boolean().default(false),
        })
        .prefault({}),
      http: z.strictObject({ host: host.default("127.0.0.1"), port: port.default(9_090) }).prefault({}),
      callbacks: z
        .strictObject({
          host: host.default("127.0.0.1"),
          port: port.default(8_081),
          tls: tls.optional(),
          allowPlaintext: z.boolean().default(false),
          publicUrl: safeUrl,
        })
        .optional(),
      api: z
        .strictObject({
          host: host.default("127.0.0.1"),
          port: port.default(8_080),
          tls: tls.optional(),
          allowPlaintext: z.boolean().default(false),
        })
        .optional(),
    })
    .prefault({});

/** One URL, several in one text, or a list of them; each may be a reference, since it may hold a password. */
const postgresUrls = (reader: ReferenceReader) =>
  z
    .union([secret(reader), z.array(secret(reader)).min(1).max(10)])
    .transform((urls) => [urls].flat().flatMap((url) => url.split(/\s+/).filter((part) => part !== "")))
    .refine(
      (urls) => urls.length > 0 && urls.every(isPostgresUrl),
      "must be postgres://user:password@host/database, with special characters percent-encoded, or a list of such URLs; the file of a SQLite store stands under store.path",
    )
    .refine(
      (urls) => !urls.every(isPostgresUrl) || urls.every(hasKnownSslMode),
      "must have sslmode=verify-full, no-verify (encrypted, no certificate checked) or disable, where it has one",
    );

/** Programs differ over libpq's other modes, in whether a certificate is looked at. */
const sslModes = ["verify-full", "no-verify", "disable"];

function hasKnownSslMode(url: string): boolean {
  const { searchParams } = new URL(url);
  const mode = searchParams.get("sslmode");
  return mode === null || sslModes.includes(mode) || searchParams.get("uselibpqcompat") === "true";
}

/**
 * It names one database, with nothing behind it that a `/`, `?` or `#` in a password would put there: errors show all but user and
 * password.
 */
function isPostgresUrl(url: string): boolean {
  if (!/^postgres(ql)?:\/\/./.test(url) || !URL.canParse(url)) return false;
  const { pathname, hash, search } = new URL(url);
  return /^\/[^/@]+$/.test(pathname) && hash === "" && !search.includes("@");
}

const store = <Url extends z.ZodType>(url: Url) =>
  z
    .strictObject({
      url: url.optional(),
      replica: z
        .string()
        .regex(/^[A-Za-z0-9_-]{1,63}$/, "must be 1 to 63 letters, digits, dashes and underscores")
        .optional(),
      path: z
        .string()
        .min(1)
        .default("./sms-relay-data/sms-relay.db")
        .refine(
          (path) => !/^[a-z]+:\/\//i.test(path),
          "must be the path of a SQLite file; a PostgreSQL database stands under store.url",
        ),
      minFreeDisk: size("0", "1000GiB").default(256 * 1024 ** 2),
    })
    .prefault({});

const retention = z
  .strictObject({
    bodies: duration("0", "365d").default(day),
    reports: duration("1h", "365d").default(7 * day),
    messages: duration("1h", "3650d").default(30 * day),
    requestIds: duration("1h", "365d").default(7 * day),
    parkedReceipts: duration("1m", "30d").default(day),
    references: duration("1h", "30d").default(3 * day),
    smscIds: duration("1h", "60d").default(7 * day),
    audit: duration("1d", "3650d").default(400 * day),
  })
  .prefault({});

const limits = z
  .strictObject({
    maxRecipients: z.int().min(1).max(1_000).default(1_000),
    maxRequestSize: size("64KiB", "64MiB").default(4 * 1024 ** 2),
    maxBacklog: z.int().min(1).max(1_000_000_000).default(1_000_000),
    maxReportStreams: z.int().min(1).max(100_000).default(1_000),
    maxReportStreamsPerAccount: z.int().min(1).max(100_000).default(100),
    maxSubscriptionsPerAccount: z.int().min(1).max(100_000).default(1_000),
    maxConnections: z.int().min(1).max(1_000_000).default(2_000),
    maxConnectionsPerAccount: z.int().min(1).max(1_000_000).default(500),
    maxCallsPerAccount: z.int().min(1).max(1_000_000).default(10_000),
    maxBegunPerAccount: size("64KiB", "64GiB").default(64 * 1024 ** 2),
    maxUnreadPerAccount: size("64KiB", "64GiB").default(32 * 1024 ** 2),
    perAddress: z.int().min(1).max(1_000_000).optional(),
  })
  .prefault({});

/** What a caller can send as a key in a header. */
const shownKey = /^[!-~][ -~]{30,254}[!-~]$/;

/** A key as given: at least 32 characters, or the SHA-256 of one in hexadecimal. */
const configuredKey = (reader: ReferenceReader) =>
  secret(reader).refine(
    (key) => (key.startsWith("sha256:") ? /^sha256:[0-9a-f]{64}$/.test(key) : shownKey.test(key)),
    "must have 32 to 256 printable ASCII characters, none of them a blank at either end, or be sha256: and 64 hexadecimal digits",
  );

/** One secret, or several: the first is used, the others are still known. */
const secretList = (reader: ReferenceReader) => {
  const one = secret(reader);
  return z
    .union([one, z.array(one).min(1).max(10)])
    .transform((given) => [given].flat())
    .refine(
      (given) => given.every(({ length }) => length >= 32 && length <= 256),
      "must be a secret of 32 to 256 characters, or a list of such secrets",
    );
};

const account = (reader: ReferenceReader) =>
  z.strictObject({
    id: accountId,
    scopes: z.array(z.enum(scopes)).min(1).max(scopes.length).optional(),
    role: z.enum(["ACCOUNT", "OPERATOR"]).optional(),
    keys: z.array(configuredKey(reader)).min(1).max(20),
  });

/** What senders countries take; one in no entry takes every sender. */
const senderCountries = z.strictObject({
  countries: z.array(country).min(1).max(250),
  kinds: z
    .array(z.enum(["INTERNATIONAL", "NATIONAL", "ALPHANUMERIC", "SHORT_CODE"]))
    .min(1)
    .default(["INTERNATIONAL", "NATIONAL", "ALPHANUMERIC", "SHORT_CODE"]),
  registered: z.boolean().default(false),
  shortCodes: z
    .array(z.string().regex(/^[0-9]{1,15}$/, "must be 1 to 15 digits, in quotes"))
    .min(1)
    .max(10_000)
    .optional(),
});

/** Whose access tokens are taken beside keys. */
const issuer = z.strictObject({
  issuer: safeUrl,
  audience: z
    .union([z.string().min(1), z.array(z.string().min(1)).min(1).max(100)])
    .transform((given) => [given].flat()),
  jwksUri: safeUrl.optional(),
  algorithms: z
    .array(z.enum(tokenAlgorithms))
    .min(1)
    .default([...tokenAlgorithms]),
  accountClaim: z.string().min(1).max(255).default("client_id"),
});

/** The schema; `reader` follows references to variables and files. */
export const configSchema = (reader: ReferenceReader) =>
  z
    .strictObject({
      listen: listen(serverTls(reader)),
      trustedProxies: z.array(ipRange).max(1_000).default([]),
      store: store(postgresUrls(reader)),
      retention,
      receiptGrace: duration("0", "7d").default(3_600_000),
      limits,
      secrets: z
        .strictObject({
          requestHash: secretList(reader).optional(),
          callbacks: secretList(reader).optional(),
        })
        .prefault({}),
      accounts: z.array(account(reader)).max(10_000).default([]),
      issuers: z.array(issuer).max(100).default([]),
      senders: z.array(senderCountries).max(300).default([]),
      gateways: z.array(gatewaySchema(reader)).max(1_000).default([]),
      logging: z
        .strictObject({
          level: z.enum(["debug", "info", "warn", "error", "silent"]).default("info"),
          showRecipients: z.boolean().default(false),
          refusedCalls: z.enum(["debug", "info", "warn", "off"]).default("debug"),
        })
        .prefault({}),
      shutdown: z.strictObject({ grace: duration("1s", "10m").default(20_000) }).prefault({}),
    })
    .superRefine(
      (config, context) => {
        for (const { path, rule } of crossFaultsOf(config)) {
          context.addIssue({ code: "custom", path: [...path], message: rule });
        }
      },
      // Also where single settings have faults: all are told at once.
      { when: () => true },
    );

/**
 * What a client reads of the same file, to find the service: where it listens, with which certificate, and where its keys are. No secret is
 * looked at, since those who only call the service need not have them; names are, since a misspelt one leads to another service.
 */
export const clientSchema = (groups: readonly string[]) =>
  z.strictObject({
    ...Object.fromEntries(groups.map((name) => [name, z.unknown().optional()])),
    listen: listen(
      z.looseObject({
        cert: z.string().min(1),
        clientCa: z.unknown().optional(),
        clientCertificate: z.unknown().optional(),
      }),
    ),
    store: store(z.unknown()),
  });

export type Config = z.output<ReturnType<typeof configSchema>>;
