/**
 * The memory of a load: what was sent, and which of it the service acknowledged. It outlives the service, as a caller
 * would, and sends what it got no answer for again under the same request_id (P42).
 */
import { ClientError, Status } from "nice-grpc";
import { DuplicatePolicy, Lane } from "../../../src/gen/smsrelay/v1/message.ts";
import { SendSmsRequest } from "../../../src/gen/smsrelay/v1/sms.ts";
import { connectSmsClient } from "../../support/sms-client.ts";

export interface SentMessage {
  readonly requestId: string;
  readonly recipient: string;
  readonly isAtMostOnce: boolean;
}

export interface Acknowledgement extends SentMessage {
  readonly messageId: string;
  readonly deliveryId: string;
}

export interface AcknowledgedLoad {
  /** By delivery id. */
  readonly acknowledged: ReadonlyMap<string, Acknowledgement>;
  /** Sends until the service is gone, the signal aborts, or `most` were acknowledged. */
  run(port: number, apiKey: string, options: RunOptions): Promise<void>;
  /** How many have no answer yet. */
  unanswered(): number;
  /** Calls so far that ended without an answer. */
  refusals(): number;
}

export interface RunOptions {
  readonly concurrency: number;
  readonly most: number;
  readonly signal: AbortSignal;
}

/** A load whose messages alternate between both duplicate policies; each has a recipient of its own. */
export function createAcknowledgedLoad(name: string): AcknowledgedLoad {
  const acknowledged = new Map<string, Acknowledgement>();
  const unanswered: SentMessage[] = [];
  let count = 0;
  let refusals = 0;

  function next(): SentMessage {
    const again = unanswered.pop();
    if (again !== undefined) return again;
    const index = count++;
    return {
      requestId: `${name}-${index}`,
      recipient: `+4670${String(index).padStart(7, "0")}`,
      isAtMostOnce: index % 2 === 1,
    };
  }

  return {
    acknowledged,
    unanswered: () => unanswered.length,
    refusals: () => refusals,
    run: async (port, apiKey, { concurrency, most, signal }) => {
      using client = connectSmsClient(port, apiKey);
      const until = acknowledged.size + most;
      const work = async () => {
        while (!signal.aborted && acknowledged.size < until) {
          const message = next();
          try {
            const answer = await client.sms.sendSms(requestOf(message), { signal });
            const deliveryId = answer.outcomes[0]?.deliveryId ?? "";
            acknowledged.set(deliveryId, { ...message, messageId: answer.messageId, deliveryId });
          } catch (error) {
            unanswered.push(message);
            refusals += 1;
            if (isGone(error)) return;
            throw error;
          }
        }
      };
      await Promise.all(Array.from({ length: concurrency }, work));
    },
  };
}

/** What is sent for it, each time the same. */
export function requestOf(message: SentMessage): SendSmsRequest {
  return SendSmsRequest.create({
    sender: "Relay",
    recipients: [message.recipient],
    content: { $case: "text", value: `Your reference is ${message.requestId}` },
    requestId: message.requestId,
    lane: Lane.LANE_NORMAL,
    expiration: { $case: "validity", value: { seconds: 60n, nanos: 0 } },
    duplicatePolicy: message.isAtMostOnce
      ? DuplicatePolicy.DUPLICATE_POLICY_AT_MOST_ONCE
      : DuplicatePolicy.DUPLICATE_POLICY_AT_LEAST_ONCE,
  });
}

/** Whether the connection broke or the call was given up, which says nothing about the message. */
function isGone(error: unknown): boolean {
  if (!(error instanceof ClientError)) return error instanceof Error && error.name === "AbortError";
  return error.code === Status.UNAVAILABLE || error.code === Status.CANCELLED;
}
