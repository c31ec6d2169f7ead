/**
 * Signicat SMS API: a token with scope client.sms.send, then one text of one part to one number; no receipts
 * (developer.signicat.com/enterprise/apis/sms-api). Names of fields are guesses.
 */
import { bearerOf, type Dialect, isRefused, objectIn, refuse, strangerIn, textOf } from "../dialect.ts";

export const signicat: Dialect = {
  hear(request, { credentials, nextId, isToken }) {
    const { method, path, headers } = request;
    if (method === "POST" && path === "/oauth/connect/token") {
      const form = new URLSearchParams(request.body);
      const basic = Buffer.from(`${credentials.user}:${credentials.secret}`).toString("base64");
      if (headers["authorization"] !== `Basic ${basic}`) return refuse(400, { error: "invalid_client" });
      if (form.get("scope") !== "client.sms.send") return refuse(400, { error: "invalid_scope" });
      return {
        kind: "token",
        answer: (access_token) => ({
          status: 200,
          json: { access_token, token_type: "Bearer", expires_in: 3_600, scope: "client.sms.send" },
        }),
      };
    }
    if (method !== "POST" || path !== "/sms/send") return refuse(404);
    if (!isToken(bearerOf(request))) return refuse(401);
    const body = objectIn(request);
    if (body === undefined || strangerIn(body, ["recipient", "sender", "message"]) !== undefined)
      return refuse(400, { code: "invalid_request" });
    const to = textOf(body["recipient"]) ?? "";
    const text = textOf(body["message"]) ?? "";
    if (!/^\+[1-9][0-9]{6,14}$/.test(to) || isRefused(to)) return refuse(400, { code: "invalid_recipient" });
    if (text === "" || text.length > 160) return refuse(400, { code: "invalid_message" });
    const id = String(nextId());
    const from = textOf(body["sender"]) ?? "";
    return {
      kind: "taken",
      messages: [{ id, to, from, text, reference: undefined, callbackUrl: undefined }],
      answer: { status: 200, json: { id } },
    };
  },
};
