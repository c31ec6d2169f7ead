/** The gRPC door on a real port, over the real use cases, a real SQLite file and a real dispatcher whose gateways are in memory. */
import { hash } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { AdmissionState } from "../../src/app/calls/admission.ts";
import { createApp } from "../../src/app/create-app.ts";
import { createPauses } from "../../src/app/gateways/pauses.ts";
import { createReceiptRecorder, type ReceiptRecorder } from "../../src/app/reports/record-receipt.ts";
import { createMetrics, type Metrics } from "../../src/compose/metrics/metrics.ts";
import { defaultDispatchSettings } from "../../src/dispatch/dispatch-settings.ts";
import { createDispatcher, type Dispatcher } from "../../src/dispatch/dispatcher.ts";
import { certificateIssuer } from "../../src/domain/caller-identity.ts";
import { gatewayNames } from "../../src/domain/gateway-names.ts";
import { toAccountId, toGatewayId } from "../../src/domain/ids.ts";
import type { Receipt } from "../../src/domain/receipt.ts";
import { accountScopes, operatorScopes } from "../../src/domain/scopes.ts";
import { openApiDoor } from "../../src/http/api/api-door.ts";
import { createTokenRoute } from "../../src/http/oauth/token-route.ts";
import { type Clock, systemClock } from "../../src/observability/clock.ts";
import { createDataClock, type DataClock } from "../../src/observability/data-clock.ts";
import { type Logger, silentLogger } from "../../src/observability/logger.ts";
import type { Issuer } from "../../src/oidc/issuer.ts";
import { createTokenVerifier } from "../../src/oidc/token-verifier.ts";
import { type CallBounds, defaultCallBounds } from "../../src/rpc/calls/call-bounds.ts";
import { defaultKeepalive, type ListenSettings } from "../../src/rpc/server/listen-options.ts";
import { createRpcServer, type RpcServer } from "../../src/rpc/server/server.ts";
import { openSqliteStore } from "../../src/store/sqlite/open.ts";
import type { Store } from "../../src/store/store.ts";
import { type RouteOverrides, routeOf } from "./dispatch-world.ts";
import { createMemoryGateway, type MemoryGateway } from "./memory-gateway.ts";

/** Keys in the configuration of every world. */
export const SHOP_KEY = "shop-key-of-the-tests-0000000000000001";
export const OTHER_KEY = "other-key-of-the-tests-000000000000001";
export const OPERATOR_KEY = "operator-key-of-the-tests-000000000001";
/** As what it stands in logs and in the audit log. */
export const OPERATOR_KEY_ID = `cfg-${hash("sha256", OPERATOR_KEY).slice(0, 12)}`;

export interface RpcWorldOptions {
  readonly gateways?: readonly MemoryGateway[];
  readonly routes?: Readonly<Record<string, RouteOverrides>>;
  readonly clock?: Clock;
  /** Of the door alone. */
  readonly doorClock?: Clock;
  readonly listen?: Partial<ListenSettings>;
  readonly bounds?: Partial<CallBounds>;
  readonly log?: Logger;
  readonly maxReportStreams?: number;
  /** Calls a second. */
  readonly perAddress?: number;
  /** Whose tokens are taken; identities are set by the store. */
  readonly issuers?: readonly Issuer[];
  /** Opens the HTTP API too, where tokens are issued. */
  readonly hasApi?: boolean;
  /** The store; a SQLite file of its own where absent. */
  readonly openStore?: (clock: DataClock) => Promise<Store>;
  /** Changes the store that the use cases see, for instance to hold a call back. */
  readonly wrapStore?: (store: Store) => Store;
}

export interface RpcWorld {
  readonly port: number;
  readonly address: string;
  /** Where the HTTP API is; nowhere without `hasApi`. */
  readonly apiUrl: string;
  readonly store: Store;
  readonly dispatcher: Dispatcher;
  readonly gateways: readonly MemoryGateway[];
  readonly receipts: ReceiptRecorder;
  readonly server: RpcServer;
  readonly metrics: Metrics;
  /** Report streams that are open. */
  readonly reportStreams: () => number;
  /** Messages that wait for the limit of an account's second. */
  readonly waitingForSecond: (accountId: string) => number;
  /** What the door asks before it takes new work; tests may change it. */
  admission: AdmissionState;
  /** Hands in a receipt for an id that a memory gateway gave. */
  receive(smscMessageId: string, fields?: Partial<Receipt>): Promise<void>;
  stop(graceMs?: number): Promise<void>;
}

/** Starts a world; `stop` leaves nothing behind. */
export async function startRpcWorld(options: RpcWorldOptions = {}): Promise<RpcWorld> {
  const folder = mkdtempSync(join(tmpdir(), "sms-relay-rpc-"));
  const clock = createDataClock(options.clock ?? systemClock, silentLogger);
  const log = options.log ?? silentLogger;
  const store =
    (await options.openStore?.(clock)) ?? (await openSqliteStore({ path: join(folder, "store.db"), clock }));
  const seen = options.wrapStore?.(store) ?? store;
  const { claimant } = await store.join(clock.now());
  const gateways = options.gateways ?? [createMemoryGateway("north")];
  const routes = gateways.map((gateway, index) => routeOf(gateway, index, options.routes?.[gateway.id]));
  const dispatcher = createDispatcher({
    store,
    gateways: new Map(gateways.map((gateway) => [gateway.id, gateway])),
    routes,
    paused: new Map(),
    tenure: { claimant: () => claimant, isHeld: () => store.isLeaseHeld() },
    clock,
    random: () => 0.5,
    log,
    settings: defaultDispatchSettings,
  });
  const receipts = createReceiptRecorder({
    store,
    log,
    names: () => gatewayNames(routes),
    onOvertaken: (id) => dispatcher.drop(id),
    onOptedOut: (accountId, number) => app.accounts.suppressionLists.add(accountId, [number]),
  });
  for (const gateway of gateways) gateway.start({ ...dispatcher.listenerFor(gateway.id), ...receipts });
  dispatcher.start();

  const metrics = createMetrics();
  const stopping = new AbortController();
  const pauses = createPauses({ store, clock });
  const pauseOf = (id: string) => pauses.value.find(({ gatewayId }) => gatewayId === id);
  pauses.onChange(() => {
    for (const { id } of routes) {
      const pause = pauseOf(id);
      if (pause === undefined) dispatcher.resume(id);
      else dispatcher.pause(id, pause.reason);
    }
  });
  const app = createApp({
    // Tests name addresses of callers in x-forwarded-for, and show as many wrong keys as they like; a proxy's certificate counts for nothing.
    trustedProxies: options.listen?.tls?.clientCa === undefined ? ["127.0.0.1"] : [],
    store: seen,
    clock,
    random: () => 0.5,
    limits: {
      maxRecipients: 1_000,
      maxReportStreams: options.maxReportStreams ?? 100,
      maxReportStreamsPerAccount: options.maxReportStreams ?? 100,
      maxSubscriptionsPerAccount: 1_000,
      perAddress: options.perAddress,
    },
    claims: dispatcher,
    claimant: () => claimant,
    routes: dispatcher,
    admission: () => world.admission,
    requestSecrets: ["the secret of the tests"],
    onReplayed: () => metrics.replayedRequests.add(1),
    onCapped: (kind, mode) => metrics.cappedMessages.add(1, kind, mode),
    configured: [
      { accountId: "shop", scopes: accountScopes, key: SHOP_KEY },
      { accountId: "other", scopes: accountScopes, key: OTHER_KEY },
      { accountId: "ops", scopes: operatorScopes, key: OPERATOR_KEY },
    ],
    configuredIds: ["shop", "other", "ops"],
    issuesTokens: options.hasApi === true,
    log,
    issuers: [
      ...(options.issuers?.map(({ issuer }) => issuer) ?? []),
      ...(options.listen?.tls?.clientCa === undefined ? [] : [certificateIssuer]),
    ],
    tokens: createTokenVerifier(options.issuers ?? [], { clock, log }),
    gateways: {
      lastBacklog: () => ({ queued: 0, byQueue: [], parkedReceipts: 0 }),
      held: () => [],
      formerIdsOf: (id) => gatewayNames(routes).formerIdsOf(id),
      overview: () =>
        routes.map((route, index) => ({
          id: route.id,
          kind: "smpp",
          health: dispatcher.health(route.id),
          priority: route.priority,
          weight: route.weight,
          isPremium: route.rules.premium,
          figures: gateways[index]?.figures() ?? {
            sessions: 0,
            ownSessions: 0,
            boundSessions: 0,
            inFlight: 0,
            windowSize: 0,
          },
          configuredRate: route.pdusPerSecond ?? 0,
          currentRate: route.pdusPerSecond ?? 0,
          pauseTimeMs: pauseOf(route.id)?.timeMs,
          replicas: [],
        })),
      pauses,
      onResume: (id) => dispatcher.resume(id),
    },
    storePath: join(folder, "relay.db"),
    stopping: stopping.signal,
  });
  const server = createRpcServer({
    listen: {
      host: "127.0.0.1",
      port: 0,
      tls: undefined,
      allowPlaintext: false,
      maxRequestOctets: 4 * 1024 * 1024,
      keepalive: defaultKeepalive,
      ...options.listen,
    },
    refusedCalls: "debug",
    bounds: { ...defaultCallBounds, ...options.bounds },
    clock: { ...(options.doorClock ?? systemClock), ofMachine: clock.ofMachine },
    isReady: () => world.admission.kind === "open",
    stopping,
    log,
    refusals: metrics.refusals,
    ...app,
  });
  const port = await server.start();
  const refused = { log, refusals: metrics.refusals };
  const api =
    options.hasApi === true
      ? await openApiDoor({
          listen: { host: "127.0.0.1", port: 0, allowPlaintext: false },
          connections: defaultCallBounds.connections,
          routes: [createTokenRoute({ ...app, issue: app.tokens.issue, ...refused })],
          clock: systemClock,
          requests: metrics.apiRequests,
          ...refused,
        })
      : undefined;

  let stopped: Promise<void> | undefined;
  async function stop(graceMs: number): Promise<void> {
    await Promise.all([server.stop(graceMs), api?.stop(graceMs)]);
    await dispatcher.stop(100);
    await store.close();
    metrics.stop();
    rmSync(folder, { recursive: true, force: true });
  }
  const world: RpcWorld = {
    port,
    address: `127.0.0.1:${port}`,
    apiUrl: `http://127.0.0.1:${api?.port}`,
    store,
    dispatcher,
    gateways,
    receipts,
    server,
    metrics,
    reportStreams: () => app.readers.count,
    waitingForSecond: (accountId) => app.accountLimits.waiting({ accountId: toAccountId(accountId) }),
    admission: { kind: "open" },
    receive: (smscMessageId, fields = {}) =>
      receipts.onReceipt({
        gatewayId: toGatewayId("north"),
        smscMessageId,
        matchKey: smscMessageId,
        otherId: undefined,
        recipient: undefined,
        sender: undefined,
        submitTimeMs: undefined,
        verdict: "DELIVERED",
        stat: "DELIVRD",
        err: "000",
        networkError: undefined,
        doneTimeMs: undefined,
        carrier: undefined,
        arrivalTimeMs: clock.now(),
        waitMs: 30_000,
        raw: Buffer.from("id stat:DELIVRD"),
        coversAllParts: false,
        ...fields,
      }),
    stop(graceMs = 2_000) {
      stopped ??= stop(graceMs);
      return stopped;
    },
  };
  server.setServing(true);
  return world;
}
