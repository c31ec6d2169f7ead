/**
 * The gRPC door: the services of sms.v1 with server reflection and grpc.health.v1. It starts not serving; the owner says when it is
 * ready, and drains it at the end.
 */
import { type CallContext, createServer } from "nice-grpc";
import { HealthDefinition, HealthServiceImpl, HealthState } from "nice-grpc-server-health";
import { ServerReflection, ServerReflectionService } from "nice-grpc-server-reflection";
import { descriptorSet } from "../gen/sms/v1/descriptor_set.ts";
import { GatewayServiceDefinition } from "../gen/sms/v1/gateway_service.ts";
import { KeyServiceDefinition } from "../gen/sms/v1/key_service.ts";
import { MaintenanceServiceDefinition } from "../gen/sms/v1/maintenance_service.ts";
import { SmsServiceDefinition } from "../gen/sms/v1/sms_service.ts";
import type { Clock, Timer } from "../observability/clock.ts";
import { deadlineInterceptor } from "./call-deadline.ts";
import { addressOf, channelOptionsOf, credentialsOf, type ListenSettings } from "./listen-options.ts";
import {
  createGatewayService,
  createKeyService,
  createMaintenanceService,
  type GatewayServiceDeps,
  type KeyServiceDeps,
  type MaintenanceServiceDeps,
} from "./operator-services.ts";
import { keepingFaults } from "./read-requests.ts";
import { createSmsService, type SmsServiceDeps } from "./sms-service.ts";

const services = [
  SmsServiceDefinition.fullName,
  GatewayServiceDefinition.fullName,
  KeyServiceDefinition.fullName,
  MaintenanceServiceDefinition.fullName,
] as const;
const sendSmsPath = `/${SmsServiceDefinition.fullName}/${SmsServiceDefinition.methods.sendSms.name}`;

export interface RpcServerDeps
  extends Omit<SmsServiceDeps, "stopping">,
    GatewayServiceDeps,
    KeyServiceDeps,
    MaintenanceServiceDeps {
  readonly listen: ListenSettings;
  readonly clock: Pick<Clock, "setTimeout" | "monotonic">;
  /** Aborted by `stop`; the same signal that the use cases of streams were given. */
  readonly stopping: AbortController;
}

export interface RpcServer {
  /** Listens and answers the port; health says NOT_SERVING until `setServing(true)`. */
  start(): Promise<number>;
  setServing(isServing: boolean): void;
  /**
   * Drains: health NOT_SERVING, streams end with a last cursor, no new calls; what is left after `graceMs` is cut off (P40).
   * Harmless when repeated or before `start`.
   */
  stop(graceMs: number): Promise<void>;
}

/** Makes the server; nothing listens before `start`. */
export function createRpcServer(deps: RpcServerDeps): RpcServer {
  const { listen, clock, stopping } = deps;
  const health = HealthState();
  const setServing = (isServing: boolean) => {
    for (const service of ["", ...services]) health.setStatus(isServing ? "healthy" : "unhealthy", service);
  };
  setServing(false);

  const server = createServer({
    ...channelOptionsOf(listen),
    interceptors: [deadlineInterceptor(sendSmsPath)],
  });
  server.add(keepingFaults(SmsServiceDefinition), createSmsService({ ...deps, stopping: stopping.signal }));
  server.add(keepingFaults(GatewayServiceDefinition), createGatewayService(deps));
  server.add(keepingFaults(KeyServiceDefinition), createKeyService(deps));
  server.add(keepingFaults(MaintenanceServiceDefinition), createMaintenanceService(deps));
  const healthService = HealthServiceImpl(health);
  server.add(HealthDefinition, {
    ...healthService,
    watch: endingWith(stopping.signal, healthService.watch),
  });
  const reflection = ServerReflection(descriptorSet, services);
  server.add(ServerReflectionService, {
    ...reflection,
    serverReflectionInfo: cutOffBy(stopping.signal, reflection.serverReflectionInfo),
  });

  let stopped: Promise<void> | undefined;
  async function stop(graceMs: number): Promise<void> {
    setServing(false);
    stopping.abort();
    let timer: Timer | undefined;
    const isOver = new Promise<void>((resolve) => {
      timer = clock.setTimeout(resolve, graceMs);
    });
    await Promise.race([server.shutdown(), isOver]);
    timer?.cancel();
    server.forceShutdown();
  }

  return {
    start: () => server.listen(addressOf(listen), credentialsOf(listen)),
    setServing,
    stop(graceMs) {
      stopped ??= stop(graceMs);
      return stopped;
    },
  };
}

type Streaming<Request, Response> = (
  request: Request,
  context: CallContext,
) => { [Symbol.asyncIterator](): AsyncIterator<Response, void> };

/** The health watch never ends by itself; it ends when the service stops, after it has told the last status. */
function endingWith<Request, Response>(
  stopping: AbortSignal,
  handle: Streaming<Request, Response>,
): Streaming<Request, Response> {
  return (request, context) =>
    handle(request, { ...context, signal: AbortSignal.any([context.signal, stopping]) });
}

/** Reflection waits for its caller's next question; it stops waiting when the service stops. */
function cutOffBy<Request, Response>(
  stopping: AbortSignal,
  handle: Streaming<Request, Response>,
): Streaming<Request, Response> {
  return async function* (request, context) {
    const answers = handle(request, context)[Symbol.asyncIterator]();
    const { promise: stopped, resolve } = Promise.withResolvers<undefined>();
    const onStop = () => resolve(undefined);
    stopping.addEventListener("abort", onStop);
    try {
      while (!stopping.aborted) {
        const next = await Promise.race([answers.next(), stopped]);
        if (next === undefined || next.done === true) return;
        yield next.value;
      }
    } finally {
      stopping.removeEventListener("abort", onStop);
    }
  };
}
