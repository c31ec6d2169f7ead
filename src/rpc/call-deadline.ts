/**
 * Lets handlers see the call's deadline: nice-grpc's context has none, so an interceptor of the server puts it into the metadata,
 * under a name that no caller's value survives.
 */
import { ServerInterceptingCall, type ServerInterceptor, ServerListenerBuilder } from "@grpc/grpc-js";
import type { CallContext } from "nice-grpc-common";

const header = "sms-relay-deadline";

/** For the calls of one method; all others pass untouched. */
export function deadlineInterceptor(path: string): ServerInterceptor {
  return (method, call) => {
    if (method.path !== path) return new ServerInterceptingCall(call);
    const deadline = Number(call.getDeadline());
    const listener = new ServerListenerBuilder()
      .withOnReceiveMetadata((metadata, next) => {
        metadata.set(header, String(deadline));
        next(metadata);
      })
      .build();
    return new ServerInterceptingCall(call, { start: (next) => next(listener) });
  };
}

/** Milliseconds since the epoch; Infinity for none. */
export function deadlineOf(context: CallContext): number {
  const value = context.metadata.get(header);
  return value === undefined ? Number.POSITIVE_INFINITY : Number(value);
}
