/** websms by LINK Mobility: POST /rest/smsmessaging/text; every answer has HTTP 200 and says in statusCode what it means. */
import {
  bearerOf,
  type Dialect,
  type Heard,
  isRefused,
  type Outcome,
  objectIn,
  refuse,
  strangerIn,
  textOf,
  textsOf,
} from "../dialect.ts";

const fields = [
  "messageContent",
  "recipientAddressList",
  "senderAddress",
  "senderAddressType",
  "clientMessageId",
  "notificationCallbackUrl",
  "contentCategory",
  "maxSmsPerMessage",
  "messageType",
  "priority",
  "sendAsFlashSms",
  "test",
  "validityPeriode",
];
const senderTypes = ["national", "international", "alphanumeric", "shortcode"];
const say = (statusCode: number, statusMessage: string): Heard => refuse(200, { statusCode, statusMessage });
const words: Readonly<Record<Outcome, string>> = {
  delivered: "delivered",
  undeliverable: "undelivered",
  expired: "expired",
  rejected: "rejected",
};

export const websms: Dialect = {
  hear(request, { credentials, nextId }) {
    if (request.method !== "POST" || request.path !== "/rest/smsmessaging/text") return refuse(404);
    if (bearerOf(request) !== credentials.secret) return say(4001, "INVALID_CREDENTIALS");
    const body = objectIn(request);
    if (body === undefined) return say(4019, "PARAMETER_MISSING");
    if (strangerIn(body, fields) !== undefined) return say(4019, "PARAMETER_MISSING");
    const to = textsOf(body["recipientAddressList"]);
    const text = textOf(body["messageContent"]) ?? "";
    if (to === undefined || to.length > 1_000) return say(4002, "INVALID_RECIPIENT");
    if (to.some((number) => !/^[1-9][0-9]{6,14}$/.test(number) || isRefused(number)))
      return say(4002, "INVALID_RECIPIENT");
    if (text === "") return say(4009, "INVALID_MESSAGE_CONTENT");
    const kind = body["senderAddressType"];
    if (kind !== undefined && !senderTypes.includes(String(kind))) return say(4003, "INVALID_SENDER");
    const validity = body["validityPeriode"];
    if (validity !== undefined && !(Number(validity) >= 60 && Number(validity) <= 259_200))
      return say(4041, "INVALID_VALIDITY_PERIOD");
    const id = `0059${String(nextId()).padStart(16, "0")}`;
    const reference = textOf(body["clientMessageId"]);
    const callbackUrl = textOf(body["notificationCallbackUrl"]);
    const from = textOf(body["senderAddress"]) ?? "";
    return {
      kind: "taken",
      messages: to.map((number) => ({ id, to: number, from, text, reference, callbackUrl })),
      answer: {
        status: 200,
        json: {
          statusCode: 2000,
          statusMessage: "OK",
          clientMessageId: reference,
          transferId: id,
          smsCount: 1,
        },
      },
    };
  },
  callbackFor([message], outcome, { nextId, nowMs }) {
    const at = new Date(nowMs()).toISOString();
    return {
      headers: { "content-type": "application/json;charset=UTF-8" },
      body: JSON.stringify({
        messageType: "deliveryReport",
        notificationId: String(nextId()),
        transferId: message?.id,
        recipientAddress: message?.to,
        deliveryReportMessageStatus: words[outcome],
        sentOn: at,
        deliveredOn: at,
        clientMessageId: message?.reference,
      }),
    };
  },
};
