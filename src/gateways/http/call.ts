/**
 * One HTTP call from its first octet to its end. What matters of it is whether anything was written: before that nothing can have happened,
 * and after it only a whole answer tells. It is written once, whatever the connection does.
 */
import type { Dispatcher } from "undici";
import type { Clock, Timer } from "../../observability/clock.ts";
import type { BuiltRequest } from "../../providers/build-request.ts";

export type CallEnd =
  /** `body` is undefined where it is longer than anybody would read. */
  | {
      readonly kind: "answered";
      readonly status: number;
      readonly retryAfter: string | undefined;
      readonly body: string | undefined;
    }
  /** Nothing was written. */
  | { readonly kind: "unsent"; readonly reason: string; readonly isConnectionsFault: boolean }
  /** Written, and the connection ended before the whole answer came. */
  | { readonly kind: "lost"; readonly reason: string }
  /** Written, and no answer came in time. */
  | { readonly kind: "unanswered" };

export interface CallOptions {
  readonly clock: Clock;
  /** Asked right before the first octet is written; what it answers is why it must not be. */
  readonly obstacle: () => string | undefined;
  /** Counted from then on. */
  readonly timeoutMs: number;
}

export interface Call {
  readonly end: Promise<CallEnd>;
  /** Gives the call up; it ends unsent or unanswered. */
  abort(): void;
}

const maxBodyOctets = 1024 * 1024;

type Controller = Dispatcher.DispatchController;

/** Begins the call; `path` is whole. Its end never rejects. */
export function startCall(
  dispatcher: Dispatcher,
  request: BuiltRequest,
  path: string,
  { clock, obstacle, timeoutMs }: CallOptions,
): Call {
  const { promise, resolve } = Promise.withResolvers<CallEnd>();
  let controller: Controller | undefined;
  let isWritten = false;
  let isGivenUp = false;
  let status = 0;
  let retryAfter: string | undefined;
  let octets = 0;
  let timer: Timer | undefined;
  const chunks: Buffer[] = [];

  function end(outcome: CallEnd): void {
    timer?.cancel();
    resolve(outcome);
  }

  function abort(): void {
    if (isGivenUp) return;
    isGivenUp = true;
    end(isWritten ? { kind: "unanswered" } : unsent("given up", false));
    controller?.abort(new Error("given up"));
  }

  const handler: Dispatcher.DispatchHandler = {
    onRequestStart(current) {
      const why = isGivenUp ? "given up" : isWritten ? "written before" : obstacle();
      if (why !== undefined) {
        if (!isWritten) end(unsent(why, false));
        current.abort(new Error(why));
        return;
      }
      controller = current;
      isWritten = true;
      timer = clock.setTimeout(abort, timeoutMs);
    },
    onResponseStart(_current, statusCode, headers) {
      status = statusCode;
      const value = headers["retry-after"];
      retryAfter = typeof value === "string" ? value : undefined;
    },
    onResponseData(current, chunk) {
      octets += chunk.length;
      if (octets <= maxBodyOctets) {
        chunks.push(chunk);
        return;
      }
      end({ kind: "answered", status, retryAfter, body: undefined });
      current.abort(new Error("the body is too long"));
    },
    onResponseEnd() {
      end({ kind: "answered", status, retryAfter, body: Buffer.concat(chunks).toString("utf8") });
    },
    onResponseError(_current, error) {
      end(isWritten ? { kind: "lost", reason: reasonOf(error) } : unsent(reasonOf(error), true));
    },
  };
  const { method, headers, body } = request;
  try {
    dispatcher.dispatch(
      { path, method, headers: { ...headers }, body: body ?? null, idempotent: false },
      handler,
    );
  } catch (error) {
    end(unsent(reasonOf(error), true));
  }
  return { end: promise, abort };
}

function unsent(reason: string, isConnectionsFault: boolean): CallEnd {
  return { kind: "unsent", reason, isConnectionsFault };
}

/** A code where there is one: a sentence may hold what was asked for. */
export function reasonOf(error: unknown): string {
  if (typeof error === "object" && error !== null && "code" in error && typeof error.code === "string") {
    return error.code;
  }
  return error instanceof Error ? error.name : "failed";
}
