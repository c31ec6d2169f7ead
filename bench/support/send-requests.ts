/** The requests that benchmarks send, encoded once. */
import { SendSmsRequest } from "../../src/gen/smsrelay/v1/sms.ts";
import { SendSmsStreamRequest } from "../../src/gen/smsrelay/v1/sms_service.ts";

export const SEND_SMS = "smsrelay.v1.SmsService/SendSms";
export const SEND_SMS_STREAM = "smsrelay.v1.SmsService/SendSmsStream";

const text = "Your code is 482913. Do not share it with anyone, we will never ask you for it.";

/** Least octets of one accepted answer with its frame: a message id, a delivery id and two times. */
export const LEAST_ANSWER_OCTETS = 90;

/** The n-th number of a block of ten million. */
export function recipient(index: number): string {
  return `+4670${String(index % 10_000_000).padStart(7, "0")}`;
}

function request(recipients: readonly string[], requestId: string): SendSmsRequest {
  return SendSmsRequest.create({
    sender: "Shop",
    recipients: [...recipients],
    content: { $case: "text", value: text },
    requestId,
  });
}

/** One message to `recipientCount` numbers that begin at `first`. */
export function encodeSendSms(recipientCount = 1, first = 0, requestId = ""): Uint8Array {
  const recipients = Array.from({ length: recipientCount }, (_, index) => recipient(first + index));
  return SendSmsRequest.encode(request(recipients, requestId)).finish();
}

/** `count` messages for a stream, each to one number, with request ids that begin with `prefix`. */
export function encodeSendSmsStream(count: number, prefix: string): readonly Uint8Array[] {
  return Array.from({ length: count }, (_, index) => {
    const item = SendSmsStreamRequest.create({ request: request([recipient(index)], `${prefix}-${index}`) });
    return SendSmsStreamRequest.encode(item).finish();
  });
}
