/**
 * KPN SMS API: a token by client credentials, then POST /send with messages of one or more numbers each, at most 200 in all
 * (developer.kpn.com/documentation/kpn-sms-api-documentation). Numbers, fields and answers of /send are documented by example only.
 */
import { bearerOf, type Dialect, isRefused, objectIn, refuse, textOf } from "../dialect.ts";

const base = "/communication/kpn/sms";

export const kpn: Dialect = {
  hear(request, { credentials, nextId, isToken }) {
    const { method, path, query } = request;
    if (method === "POST" && path === "/oauth/client_credential/accesstoken") {
      const form = new URLSearchParams(request.body);
      if (query.get("grant_type") !== "client_credentials")
        return refuse(400, { error: "unsupported_grant_type" });
      const isKnown =
        form.get("client_id") === credentials.user && form.get("client_secret") === credentials.secret;
      if (!isKnown) return refuse(401, { ErrorCode: "invalid_client", Error: "ClientId is Invalid" });
      // Apigee writes the life as a text.
      return {
        kind: "token",
        answer: (access_token) => ({
          status: 200,
          json: { access_token, token_type: "BearerToken", expires_in: "3599" },
        }),
      };
    }
    if (method !== "POST" || path !== `${base}/send`) return refuse(404);
    if (!isToken(bearerOf(request))) return refuse(401, { fault: { faultstring: "Invalid access token" } });
    const body = objectIn(request);
    const messages = body?.["messages"];
    const sender = textOf(body?.["sender"]) ?? "";
    if (!Array.isArray(messages) || messages.length === 0 || messages.length > 200)
      return badRequest("messages");
    if (sender === "" || sender.length > 15) return badRequest("sender");
    const id = `kpn-${nextId()}`;
    const taken = [];
    for (const message of messages as readonly Readonly<Record<string, unknown>>[]) {
      const text = textOf(message["content"]) ?? "";
      const to = textOf(message["mobile_number"]) ?? "";
      if (text === "" || text.length > 1_000) return badRequest("content");
      if (!/^(\+[1-9][0-9]{6,14}|06[0-9]{8})$/.test(to) || isRefused(to)) return badRequest("mobile_number");
      taken.push({ id, to, from: sender, text, reference: undefined, callbackUrl: undefined });
    }
    return {
      kind: "taken",
      messages: taken,
      answer: { status: 200, json: { status: "OK", document_id: id } },
    };
  },
};

const badRequest = (field: string) =>
  refuse(400, { code: "INVALID_REQUEST", message: `${field} is missing or malformed` });
