/** Sinch SMS REST API: POST /xms/v1/{service_plan_id}/batches (developers.sinch.com/docs/sms/api-reference/sms/batches). */
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

const fields = [
  "to",
  "from",
  "from_ton",
  "from_npi",
  "body",
  "type",
  "udh",
  "delivery_report",
  "send_at",
  "expire_at",
  "callback_url",
  "client_reference",
  "feedback_enabled",
  "flash_message",
  "max_number_of_message_parts",
  "truncate_concat",
  "parameters",
];
const kindsOfReport = ["none", "summary", "full", "per_recipient", "per_recipient_final"];
const form = (text: string) => refuse(400, { code: "syntax_invalid_parameter_format", text });
const words: Readonly<Record<Outcome, readonly [string, number]>> = {
  delivered: ["Delivered", 0],
  undeliverable: ["Failed", 410],
  expired: ["Expired", 406],
  rejected: ["Rejected", 402],
};

export const sinch: Dialect = {
  hear(request, { credentials, nextId, nowMs }) {
    if (bearerOf(request) !== credentials.secret) return refuse(401);
    if (request.method !== "POST" || request.path !== `/xms/v1/${credentials.user}/batches`)
      return refuse(404);
    const body = objectIn(request);
    if (body === undefined) return refuse(400, { code: "syntax_invalid_json", text: "Invalid JSON" });
    const stranger = strangerIn(body, fields);
    if (stranger !== undefined) return form(`Unknown field ${stranger}`);
    const to = textsOf(body["to"]);
    const text = textOf(body["body"]);
    if (to === undefined || to.length > 1_000) return form("Invalid to");
    if (text === undefined || text.length > 2_000) return form("Invalid body");
    const bad = to.find((number) => !/^\+?[1-9][0-9]{6,14}$/.test(number) || isRefused(number));
    if (bad !== undefined) {
      return refuse(400, { code: "syntax_invalid_parameter_format", text: `Invalid MSISDN: ${bad}` });
    }
    const report = textOf(body["delivery_report"]) ?? "none";
    if (!kindsOfReport.includes(report)) return form("Invalid delivery_report");
    const expireAt = textOf(body["expire_at"]);
    if (expireAt !== undefined && !(Date.parse(expireAt) > nowMs())) return form("Invalid expire_at");
    const from = textOf(body["from"]) ?? "";
    const reference = textOf(body["client_reference"]);
    if ((reference ?? "").length > 2_048) return form("Invalid client_reference");
    const id = `01FC66621${String(nextId()).padStart(17, "0")}`;
    const callbackUrl = report === "none" ? undefined : textOf(body["callback_url"]);
    const created = new Date(nowMs()).toISOString();
    return {
      kind: "taken",
      messages: [...new Set(to.map((number) => number.replace("+", "")))].map((number) => ({
        id,
        to: number,
        from,
        text,
        reference,
        callbackUrl,
      })),
      answer: {
        status: 201,
        json: {
          id,
          to: to.map((number) => number.replace("+", "")),
          from,
          canceled: false,
          body: text,
          type: "mt_text",
          created_at: created,
          modified_at: created,
          delivery_report: report,
          expire_at: expireAt,
          flash_message: false,
        },
      },
    };
  },
  callbackFor([message], outcome, { nowMs }) {
    const [status, code] = words[outcome];
    const at = new Date(nowMs()).toISOString();
    return {
      headers: { "content-type": "application/json" },
      body: JSON.stringify({
        type: "recipient_delivery_report_sms",
        batch_id: message?.id,
        recipient: message?.to,
        code,
        status,
        at,
        operator_status_at: at,
        client_reference: message?.reference,
      }),
    };
  },
};
