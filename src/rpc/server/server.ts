/**
 * The gRPC server: the services of smsrelay.v1 with server reflection and grpc.health.v1. It starts not serving; the owner says when it is
 * ready, and drains it at the end.
 */
import type { ServerCredentials } from "@grpc/grpc-js";
import { createServer } from "nice-grpc";
import { HealthDefinition } from "nice-grpc-server-health";
import type { FailureDeps } from "../../app/calls/failure.ts";
import type { App } from "../../app/create-app.ts";
import { SmsServiceDefinition } from "../../gen/smsrelay/v1/sms_service.ts";
import type { Timer } from "../../observability/clock.ts";
import type { DataClock } from "../../observability/data-clock.ts";
import type { CallBounds } from "../calls/call-bounds.ts";
import { createCallDoor } from "../calls/call-door.ts";
import { boundFarDeadlines } from "../calls/far-deadlines.ts";
import { createGuard } from "../calls/guard.ts";
import { guardingInterceptor } from "../calls/guarded-call.ts";
import { createSendSmsAdmission } from "../sending/admission.ts";
import { addHealth } from "./health.ts";
import { forgetClosedStreams } from "./http2-streams.ts";
import { addressOf, channelOptionsOf, credentialsOf, type ListenSettings } from "./listen-options.ts";
import { addReflection } from "./reflection.ts";
import { RenewableCredentials } from "./renewable-credentials.ts";
import { addServices, methodScopes, readingPaths, serviceNames } from "./services.ts";

const guardedMethods = {
  scopeOf: (path: string) => methodScopes.get(path),
  isRead: (path: string) => readingPaths.has(path),
  sendSmsPath: `/${SmsServiceDefinition.fullName}/${SmsServiceDefinition.methods.sendSms.name}`,
};

export interface RpcServerDeps extends App, FailureDeps {
  readonly listen: ListenSettings;
  readonly bounds: CallBounds;
  readonly clock: Pick<DataClock, "setTimeout" | "setInterval" | "monotonic" | "ofMachine">;
  /** Whether new work is taken, apart from starting and stopping. */
  readonly isReady: () => boolean;
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
  const door = createCallDoor(deps);
  const server = createServer({
    ...channelOptionsOf(listen),
    interceptors: [
      guardingInterceptor(door, { ...guardedMethods, admitSendSms: createSendSmsAdmission(deps) }),
    ],
  });
  addServices(server, { ...deps, guard: createGuard(deps), stopping: stopping.signal });
  const health = addHealth(server, {
    services: serviceNames,
    followers: [SmsServiceDefinition.fullName],
    isReady: deps.isReady,
    clock,
    stopping: stopping.signal,
  });
  addReflection(server, [...serviceNames, HealthDefinition.fullName], stopping.signal);

  let credentials: ServerCredentials | undefined;
  let stopped: Promise<void> | undefined;
  async function stop(graceMs: number): Promise<void> {
    health.setServing(false);
    stopping.abort();
    let timer: Timer | undefined;
    const isOver = new Promise<void>((resolve) => {
      timer = clock.setTimeout(resolve, graceMs);
    });
    await Promise.race([server.shutdown(), isOver]);
    timer?.cancel();
    server.forceShutdown();
    door.stop();
  }

  return {
    async start() {
      credentials = credentialsOf(listen);
      const port = await server.listen(addressOf(listen), credentials);
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
