/**
 * The parts of the service around its store, started in an order in which each finds what it needs, and stopped in the opposite one, so
 * that nothing accepted or in flight is lost.
 */

import { statfs } from "node:fs/promises";
import { dirname } from "node:path";
import { type Admission, startAdmission } from "../app/calls/admission.ts";
import { createApp } from "../app/create-app.ts";
import { addHeld } from "../app/gateways/add-held.ts";
import { createPauses } from "../app/gateways/pauses.ts";
import { removeCutOffBackups } from "../app/maintenance/download-backup.ts";
import { createReceiptRecorder } from "../app/reports/record-receipt.ts";
import { configuredKeys } from "../config/account-scopes.ts";
import type { Config } from "../config/schema.ts";
import { defaultDispatchSettings } from "../dispatch/dispatch-settings.ts";
import { createDispatcher, type Dispatcher } from "../dispatch/dispatcher.ts";
import { holdClaims } from "../dispatch/tenure.ts";
import { certificateIssuer } from "../domain/caller-identity.ts";
import { toGatewayId } from "../domain/ids.ts";
import { openApiDoor } from "../http/api/api-door.ts";
import { createCallbackRoutes } from "../http/callbacks/callback-route.ts";
import { openHttpDoor } from "../http/http-door.ts";
import { createTokenRoute } from "../http/oauth/token-route.ts";
import type { Clock } from "../observability/clock.ts";
import type { DataClock } from "../observability/data-clock.ts";
import type { Logger } from "../observability/logger.ts";
import { createTokenVerifier } from "../oidc/token-verifier.ts";
import { compileSenderTable } from "../policy/sender-table.ts";
import { callBoundsOf } from "../rpc/calls/call-bounds.ts";
import { defaultKeepalive } from "../rpc/server/listen-options.ts";
import { createRpcServer } from "../rpc/server/server.ts";
import { findNetworkDisk } from "../store/sqlite/network-disk.ts";
import type { Store } from "../store/store.ts";
import { startBackground } from "./background.ts";
import { certificateEnds } from "./certificates.ts";
import { ensureFirstKeys } from "./first-keys.ts";
import { createBindProofs } from "./gateways/bind-proof.ts";
import type { CallbackDoor } from "./gateways/gateway-kind.ts";
import { createGatewayPanel, pausesAtStart } from "./gateways/gateway-panel.ts";
import { createGatewayPool, type GatewayPool } from "./gateways/gateway-pool.ts";
import { keepSessions } from "./gateways/keep-sessions.ts";
import { measuredStore } from "./metrics/measured-store.ts";
import { createMetrics } from "./metrics/metrics.ts";
import { requestSecretsOf } from "./request-secrets.ts";
import type { Service } from "./service.ts";

export interface PartsDeps {
  readonly clock: DataClock;
  readonly log: Logger;
}

/** Resolves once the service takes calls; stopping it closes `rawStore`, also where a later part fails. */
export async function startParts(
  config: Config,
  rawStore: Store,
  { clock, log }: PartsDeps,
): Promise<Service> {
  await using parts = new AsyncDisposableStack();
  parts.defer(() => rawStore.close());
  const drain = createDrain(clock, config.shutdown.grace);
  const stopping = new AbortController();
  if (config.store.url === undefined) {
    await removeCutOffBackups(config.store.path, clock.now());
    await warnOfNetworkDisk(config.store.path, log);
  }
  const metrics = createMetrics();
  parts.defer(() => metrics.stop());

  const admission = await startAdmission({
    store: rawStore,
    clock,
    log,
    // The disk of a PostgreSQL server is not this one.
    readFreeDisk: config.store.url === undefined ? () => freeDiskBytes(config.store.path) : undefined,
    minFreeDiskBytes: config.store.minFreeDisk,
    maxBacklog: config.limits.maxBacklog,
  });
  parts.defer(() => admission.stop());
  const store = measuredStore(rawStore, metrics, admission.countAccepted);
  const tenure = await holdClaims({ store, clock, log });
  parts.defer(() => tenure.stop());

  const pool = createGatewayPool({
    clock,
    random: Math.random,
    log,
    mayWrite: () => store.isLeaseHeld() && sessions.isHeld(),
    isBoundElsewhere: (id) =>
      sessions.neighbours(id)?.others.some(({ report }) => report.boundSessions > 0) === true,
    callbacks: callbacksOf(config),
    proofOf: createBindProofs({ store, clock, log, names: () => pool.names() }),
    metrics,
  });
  pool.replace(config.gateways);
  const pauses = createPauses({ store, clock });
  await pauses.look();
  const dispatcher = createDispatcher({
    store,
    gateways: pool.gateways(),
    routes: pool.routes(),
    paused: pausesAtStart(pool, pauses.value),
    tenure,
    clock,
    mayExpire: () => clock.sweepTimeMs() !== undefined,
    random: Math.random,
    log,
    settings: defaultDispatchSettings,
  });
  const panel = createGatewayPanel(pool, dispatcher, pauses, (id) => sessions.neighbours(id));
  const app = createApp({
    trustedProxies: config.trustedProxies,
    store,
    clock,
    random: Math.random,
    limits: config.limits,
    claims: dispatcher,
    claimant: tenure.claimant,
    routes: dispatcher,
    admission: admission.state,
    requestSecrets: await requestSecretsOf(config, store, log),
    onReplayed: () => metrics.replayedRequests.add(1),
    onCapped: (kind, mode) => metrics.cappedMessages.add(1, kind, mode),
    configured: configuredKeys(config),
    configuredIds: config.accounts.map(({ id }) => id),
    issuesTokens: config.listen.api !== undefined,
    log,
    tokens: createTokenVerifier(config.issuers, { clock, log }),
    issuers: [
      ...config.issuers.map(({ issuer }) => issuer),
      ...(config.listen.grpc.tls?.clientCa === undefined ? [] : [certificateIssuer]),
    ],
    senderTable: compileSenderTable(config.senders),
    gateways: { ...panel, pauses, lastBacklog: admission.backlog },
    storePath: config.store.path,
    stopping: stopping.signal,
  });
  const firstKeys = await ensureFirstKeys(app.keys, dirname(config.store.path), log);

  let shown = config.listen;
  let certificates = certificateEnds(config);
  let isStarting = true;
  const readiness = () => readinessOf(isStarting, admission, dispatcher);
  metrics.observe({
    now: () => clock.now(),
    backlog: async () => addHeld(admission.backlog(), panel.held()),
    clockJumps: () => clock.jumpCount,
    sweepsHeld: () => clock.sweepTimeMs() === undefined,
    gateways: panel.metricFigures,
    reportStreams: () => app.readers,
    workInHand: app.workInHand.figures,
    freeDiskBytes: admission.freeDiskBytes,
    certificates: () => certificates,
    isReady: () => readiness().length === 0,
  });
  const http = await openHttpDoor({ ...config.listen.http, readiness, renderMetrics: metrics.render });
  parts.defer(() => http.stop());

  const background = startBackground({
    config,
    store,
    clock,
    log,
    pool,
    dispatcher,
    followed: [pauses, ...app.followed],
  });
  parts.defer(background.stop);
  const sessions = keepSessions({
    store,
    pool,
    dispatcher,
    panel,
    recorder: createReceiptRecorder({
      store,
      log,
      names: pool.names,
      onOvertaken: (id) => dispatcher.drop(id),
      onOptedOut: (accountId, number) => app.accounts.suppressionLists.add(accountId, [number]),
    }),
    leftMs: drain.leftMs,
    clock,
    log,
  });
  parts.defer(() => sessions.stop());
  sessions.start();
  await background.adoptRenamed();
  dispatcher.start();
  parts.defer(() => dispatcher.stop(drain.shareMs(0.7)));

  const bounds = callBoundsOf(config.limits);
  const refused = { log, refusals: metrics.refusals };
  const api =
    config.listen.api &&
    (await openApiDoor({
      listen: config.listen.api,
      connections: bounds.connections,
      routes: [createTokenRoute({ ...app, issue: app.tokens.issue, ...refused })],
      clock,
      requests: metrics.apiRequests,
      ...refused,
    }));
  const called =
    config.listen.callbacks &&
    (await openApiDoor({
      name: "callbacks",
      listen: config.listen.callbacks,
      connections: bounds.connections,
      routes: createCallbackRoutes({ take: takeCallbackBy(pool) }),
      clock,
      requests: metrics.apiRequests,
      ...refused,
    }));
  // Before gateways and store: what is confirmed is on disk, and providers call again with the rest.
  parts.defer(async () => called?.stop(drain.shareMs(0.4)));
  const stopApi = async () => api?.stop(drain.shareMs(0.4));
  parts.defer(stopApi);
  const rpc = createRpcServer({
    ...app,
    listen: {
      ...config.listen.grpc,
      tls: config.listen.grpc.tls,
      maxRequestOctets: config.limits.maxRequestSize,
      keepalive: defaultKeepalive,
    },
    bounds,
    clock,
    isReady: () => readiness().length === 0,
    stopping,
    refusedCalls: config.logging.refusedCalls,
    ...refused,
  });
  parts.defer(async () => {
    await Promise.all([rpc.stop(drain.shareMs(0.4)), stopApi()]);
  });
  const grpcPort = await rpc.start();
  isStarting = false;
  rpc.setServing(true);

  const running = parts.move();
  let stopped: Promise<void> | undefined;
  return {
    grpcPort,
    httpPort: http.port,
    apiPort: api?.port,
    callbacksPort: called?.port,
    firstKeys,
    async reload(next) {
      // First: a certificate that cannot be used leaves everything as it is.
      const { grpc, api: nextApi, callbacks: nextCallbacks } = next.listen;
      api?.checkCertificate(nextApi?.tls);
      called?.checkCertificate(nextCallbacks?.tls);
      if (rpc.renewCertificate(grpc.tls)) shown = { ...shown, grpc };
      if (api?.renewCertificate(nextApi?.tls) === true) shown = { ...shown, api: nextApi };
      if (called?.renewCertificate(nextCallbacks?.tls) === true)
        shown = { ...shown, callbacks: nextCallbacks };
      certificates = certificateEnds({ listen: shown, gateways: next.gateways });
      const { added, removed } = pool.replace(next.gateways);
      dispatcher.reload(pool.gateways(), pool.routes());
      app.accounts.replaceSenderTable(compileSenderTable(next.senders));
      panel.applyFilePauses();
      panel.applyNames();
      sessions.change(added, removed);
      // What the store refuses now, the sweep brings later.
      await background.adoptRenamed().catch((err: unknown) => {
        log.warn({ err }, "What waits under former names of gateways could not be moved yet.");
      });
      log.info(
        { added: added.map(({ id }) => id), removed: removed.map(({ id }) => id) },
        "The gateways, the table of senders and the certificates were read again.",
      );
    },
    stop() {
      if (stopped === undefined) {
        drain.begin();
        admission.close();
        stopped = running.disposeAsync();
      }
      return stopped;
    },
  };
}

/** Where providers call back; undefined where they cannot. */
function callbacksOf({ listen, secrets }: Config): CallbackDoor | undefined {
  if (listen.callbacks === undefined || secrets.callbacks === undefined) return undefined;
  return { publicUrl: listen.callbacks.publicUrl, secrets: secrets.callbacks };
}

/** A gateway that was renamed is called back at the addresses that it gave before, too. */
function takeCallbackBy(pool: GatewayPool): Parameters<typeof createCallbackRoutes>[0]["take"] {
  return (addressedTo, callback) => {
    const id = toGatewayId(addressedTo);
    const gateway = pool.entries().get(pool.names().renamed.get(id) ?? id)?.gateway;
    return gateway?.takeCallback?.(callback, addressedTo);
  };
}

/** Why no work is taken; that the service is stopping is told by the admission, which is then closed. */
function readinessOf(isStarting: boolean, admission: Admission, dispatcher: Dispatcher): readonly string[] {
  return [
    ...(isStarting ? ["the service is starting"] : []),
    ...admission.problems(),
    ...dispatcher.stuck().map((id) => `gateway ${id} makes no progress`),
  ];
}

/** The time that stopping may take, counted from its beginning; before that, all of it is left. */
function createDrain(clock: Clock, graceMs: number) {
  let deadlineMs: number | undefined;
  const leftMs = () => (deadlineMs === undefined ? graceMs : Math.max(0, deadlineMs - clock.monotonic()));
  return {
    begin: () => {
      deadlineMs = clock.monotonic() + graceMs;
    },
    leftMs,
    /** A share of what is left, for a part after which others must stop too. */
    shareMs: (share: number) => leftMs() * share,
  };
}

/** It starts all the same: what stands behind FUSE nobody can tell, and what was accepted is there. */
async function warnOfNetworkDisk(path: string, log: Logger): Promise<void> {
  const disk = await findNetworkDisk(path);
  if (disk === undefined) return;
  const sentence =
    "The store stands on a file system on which SQLite may lose messages; move it to a disk of this machine.";
  log.warn({ path, reason: disk }, sentence);
}

async function freeDiskBytes(path: string): Promise<number> {
  const { bavail, bsize } = await statfs(dirname(path));
  return bavail * bsize;
}
