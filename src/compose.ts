/**
 * The composition root: the only file that knows every adapter. It starts the parts in an order in which each finds what it needs,
 * and stops them in the opposite one, so that nothing accepted or in flight is lost.
 */
import { statfs } from "node:fs/promises";
import { dirname } from "node:path";
import { type Intake, startIntake } from "./app/intake.ts";
import { createReceiptRecorder } from "./app/record-receipt.ts";
import { startBackground } from "./compose/background.ts";
import { ensureFirstKeys, type FirstKeys } from "./compose/first-keys.ts";
import { followReplicas } from "./compose/follow-replicas.ts";
import { createGatewayPanel, pausesAtStart } from "./compose/gateway-panel.ts";
import { createGatewayPool } from "./compose/gateway-pool.ts";
import { holdClaims } from "./compose/hold-claims.ts";
import { keepSessions } from "./compose/keep-sessions.ts";
import { makeStoreFolder, openStore } from "./compose/open-store.ts";
import { refuseTakenPorts } from "./compose/refuse-taken-ports.ts";
import { createUseCases } from "./compose/use-cases.ts";
import type { Config } from "./config/schema.ts";
import { defaultDispatchSettings } from "./dispatch/dispatch-settings.ts";
import { createDispatcher, type Dispatcher } from "./dispatch/dispatcher.ts";
import { createSmppGateway } from "./gateways/smpp/create-smpp-gateway.ts";
import { openHttpDoor } from "./http/http-door.ts";
import type { Clock } from "./observability/clock.ts";
import type { Logger } from "./observability/logger.ts";
import { measuredStore } from "./observability/measured-store.ts";
import { createMetrics } from "./observability/metrics.ts";
import { defaultKeepalive } from "./rpc/listen-options.ts";
import { createRpcServer } from "./rpc/server.ts";

export interface ServiceDeps {
  readonly clock: Clock;
  readonly log: Logger;
}

export interface Service {
  readonly grpcPort: number;
  readonly httpPort: number;
  /** Where the keys lie that this start made; undefined where none was missing. */
  readonly firstKeys: FirstKeys | undefined;
  /** Takes the gateways of another configuration; everything else in it waits for a restart. */
  reload(config: Config): Promise<void>;
  /** Drains and stops within `shutdown.grace`. Harmless when repeated. */
  stop(): Promise<void>;
}

/** Starts the service; resolves once it takes calls. What was started is stopped again where a later part fails. */
export async function startService(config: Config, { clock, log }: ServiceDeps): Promise<Service> {
  await using parts = new AsyncDisposableStack();
  const drain = createDrain(clock, config.shutdown.grace);
  const stopping = new AbortController();
  const metrics = createMetrics();
  parts.defer(() => metrics.stop());

  await refuseTakenPorts(config.listen);
  await makeStoreFolder(config.store.path);
  const rawStore = await openStore(config, { clock, log });
  parts.defer(() => rawStore.close());
  const intake = await startIntake({
    store: rawStore,
    clock,
    log,
    readFreeDisk: () => freeDiskBytes(config.store.path),
    minFreeDiskBytes: config.store.minFreeDisk,
    maxBacklog: config.limits.maxBacklog,
  });
  parts.defer(() => intake.stop());
  const store = measuredStore(rawStore, metrics, intake.countAccepted);
  const tenure = await holdClaims({ store, clock, log });
  parts.defer(() => tenure.stop());

  const pool = createGatewayPool((settings) => {
    metrics.startGateway(settings.id);
    return createSmppGateway(settings, {
      clock,
      random: Math.random,
      log,
      mayWrite: () => store.isLeaseHeld() && sessions.isHeld(),
      metrics: { count: (event) => metrics.lateAnswers.add(1, settings.id, event) },
    });
  });
  pool.replace(config.gateways);
  const pauses = new Map((await store.pausedGateways()).map(({ gatewayId, ...pause }) => [gatewayId, pause]));
  const dispatcher = createDispatcher({
    store,
    gateways: pool.gateways(),
    routes: pool.routes(),
    paused: pausesAtStart(pool, pauses),
    tenure,
    clock,
    random: Math.random,
    log,
    settings: defaultDispatchSettings,
  });
  const panel = createGatewayPanel(pool, dispatcher, pauses, (id) => sessions.neighbours(id));
  const useCases = createUseCases({
    config,
    clock,
    store,
    claimant: tenure.claimant,
    dispatcher,
    intake,
    panel,
    stopping: stopping.signal,
  });
  const firstKeys = await ensureFirstKeys(useCases.keys, dirname(config.store.path), log);

  let isStarting = true;
  const readiness = () => readinessOf(isStarting, intake, dispatcher);
  metrics.observe({
    now: () => clock.now(),
    backlog: async () => intake.backlog(),
    gateways: panel.metricFigures,
    reportStreams: () => useCases.readers.count,
    workInHand: useCases.workInHand.figures,
    freeDiskBytes: intake.freeDiskBytes,
    isReady: () => readiness().length === 0,
  });
  const http = await openHttpDoor({ ...config.listen.http, readiness, renderMetrics: metrics.render });
  parts.defer(() => http.stop());

  parts.defer(startBackground({ config, store, clock, log, pool, dispatcher }));
  if (config.store.url !== undefined) {
    parts.defer(followReplicas({ store, pool, dispatcher, panel, clock, log }));
  }
  const sessions = keepSessions({
    store,
    pool,
    dispatcher,
    panel,
    recorder: createReceiptRecorder({ store, log }),
    leftMs: drain.leftMs,
    clock,
    log,
  });
  parts.defer(() => sessions.stop());
  sessions.start();
  dispatcher.start();
  parts.defer(() => dispatcher.stop(drain.shareMs(0.7)));

  const rpc = createRpcServer({
    ...useCases,
    listen: {
      ...config.listen.grpc,
      tls: config.listen.grpc.tls,
      maxRequestOctets: config.limits.maxRequestSize,
      keepalive: defaultKeepalive,
    },
    clock,
    isReady: () => readiness().length === 0,
    stopping,
    log,
    refusals: metrics.refusals,
  });
  parts.defer(() => rpc.stop(drain.shareMs(0.4)));
  const grpcPort = await rpc.start();
  isStarting = false;
  rpc.setServing(true);

  const running = parts.move();
  let stopped: Promise<void> | undefined;
  return {
    grpcPort,
    httpPort: http.port,
    firstKeys,
    async reload(next) {
      const { added, removed } = pool.replace(next.gateways);
      dispatcher.reload(pool.gateways(), pool.routes());
      panel.applyFilePauses();
      sessions.change(added, removed);
      log.info(
        { added: added.map(({ id }) => id), removed: removed.map(({ id }) => id) },
        "The gateways were read again.",
      );
    },
    stop() {
      if (stopped === undefined) {
        drain.begin();
        intake.close();
        stopped = running.disposeAsync();
      }
      return stopped;
    },
  };
}

/** Why no work is taken; that the service is stopping is told by the intake, which is then closed. */
function readinessOf(isStarting: boolean, intake: Intake, dispatcher: Dispatcher): readonly string[] {
  return [
    ...(isStarting ? ["the service is starting"] : []),
    ...intake.problems(),
    ...dispatcher.stuck().map((id) => `gateway ${id} makes no progress`),
  ];
}

/** The time that stopping may take, counted from its begin; before it, all of it is left. */
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

async function freeDiskBytes(path: string): Promise<number> {
  const { bavail, bsize } = await statfs(dirname(path));
  return bavail * bsize;
}
