/**
 * grpc.health.v1: the server as a whole and the services that take work follow readiness, the others only whether the server runs. A
 * check asks at once; watchers are told within a second.
 */
import type { CallContext, Server } from "nice-grpc";
import { HealthDefinition, HealthServiceImpl, HealthState } from "nice-grpc-server-health";
import type { Clock, Timer } from "../../observability/clock.ts";

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
  /** Nothing serves before it is told so. */
  setServing(isServing: boolean): void;
}

const wholeServer = "";
const lookEveryMs = 1_000;

/** Adds the service; its watches end when the service stops, after they have told the last status. */
export function addHealth(server: Server, options: HealthOptions): Health {
  const { services, isReady, clock, stopping } = options;
  const followers = new Set([wholeServer, ...options.followers]);
  const state = HealthState();
  // One listener for each watcher.
  state.setMaxListeners(0);
  let isServing = false;
  let timer: Timer | undefined;

  function look(): void {
    const follower = isServing && isReady() ? "healthy" : "unhealthy";
    for (const service of [wholeServer, ...services])
      state.setStatus(followers.has(service) ? follower : isServing ? "healthy" : "unhealthy", service);
  }

  function lookAgain(): void {
    look();
    // A watcher that was just being written to has missed a change: each look lets all of them compare again.
    state.emit("change", { status: state.getStatus(), service: wholeServer });
  }

  const implementation = HealthServiceImpl(state);
  server.add(HealthDefinition, {
    check(request, context) {
      look();
      return implementation.check(request, context);
    },
    watch(request, context: CallContext) {
      look();
      return implementation.watch(request, {
        ...context,
        signal: AbortSignal.any([context.signal, stopping]),
      });
    },
  });
  look();
  return {
    setServing(serving) {
      isServing = serving;
      timer?.cancel();
      if (serving) timer = clock.setInterval(lookAgain, lookEveryMs).unref();
      look();
    },
  };
}
