/**
 * The gRPC server: the services of smsrelay.v1 with server reflection and grpc.health.v1. It starts not serving; the owner says when it is
 * ready, and drains it at the end.
 */
import { promisify } from "node:util";
import type { ServerCredentials } from "@grpc/grpc-js";
import type { FailureDeps } from "../../app/calls/failure.ts";
import type { App } from "../../app/create-app.ts";
import { HealthDefinition } from "../../gen/grpc/health/v1/health.ts";
import { SmsServiceDefinition } from "../../gen/smsrelay/v1/sms_service.ts";
import type { Timer } from "../../observability/clock.ts";
import type { DataClock } from "../../observability/data-clock.ts";
import type { CallBounds } from "../calls/call-bounds.ts";
import { type CallDoorDeps, createCallDoor } from "../calls/call-door.ts";
import { boundFarDeadlines } from "../calls/far-deadlines.ts";
import { createDoorServer } from "../calls/served-service.ts";
import { createHealth } from "./health.ts";
import { forgetClosedStreams } from "./http2-streams.ts";
import { addressOf, channelOptionsOf, credentialsOf, type ListenSettings } from "./listen-options.ts";
import { createReflection } from "./reflection.ts";
import { RenewableCredentials } from "./renewable-credentials.ts";
import { serveAll, serviceNames } from "./services.ts";

export interface RpcServerDeps extends App, FailureDeps {
  readonly listen: ListenSettings;
  readonly bounds: CallBounds;
  readonly clock: Pick<DataClock, "setTimeout" | "setInterval" | "monotonic" | "ofMachine">;
  /** Whether new work is taken, apart from starting and stopping. */
  readonly isReady: () => boolean;
  /** On which level a line is written for each call that is refused or fails. */
  readonly refusedCalls: CallDoorDeps["refusedCalls"];
  /** Aborted by `stop`; the same signal that the use cases of streams were given. */
  readonly stopping: AbortController;
}

export interface RpcServer {
  /** Listens and answers the port; health says NOT_SERVING until `setServing(true)`. */
  start(): Promise<number>;
  /** From true on, health follows `isReady` for the server as a whole and SmsService; operators' services serve in any case. */
  setServing(isServing: boolean): void;
  /**
   * Shows new connections another certificate; throws, and changes nothing, where it cannot be used. False where it listens without TLS, or
   * would: that changes only with a restart.
   */
  renewCertificate(tls: ListenSettings["tls"]): boolean;
  /**
   * Drains: health NOT_SERVING, streams end with a last cursor, no new calls; what is left after `graceMs` is cut off (P40).
   * Harmless when repeated or before `start`.
   */
  stop(graceMs: number): Promise<void>;
}

/** Makes the server; nothing listens before `start`. */
export function createRpcServer(deps: RpcServerDeps): RpcServer {
  const { listen, clock, stopping } = deps;
  forgetClosedStreams();
  boundFarDeadlines();
  const door = createCallDoor({ ...deps, keys: deps.callers });
  const health = createHealth({
    services: serviceNames,
    followers: [SmsServiceDefinition.fullName],
    isReady: deps.isReady,
    clock,
    stopping: stopping.signal,
  });
  const server = createDoorServer(
    [
      ...serveAll({ ...deps, stopping: stopping.signal }),
      health.service,
      ...createReflection([...serviceNames, HealthDefinition.fullName], stopping.signal),
    ],
    door,
    channelOptionsOf(listen),
  );

  let credentials: ServerCredentials | undefined;
  let stopped: Promise<void> | undefined;
  async function stop(graceMs: number): Promise<void> {
    health.setServing(false);
    stopping.abort();
    let timer: Timer | undefined;
    const isOver = new Promise<void>((resolve) => {
      timer = clock.setTimeout(resolve, graceMs);
    });
    const isDrained = new Promise<void>((resolve) => server.tryShutdown(() => resolve()));
    await Promise.race([isDrained, isOver]);
    timer?.cancel();
    server.forceShutdown();
    door.stop();
  }

  return {
    async start() {
      credentials = credentialsOf(listen);
      const port = await promisify(server.bindAsync.bind(server))(addressOf(listen), credentials);
      door.connections.watch(port);
      return port;
    },
    setServing: health.setServing,
    renewCertificate(tls) {
      if (tls === undefined || !(credentials instanceof RenewableCredentials)) return false;
      credentials.renew(tls);
      return true;
    },
    stop(graceMs) {
      stopped ??= stop(graceMs);
      return stopped;
    },
  };
}
