/** Everything that the doors can ask for, wired to one store and one dispatcher. */
import { randomFillSync } from "node:crypto";
import type { Intake } from "../app/calls/intake.ts";
import { createTokenSealer } from "../app/calls/sealed-token.ts";
import { createWorkInHand, type WorkInHand } from "../app/calls/work-in-hand.ts";
import { createGateways, type Gateways } from "../app/gateways/create-gateways.ts";
import { type ApiKeys, createApiKeys } from "../app/keys/api-keys.ts";
import { createKeyControl, type KeyControl } from "../app/keys/key-control.ts";
import { createDownloadBackup, type DownloadBackup } from "../app/maintenance/download-backup.ts";
import { type CancelSms, createCancelSms } from "../app/messages/cancel-sms.ts";
import { createGetStatus, type GetStatus } from "../app/messages/get-status.ts";
import { createListSms, type ListSms } from "../app/messages/list-sms.ts";
import { createWatchReports, type WatchReports } from "../app/reports/watch-reports.ts";
import { createSubmissionWatches } from "../app/sending/await-submission.ts";
import { createCountryOf } from "../app/sending/country-of.ts";
import { createExplainRoute, type ExplainRoute } from "../app/sending/explain-route.ts";
import { createPreviewSms, type PreviewSms } from "../app/sending/preview-sms.ts";
import { createRequestHashes } from "../app/sending/request-hash.ts";
import type { Routes } from "../app/sending/route-deliveries.ts";
import { createSendSms, type SendSms } from "../app/sending/send-sms.ts";
import { createSubscriptions, type Subscriptions } from "../app/subscriptions/create-subscriptions.ts";
import { createCursors } from "../app/subscriptions/cursors.ts";
import { createReaders, type Readers } from "../app/subscriptions/readers.ts";
import { scopesOfAccount } from "../config/account-scopes.ts";
import type { Config } from "../config/schema.ts";
import type { Dispatcher } from "../dispatch/dispatcher.ts";
import { type ClaimantId, createMessageIds } from "../domain/ids.ts";
import type { DataClock } from "../observability/data-clock.ts";
import type { Store } from "../store/store.ts";
import type { GatewayPanel } from "./gateways/gateway-panel.ts";

export interface UseCases {
  readonly keys: ApiKeys;
  readonly keyControl: KeyControl;
  readonly sendSms: SendSms;
  readonly previewSms: PreviewSms;
  readonly getStatus: GetStatus;
  readonly listSms: ListSms;
  readonly cancelSms: CancelSms;
  readonly watchReports: WatchReports;
  readonly subscriptions: Subscriptions;
  readonly gateways: Gateways;
  readonly explainRoute: ExplainRoute;
  readonly downloadBackup: DownloadBackup;
  readonly readers: Readers;
  readonly workInHand: WorkInHand;
}

export interface UseCaseDeps {
  readonly config: Config;
  readonly clock: DataClock;
  readonly store: Store;
  readonly claimant: () => ClaimantId;
  readonly dispatcher: Dispatcher;
  readonly intake: Pick<Intake, "admission" | "backlog">;
  readonly panel: GatewayPanel;
  readonly stopping: AbortSignal;
  readonly requestSecrets: Parameters<typeof createRequestHashes>[0];
  readonly onReplayed: () => void;
}

/** Makes them. */
export function createUseCases(deps: UseCaseDeps): UseCases {
  const { config, clock, store, dispatcher, stopping } = deps;
  const { maxRecipients, maxReportStreams } = config.limits;
  const sealer = createTokenSealer(store.id);
  const cursors = createCursors(() => store.line);
  const readers = createReaders(maxReportStreams, {
    store,
    clock,
    maxOfAccount: config.limits.maxReportStreamsPerAccount,
  });
  const countryOf = createCountryOf();
  const newMessageId = createMessageIds(() => clock.now(), randomFillSync);
  const workInHand = createWorkInHand({ clock, random: Math.random });
  const routes: Routes = dispatcher;
  const configured = config.accounts.flatMap((account) =>
    account.keys.map((key) => ({ accountId: account.id, scopes: scopesOfAccount(account), key })),
  );
  const keys = createApiKeys({
    store,
    configured,
    clock,
    // Where another replica may revoke a key, that is in effect here within a second.
    ...(config.store.url === undefined ? {} : { trustMs: 900 }),
  });
  return {
    keys,
    keyControl: createKeyControl({ keys, sealer }),
    sendSms: createSendSms({
      store,
      claims: dispatcher,
      watches: createSubmissionWatches({
        store,
        onSettled: dispatcher.onSettled,
        onSettledElsewhere:
          store.sessions.replicaId === undefined ? undefined : (listener) => store.onReports(listener),
        clock,
        stopping,
      }),
      claimant: deps.claimant,
      routes,
      countryOf,
      clock,
      newMessageId,
      admission: deps.intake.admission,
      maxRecipients,
      requestHashes: createRequestHashes(deps.requestSecrets),
      onReplayed: deps.onReplayed,
    }),
    previewSms: createPreviewSms({ routes, countryOf, newMessageId, maxRecipients }),
    getStatus: createGetStatus({ store, sealer }),
    listSms: createListSms({ store, sealer }),
    cancelSms: createCancelSms({ store, clock }),
    watchReports: createWatchReports({
      store,
      cursors,
      readers,
      clock,
      stopping,
      maxSubscriptions: config.limits.maxSubscriptionsPerAccount,
    }),
    subscriptions: createSubscriptions({
      store,
      cursors,
      sealer,
      readers,
      clock,
      maxSubscriptions: config.limits.maxSubscriptionsPerAccount,
    }),
    gateways: createGateways({ store, sealer, clock, lastBacklog: deps.intake.backlog, ...deps.panel }),
    explainRoute: createExplainRoute({ routes, countryOf, newMessageId }),
    downloadBackup: createDownloadBackup({ store, storePath: config.store.path }),
    readers,
    workInHand,
  };
}
