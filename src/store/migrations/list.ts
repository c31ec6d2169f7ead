/**
 * The steps of both stores' schemas from version 3 on, each a file with both texts, or with that of the store whom it concerns; what
 * came before is each store's own. Versions may leave gaps.
 */
import type { ColdTable, Migration, SharedMigration } from "../schema-change.ts";
import { claimNumbers } from "./0003-claim-numbers.ts";
import { readersAndHeldLeases } from "./0004-readers-and-held-leases.ts";
import { boundCredentials } from "./0006-bound-credentials.ts";
import { parkedReceipts } from "./0007-parked-receipts.ts";
import { keyScopes } from "./0011-key-scopes.ts";
import { fewerChecks } from "./0013-fewer-checks.ts";
import { firstAttempts } from "./0014-first-attempts.ts";
import { accounts } from "./0015-accounts.ts";
import { identities } from "./0017-identities.ts";
import { senders } from "./0018-senders.ts";
import { senderTypes } from "./0019-sender-types.ts";
import { auditSubjects } from "./0020-audit-subjects.ts";
import { keyExpiry } from "./0021-key-expiry.ts";
import { signingKeys } from "./0023-signing-keys.ts";
import { messageCounts } from "./0024-message-counts.ts";
import { suppressions } from "./0026-suppressions.ts";
import { guardCounts } from "./0028-guard-counts.ts";
import { listsOfKeys } from "./0029-lists-of-keys.ts";
import { rateLists } from "./0030-rate-lists.ts";
import { keyLimits } from "./0037-key-limits.ts";

const shared: readonly SharedMigration[] = [
  claimNumbers,
  readersAndHeldLeases,
  boundCredentials,
  parkedReceipts,
  keyScopes,
  fewerChecks,
  firstAttempts,
  accounts,
  identities,
  senders,
  senderTypes,
  auditSubjects,
  keyExpiry,
  signingKeys,
  messageCounts,
  suppressions,
  guardCounts,
  listsOfKeys,
  rateLists,
  keyLimits,
];

export const sqliteMigrations: readonly Migration[] = shared.flatMap(({ version, minReader, sqlite: sql }) =>
  sql === undefined ? [] : [{ version, minReader, sql }],
);

export const postgresMigrations: readonly Migration[] = shared.flatMap(
  ({ version, minReader, postgres: sql, indexes = [] }) =>
    sql === undefined ? [] : [{ version, minReader, sql, indexes }],
);

/** Tables of cold data (records/): those of the first schema, and what was made since. */
export const coldTables: readonly ColdTable[] = [
  { table: "subscriptions", key: ["account_id", "name"] },
  { table: "api_keys", key: ["id"] },
  { table: "gateway_pauses", key: ["gateway_id"] },
  ...shared.flatMap(({ coldTables: made = [] }) => made),
];
