/** A SQLite store in a temporary folder with rows in every table, and the copy of it. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type CopyOutcome, copyStore } from "../../../src/compose/stores/copy-store.ts";
import { type DeliveryId, messageIdOf } from "../../../src/domain/ids.ts";
import type { E164 } from "../../../src/domain/message.ts";
import type { IncomingPart } from "../../../src/domain/receipt.ts";
import { openSqliteStore } from "../../../src/store/sqlite/open.ts";
import type { Store } from "../../../src/store/store.ts";
import { actAt } from "../../support/acts.ts";
import { createFakeClock } from "../../support/fake-clock.ts";
import {
  acceptClaimed,
  acceptSubmitted,
  account,
  buildAcceptance,
  buildReceipt,
  dayMs,
  firstClaim,
  gateway,
  hourMs,
  startMs,
} from "../../support/store-builders.ts";

export interface StoreFile extends Disposable {
  readonly path: string;
  open(options?: { readonly startsCopied: boolean }): Promise<Store>;
  copy(url: string, options?: CopyOptions): Promise<CopyOutcome>;
}

export interface CopyOptions {
  /** Stops once so many rows are there. */
  readonly stopAfter?: number;
  /** Also a file that was copied before. */
  readonly isAgain?: boolean;
}

export function makeStoreFile(): StoreFile {
  const folder = mkdtempSync(join(tmpdir(), "sms-relay-copy-"));
  const path = join(folder, "relay.db");
  return {
    path,
    open: (options) => openSqliteStore({ path, clock: createFakeClock(startMs), ...options }),
    copy(url, { stopAfter = Number.POSITIVE_INFINITY, isAgain = false } = {}) {
      const stopping = new AbortController();
      return copyStore({
        path,
        urls: [url],
        isAgain,
        signal: stopping.signal,
        onRows: (done) => {
          if (done >= stopAfter) stopping.abort();
        },
        onTable: () => {},
      });
    },
    [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** Texts that PostgreSQL cannot hold as they are. */
export const oddText = "a\u0000b\u001bc\u001bE";

/** Deliveries by what became of them. */
export interface Filled {
  readonly waiting: DeliveryId;
  readonly claimed: DeliveryId;
  readonly doubtful: DeliveryId;
  readonly submitted: DeliveryId;
  readonly delivered: DeliveryId;
}

const part = (sequence: number): IncomingPart => ({
  gatewayId: gateway,
  from: "46701234567",
  to: "72404",
  dataCoding: 0,
  text: oddText,
  data: Uint8Array.of(0, 255, sequence),
  udh: Uint8Array.of(5, 0, 3, 9, 3, sequence),
  concatenation: { reference: 9, total: 3, sequence },
  arrivalTimeMs: startMs,
});

const keep = 30 * dayMs;
const retention = {
  bodiesMs: hourMs,
  reportsMs: keep,
  messagesMs: keep,
  requestIdsMs: keep,
  parkedReceiptsMs: keep,
  referencesMs: keep,
  smscIdsMs: keep,
  auditMs: keep,
};

/** Leaves the store as a process does that was killed: with claims, and something in doubt. */
export async function fillStore(store: Store): Promise<Filled> {
  const { claimant } = await store.join(startMs);
  const queued = (options: Parameters<typeof buildAcceptance>[0]) =>
    buildAcceptance({ claimant, ...options });
  const delivered = await acceptSubmitted(store, claimant, ["d1", "d2"]);
  await store.recordReceipts(["d1", "d2"].map((id) => buildReceipt(id)));
  const submitted = await acceptSubmitted(store, claimant, ["s1"], { message: { clientReference: oddText } });
  // The body of the first is erased, and the second is noted for later.
  await store.clean(startMs + 2 * hourMs, retention, 500);
  const [claimed] = await acceptClaimed(store, claimant);
  const [doubtful] = await acceptClaimed(store, claimant, { message: { duplicatePolicy: "AT_MOST_ONCE" } });
  if (claimed === undefined || doubtful === undefined) throw new Error("a message has no delivery");
  await store.markSubmitting([firstClaim(doubtful)], claimant, startMs);
  const waiting = queued({
    request: { id: "r-1", hash: "h" },
    message: { content: { kind: "binary", data: Uint8Array.of(0, 1, 255), udh: Uint8Array.of(3) } },
  });
  await store.accept([
    { ...waiting, counted: { owners: [account], count: 2 } },
    queued({ rejected: true, message: { metadata: { colour: oddText } } }),
    queued({ recipients: 3, message: { lane: "BULK", content: { kind: "text", text: oddText } } }),
  ]);
  await store.recordReceipts([buildReceipt(oddText, { raw: Uint8Array.of(0, 255) })]);
  await store.recordUnparsableReceipt(gateway, Uint8Array.of(1, 0, 2), startMs);
  await store.recordIncoming([part(1), part(3)]);
  await store.openSubscription(account, "billing", 2, startMs);
  await store.acknowledge(account, "billing", 4, startMs + 1);
  await store.createKey(actAt(), {
    ...{ id: "k1", accountId: account, scopes: ["READ"], name: oddText, hash: "00", createTimeMs: startMs },
    revokeTimeMs: undefined,
    expireTimeMs: undefined,
    useTimeMs: undefined,
  });
  await store.updateAccount(actAt(), account, { displayName: oddText }, undefined, true);
  const identity = {
    issuer: "https://id.example",
    value: oddText,
    accountId: account,
    scopes: ["SEND"],
  } as const;
  await store.setIdentity(actAt(), identity, true);
  await store.requestSender(actAt(), account, {
    sender: "ACME",
    purpose: oddText,
    regionCodes: ["NL", "SE"],
  });
  const lines = [{ regionCode: "NL", prefix: "", standard: 45_000, premium: 80_000 }];
  const prices = { accountId: account, startTimeMs: startMs, currencyCode: "EUR", lines } as const;
  await store.importRates(actAt(), prices, true);
  await store.changeSuppressions(actAt(), account, {
    upserted: [
      { recipient: "+46700000001" as E164, contentCategories: ["ADVERTISEMENT"], expireTimeMs: startMs + 1 },
    ],
    removed: [],
  });
  const guarded = {
    accountId: account,
    kind: "recipient",
    destination: "+46700000001",
    replica: "",
    count: 6,
  };
  await store.putGuardCounts(473_000, "", [guarded]);
  await store.importRates(
    actAt(),
    {
      ...{ accountId: "", startTimeMs: startMs, currencyCode: "EUR" },
      lines: [{ regionCode: "NL", prefix: "", standard: 45_000, premium: 80_000 }],
    },
    true,
  );
  await store.setPaused(actAt(), gateway, { reason: oddText, timeMs: startMs });
  await store.noteBound({ gatewayId: gateway, fingerprint: "0f".repeat(16) }, startMs);
  const [first] = waiting.deliveries;
  if (first === undefined) throw new Error("a message has no delivery");
  return { waiting: first.id, claimed, doubtful, submitted, delivered };
}

/** Everything that callers see of these deliveries and their account. */
export async function viewOf(store: Store, filled: Filled) {
  const page = { afterPosition: -1, limit: 100, view: "FULL" } as const;
  return {
    statuses: await Promise.all(
      Object.values(filled).map((id: DeliveryId) => store.readStatus(account, messageIdOf(id), page)),
    ),
    messages: await store.listMessages(account, {}, { before: undefined, limit: 100 }),
    reports: await store.readReports(account, 0, 1_000),
    bounds: await store.reportBounds(account),
    subscriptions: await store.listSubscriptions(account, { after: undefined, limit: 100 }),
    keys: await store.listKeys(undefined, 100, undefined),
    identities: await store.listIdentities(undefined, 100, undefined),
    pauses: await store.pausedGateways(),
    bound: await store.boundCredentials(),
    accounts: await store.listAccounts("", 100),
    audit: await store.listAudit({
      before: 1_000,
      limit: 100,
      keyId: "",
      subject: "",
    }),
    suppressions: await store.listSuppressions(account, undefined, undefined, startMs, 100),
    rates: await store.validRates(account, startMs),
    totals: await store.readCounts(account),
    changes: await store.changesAfter(0, 100),
    prices: await store.validRates(account, startMs),
    senders: await store.listSendersOf(account, "", 100),
    backlog: await store.backlog(),
  };
}
