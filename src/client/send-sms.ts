/**
 * Sends a message and sends it again where its answer was lost. The service accepts a request once by its `request_id`; that is what
 * makes another try safe, so a request without one gets one here.
 */
import { randomUUID } from "node:crypto";
import { ClientError, Status } from "nice-grpc-common";
import type { SendSmsRequest } from "../gen/smsrelay/v1/sms.ts";
import type { DeepPartial, SendSmsResponse } from "../gen/smsrelay/v1/sms_service.ts";
import { defaultTimeoutMs } from "./call-timeout.ts";
import type { SmsRelayClient } from "./connect.ts";
import { detailsOf } from "./error-details.ts";
import { leavesDoubt } from "./leaves-doubt.ts";
import { nextPauseMs, type Pause, pauseAtRandom } from "./pause.ts";

export interface SendOptions {
  /** Over all tries; 30 seconds by default. */
  readonly timeoutMs?: number;
  /** Ends it, whether or not the message was accepted. */
  readonly signal?: AbortSignal;
  readonly pause?: Pause;
}

/** No answer came in time: nobody here knows whether the message was accepted. The same request under this id finds out. */
export class SendOutcomeUnknown extends Error {
  readonly requestId: string;

  constructor(requestId: string, cause: unknown) {
    super(`Nobody knows whether the message was accepted; request_id ${requestId} finds out.`, { cause });
    this.name = "SendOutcomeUnknown";
    this.requestId = requestId;
  }
}

/**
 * Answers once the message is accepted. A refusal is thrown as it came (`detailsOf`); UNAVAILABLE is tried again while there is time,
 * and `SendOutcomeUnknown` is thrown where that did not help and a try may have arrived.
 */
export async function sendSms(
  client: Pick<SmsRelayClient, "sms">,
  request: DeepPartial<SendSmsRequest>,
  options: SendOptions = {},
): Promise<SendSmsResponse> {
  const { timeoutMs = defaultTimeoutMs, pause = pauseAtRandom } = options;
  const { signal = new AbortController().signal } = options;
  const requestId = request.requestId || randomUUID();
  const end = performance.now() + timeoutMs;
  let mayHaveArrived = false;
  let pauseMs = 0;
  for (;;) {
    try {
      const left = Math.max(1, Math.ceil(end - performance.now()));
      return await client.sms.sendSms({ ...request, requestId }, { signal, timeoutMs: left });
    } catch (error) {
      mayHaveArrived ||= leavesDoubt(error);
      pauseMs = nextPauseMs(pauseMs, detailsOf(error).retryAfterSeconds);
      const isOver = signal.aborted || performance.now() + pauseMs >= end;
      if (isOver || !(error instanceof ClientError) || error.code !== Status.UNAVAILABLE) {
        throw mayHaveArrived && !settles(error) ? new SendOutcomeUnknown(requestId, error) : error;
      }
    }
    await pause(pauseMs, signal);
  }
}

/** Whether this refusal means that earlier tries were not accepted either: all do but those for want of room or of the store. */
const settles = (error: unknown): boolean =>
  !leavesDoubt(error) &&
  error instanceof ClientError &&
  error.code !== Status.UNAVAILABLE &&
  error.code !== Status.RESOURCE_EXHAUSTED;
