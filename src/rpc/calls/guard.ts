/**
 * What stands around every handler: authentication before it, and our errors turned into gRPC's after it. What the key has to hold is
 * the door's matter (call-door.ts), which every call comes through. Plain wrappers rather than middleware, so that a unary call passes
 * through no further generator.
 */
import type { CallContext } from "nice-grpc-common";
import type { FailureDeps } from "../../app/calls/failure.ts";
import type { KeyVerifier, Principal } from "../../app/calls/principal.ts";
import { SmsError } from "../../domain/errors.ts";
import type { Clock, Timer } from "../../observability/clock.ts";
import { authenticate } from "./authenticate.ts";
import { toServerError } from "./error-status.ts";
import { callOf } from "./guarded-call.ts";
import { refuseUnreadable } from "./read-requests.ts";

export interface GuardDeps extends FailureDeps {
  readonly keys: KeyVerifier;
  readonly clock: Pick<Clock, "setInterval">;
}

/** How often a stream's key is checked again, whether anything passes or not, so that a revoked one ends it. */
const recheckMs = 1_000;

export interface Guard {
  unary<Request extends object, Response>(
    handle: (request: Request, principal: Principal, context: CallContext) => Promise<Response>,
  ): (request: Request, context: CallContext) => Promise<Response>;
  /** For server streams and for streams both ways: `Request` is the message or the iterable of messages. */
  stream<Request extends object, Response>(
    handle: (request: Request, principal: Principal, context: CallContext) => AsyncIterable<Response>,
  ): (request: Request, context: CallContext) => AsyncGenerator<Response, void>;
}

export function createGuard(deps: GuardDeps): Guard {
  /** Looks at the key of an open stream again and again until it is cancelled; calls back once it is not admitted any more. */
  function watch(context: CallContext, onRefused: (refusal: SmsError) => void): Timer {
    const check = async () => {
      try {
        await authenticate(context, deps);
      } catch (thrown) {
        // While the store is away nobody can tell, and the stream goes on.
        if (isRefusal(thrown)) onRefused(thrown);
      }
    };
    return deps.clock.setInterval(() => void check(), recheckMs).unref();
  }
  return {
    unary: (handle) => async (request, context) => {
      try {
        // The door knows the caller of each call; what comes past it shows its key here.
        const caller = callOf(request)?.principal ?? authenticate(context, deps);
        const principal = caller instanceof Promise ? await caller : caller;
        refuseUnreadable(request);
        return await handle(request, principal, context);
      } catch (thrown) {
        throw toServerError(thrown, context, deps);
      }
    },
    stream: (handle) =>
      async function* (request, context) {
        const refused = new AbortController();
        let timer: Timer | undefined;
        try {
          const principal = await authenticate(context, deps);
          refuseUnreadable(request);
          timer = watch(context, (refusal) => refused.abort(refusal));
          const signal = AbortSignal.any([context.signal, refused.signal]);
          for await (const response of handle(request, principal, { ...context, signal })) {
            refused.signal.throwIfAborted();
            yield response;
          }
          refused.signal.throwIfAborted();
        } catch (thrown) {
          throw toServerError(refused.signal.aborted ? refused.signal.reason : thrown, context, deps);
        } finally {
          timer?.cancel();
        }
      },
  };
}

/** The key itself is refused; all else says nothing about it. */
function isRefusal(thrown: unknown): thrown is SmsError {
  return thrown instanceof SmsError && thrown.code === "INVALID_CREDENTIALS";
}
