/**
 * Lets handlers see the call's deadline: nice-grpc's context has none, so an interceptor of the server puts it into the metadata,
 * under a name that no caller's value survives.
 */
import {
  type Metadata,
  ServerInterceptingCall,
  type ServerInterceptingCallInterface,
  type ServerInterceptor,
} from "@grpc/grpc-js";
import type { CallContext } from "nice-grpc-common";

const header = "sms-relay-deadline";

/** For the calls of one method; all others pass untouched. */
export function deadlineInterceptor(path: string): ServerInterceptor {
  return (method, call) =>
    method.path === path ? new CallWithDeadline(call) : new ServerInterceptingCall(call);
}

type Start = ServerInterceptingCallInterface["start"];
type SendMessage = ServerInterceptingCallInterface["sendMessage"];

/**
 * Hands everything on at once. The stack's own intercepting call makes closures for each step, in case an interceptor answers
 * later: 1.4 KB a call instead of 0.6.
 */
class CallWithDeadline extends ServerInterceptingCall {
  readonly #call: ServerInterceptingCallInterface;

  constructor(call: ServerInterceptingCallInterface) {
    super(call);
    this.#call = call;
  }

  override start(listener: Parameters<Start>[0]): void {
    const deadline = Number(this.#call.getDeadline());
    this.#call.start({
      onReceiveMetadata: (metadata) => {
        if (Number.isFinite(deadline)) metadata.set(header, String(deadline));
        else metadata.remove(header);
        listener.onReceiveMetadata(metadata);
      },
      onReceiveMessage: (message) => listener.onReceiveMessage(message),
      onReceiveHalfClose: () => listener.onReceiveHalfClose(),
      onCancel: () => listener.onCancel(),
    });
  }

  override sendMetadata(metadata: Metadata): void {
    this.#call.sendMetadata(metadata);
  }

  override sendMessage(...message: Parameters<SendMessage>): void {
    this.#call.sendMessage(...message);
  }

  override sendStatus(status: Parameters<ServerInterceptingCallInterface["sendStatus"]>[0]): void {
    this.#call.sendStatus(status);
  }
}

/** Milliseconds since the epoch; Infinity for none. */
export function deadlineOf(context: CallContext): number {
  const value = context.metadata.get(header);
  return value === undefined ? Number.POSITIVE_INFINITY : Number(value);
}
