/** Gives each unary call a deadline that the service is told: 30 seconds unless the call says otherwise. Streams have none. */
import { type CallOptions, ClientError, type ClientMiddleware, Metadata, Status } from "nice-grpc-common";

export const defaultTimeoutMs = 30_000;

/** How much longer the client waits than the service, for an answer that is on its way. */
const answerWayMs = 1_000;

export interface CallTimeout {
  /** How long a unary call may take. */
  readonly timeoutMs?: number;
}

/** Ends calls with DEADLINE_EXCEEDED. */
export const endInTime: ClientMiddleware<CallTimeout> = async function* endInTime(call, allOptions) {
  const { timeoutMs = defaultTimeoutMs, ...options } = allOptions;
  if (call.requestStream || call.responseStream)
    return yield* call.next(call.request, options as CallOptions);
  const timeout = AbortSignal.timeout(timeoutMs + answerWayMs);
  const signal = options.signal === undefined ? timeout : AbortSignal.any([options.signal, timeout]);
  const metadata = Metadata(options.metadata).set("grpc-timeout", `${Math.ceil(timeoutMs)}m`);
  try {
    return yield* call.next(call.request, { ...options, signal, metadata });
  } catch (error) {
    if (!timeout.aborted || options.signal?.aborted === true || error instanceof ClientError) throw error;
    throw new ClientError(call.method.path, Status.DEADLINE_EXCEEDED, "No answer came in time.");
  }
};
