/** All that an API can ask for, wired to one store and to what sends: a line a feature. Each API gets it whole. */
import type { DataClock } from "../observability/data-clock.ts";
import type { Store } from "../store/store.ts";
import { type Accounts, type AccountsDeps, createAccounts } from "./accounts/create-accounts.ts";
import { type AddressLimit, createAddressLimit } from "./calls/address-limit.ts";
import { type CallerAddresses, createCallerAddresses } from "./calls/caller-address.ts";
import { createCallers } from "./calls/callers.ts";
import { createFailingAddresses, type FailingAddresses } from "./calls/failing-addresses.ts";
import { createLimits, type Limits } from "./calls/limits.ts";
import type { CallerVerifier } from "./calls/principal.ts";
import { createTokenSealer } from "./calls/sealed-token.ts";
import { createVerifications, type Verifications } from "./calls/verifications.ts";
import { createWorkInHand, type WorkInHand } from "./calls/work-in-hand.ts";
import { type Changes, createChanges } from "./changes.ts";
import type { Looking } from "./followed.ts";
import { createGateways, type Gateways, type GatewaysDeps } from "./gateways/create-gateways.ts";
import {
  createIdentitiesFeature,
  type IdentitiesFeature,
  type IdentitiesFeatureDeps,
} from "./identities/create-identities.ts";
import { createBasic } from "./keys/basic.ts";
import { createKeys, type Keys, type KeysDeps } from "./keys/create-keys.ts";
import {
  createMaintenance,
  type Maintenance,
  type MaintenanceDeps,
} from "./maintenance/create-maintenance.ts";
import { createMessages, type Messages } from "./messages/create-messages.ts";
import { createRates, type Rates } from "./money/rates.ts";
import { createReports, type Reports } from "./reports/create-reports.ts";
import { createSending, type Sending, type SendingDeps } from "./sending/create-sending.ts";
import { createSubscriptions, type Subscriptions } from "./subscriptions/create-subscriptions.ts";
import { createCursors } from "./subscriptions/cursors.ts";
import { createReaders, type Readers } from "./subscriptions/readers.ts";
import { createTokens, type Tokens, type TokensDeps } from "./tokens/create-tokens.ts";

export interface App {
  readonly sending: Sending;
  readonly messages: Messages;
  readonly reports: Reports;
  readonly subscriptions: Subscriptions;
  readonly gateways: Gateways;
  readonly keys: Keys;
  readonly accounts: Accounts;
  readonly identities: IdentitiesFeature;
  /** Prices. */
  readonly rates: Rates;
  /** Of our own; those of other issuers are identities. */
  readonly tokens: Tokens;
  /** Finds out who calls, by whatever they show. */
  readonly callers: CallerVerifier;
  readonly maintenance: Maintenance;
  /** Of accounts; APIs show how they stand. */
  readonly accountLimits: Limits;
  /** APIs enter in it what they let in. */
  readonly addresses: CallerAddresses;
  readonly failing: FailingAddresses;
  readonly verifications: Verifications;
  /** Undefined where addresses may call as often as they like. */
  readonly addressLimit: AddressLimit | undefined;
  readonly workInHand: WorkInHand;
  /** What stands in memory as of the last look. */
  readonly followed: readonly Looking[];
  /** The report streams that are open. */
  readonly readers: Readers;
}

/** What a feature is given from outside. */
type Given<Deps> = Omit<
  Deps,
  | "store"
  | "clock"
  | "limits"
  | "sealer"
  | "maxRecipients"
  | "standings"
  | "suppressions"
  | "changes"
  | "keys"
>;

export interface AppDeps
  extends Given<SendingDeps>,
    Given<KeysDeps>,
    Given<AccountsDeps>,
    Given<IdentitiesFeatureDeps>,
    Given<TokensDeps>,
    Given<MaintenanceDeps> {
  readonly store: Store;
  /** Ranges of proxies whose word on where a call comes from is believed. */
  readonly trustedProxies: readonly string[];
  readonly gateways: Given<GatewaysDeps>;
  readonly clock: DataClock;
  /** 0 to 1. */
  readonly random: () => number;
  readonly limits: {
    readonly maxRecipients: number;
    readonly maxReportStreams: number;
    readonly maxReportStreamsPerAccount: number;
    readonly maxSubscriptionsPerAccount: number;
    /** Calls a second. */
    readonly perAddress?: number | undefined;
  };
}

export function createApp(deps: AppDeps): App {
  const { store, clock, limits } = deps;
  const readers = createReaders(limits.maxReportStreams, {
    store,
    clock,
    maxOfAccount: limits.maxReportStreamsPerAccount,
  });
  const addresses = createCallerAddresses(deps.trustedProxies);
  const sealer = createTokenSealer(store.id);
  const changes: Changes = createChanges(deps);
  const accounts = createAccounts({ ...deps, sealer, changes, maxRecipients: limits.maxRecipients });
  const accountLimits = createLimits({ ...deps, standings: accounts.standings });
  const shared = {
    ...deps,
    sealer,
    standings: accounts.standings,
    suppressions: accounts.suppressionLists,
    changes,
    cursors: createCursors(() => store.line),
    readers,
    maxRecipients: limits.maxRecipients,
    maxSubscriptions: limits.maxSubscriptionsPerAccount,
  };
  const keys = createKeys(shared);
  const identities = createIdentitiesFeature(shared);
  const tokens = createTokens({ ...shared, keys });
  const hasIssuers = deps.issuers.length > 0;
  const sending = createSending({ ...shared, limits: accountLimits });
  return {
    sending,
    messages: createMessages(shared),
    reports: createReports(shared),
    subscriptions: createSubscriptions(shared),
    gateways: createGateways({ ...shared, ...deps.gateways }),
    keys,
    accounts,
    identities,
    rates: createRates({ ...shared, accounts }),
    tokens,
    accountLimits,
    callers: createCallers(
      [createBasic(keys), tokens, ...(hasIssuers ? [identities] : [])],
      keys,
      identities,
    ),
    maintenance: createMaintenance(shared),
    workInHand: createWorkInHand(deps),
    addresses,
    failing: createFailingAddresses(clock, addresses),
    verifications: createVerifications(addresses),
    addressLimit: createAddressLimit(limits.perAddress, clock, addresses),
    followed: [changes, keys, tokens, sending],
    readers,
  };
}
