/**
 * grpc.health.v1: the server as a whole and the services that take work follow readiness, the others only whether the server runs. A
 * check asks at once; watchers are told within a second, and a last time when the service stops.
 */
import { status as Status } from "@grpc/grpc-js";
import { createWaker, type Waker } from "../../app/calls/waker.ts";
import {
  HealthCheckResponse_ServingStatus as Answer,
  HealthDefinition,
} from "../../gen/grpc/health/v1/health.ts";
import type { Clock, Timer } from "../../observability/clock.ts";
import { BareStatus } from "../calls/error-status.ts";
import type { Handlers } from "../calls/handlers.ts";
import { type ServedService, servePlain } from "../calls/served-service.ts";
import { plainDefinition } from "../calls/wire-definition.ts";

export interface HealthOptions {
  /** Full names of the services that have a health. */
  readonly services: readonly string[];
  /** Those of them that take new work. */
  readonly followers: readonly string[];
  /** Whether new work is taken. */
  readonly isReady: () => boolean;
  readonly clock: Pick<Clock, "setInterval">;
  readonly stopping: AbortSignal;
}

export interface Health {
  readonly service: ServedService;
  /** Nothing serves before it is told so. */
  setServing(isServing: boolean): void;
}

const wholeServer = "";
const lookEveryMs = 1_000;

export function createHealth(options: HealthOptions): Health {
  const { isReady, clock, stopping } = options;
  const known = new Set([wholeServer, ...options.services]);
  const followers = new Set([wholeServer, ...options.followers]);
  const watchers = new Set<Waker>();
  let isServing = false;
  let timer: Timer | undefined;

  function statusOf(service: string): Answer {
    if (!known.has(service)) return Answer.SERVICE_UNKNOWN;
    return isServing && (!followers.has(service) || isReady()) ? Answer.SERVING : Answer.NOT_SERVING;
  }

  const tellWatchers = () => {
    for (const watcher of watchers) watcher.wake();
  };

  const handlers: Handlers<HealthDefinition, undefined> = {
    async check({ service }) {
      const status = statusOf(service);
      if (status === Answer.SERVICE_UNKNOWN)
        throw new BareStatus(Status.NOT_FOUND, `Unknown service: '${service}'`);
      return { status };
    },
    async *watch({ service }, _nobody, { signal }) {
      const ending = AbortSignal.any([signal, stopping]);
      const changed = createWaker();
      watchers.add(changed);
      ending.addEventListener("abort", changed.wake);
      try {
        for (let told: Answer | undefined; ; ) {
          const status = statusOf(service);
          if (status !== told) {
            told = status;
            yield { status };
            continue;
          }
          ending.throwIfAborted();
          await changed.next();
        }
      } finally {
        watchers.delete(changed);
      }
    },
  };

  return {
    service: servePlain(plainDefinition(HealthDefinition), handlers),
    setServing(serving) {
      isServing = serving;
      timer?.cancel();
      if (serving) timer = clock.setInterval(tellWatchers, lookEveryMs).unref();
      tellWatchers();
    },
  };
}
