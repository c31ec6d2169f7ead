/** SignalSMS: POST /v1/sms/dispatch with at most 500 recipients (signalsms.com/api). Bodies of answers and callbacks are guesses. */
import {
  bearerOf,
  type Dialect,
  isRefused,
  type Outcome,
  objectIn,
  refuse,
  strangerIn,
  textOf,
  textsOf,
} from "../dialect.ts";

const fields = ["sender", "recipients", "message", "fast_dispatch", "schedule_at", "callback_url"];
const words: Readonly<Record<Outcome, string>> = {
  delivered: "delivered",
  undeliverable: "failed",
  expired: "expired",
  rejected: "rejected",
};

export const signalsms: Dialect = {
  hear(request, { credentials, nextId }) {
    if (bearerOf(request) !== credentials.secret) return refuse(401, { error: "invalid_api_key" });
    if (request.method !== "POST" || request.path !== "/v1/sms/dispatch")
      return refuse(404, { error: "not_found" });
    const body = objectIn(request);
    if (body === undefined || strangerIn(body, fields) !== undefined)
      return refuse(400, { error: "invalid_request" });
    const to = textsOf(body["recipients"]);
    const text = textOf(body["message"]) ?? "";
    const from = textOf(body["sender"]) ?? "";
    if (to === undefined || to.length > 500) return refuse(400, { error: "invalid_recipients" });
    if (to.some((number) => !/^\+[1-9][0-9]{6,14}$/.test(number) || isRefused(number)))
      return refuse(422, { error: "invalid_recipient" });
    if (text === "") return refuse(400, { error: "empty_message" });
    if (!/^(\+?[0-9]{1,15}|[A-Za-z0-9 ]{1,11})$/.test(from))
      return refuse(404, { error: "sender_not_found" });
    const callbackUrl = textOf(body["callback_url"]);
    const messages = to.map((number) => ({
      id: `sig_${nextId()}`,
      to: number,
      from,
      text,
      reference: undefined,
      callbackUrl,
    }));
    return {
      kind: "taken",
      messages,
      answer: {
        status: 200,
        headers: { "x-ratelimit-remaining": "99", "x-ratelimit-reset": "1" },
        json: {
          status: "queued",
          messages: messages.map(({ id, to: recipient }) => ({ message_id: id, recipient })),
        },
      },
    };
  },
  callbackFor([message], outcome, { nowMs }) {
    return {
      headers: { "content-type": "application/json" },
      body: JSON.stringify({
        message_id: message?.id,
        recipient: message?.to,
        status: words[outcome],
        timestamp: new Date(nowMs()).toISOString(),
      }),
    };
  },
};
