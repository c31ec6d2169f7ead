/** A request for a token in the form of RFC 6749: client credentials, with the client's own by Basic or in the form. */

import { isUtf8 } from "node:buffer";
import type { IncomingHttpHeaders } from "node:http";
import type { TokenRequest } from "../../app/tokens/issue-token.ts";
import { type ApiAnswer, type ApiRequest, faultAnswer } from "../api/route.ts";

/** Said of whatever is wrong with a client, so that nobody learns which half was right. */
export const wrongClient = (): ApiAnswer =>
  faultAnswer(401, "invalid_client", "The client is not known by this id and secret.", {
    "www-authenticate": 'Basic realm="sms-relay", charset="UTF-8"',
  });

const invalid = (description: string) => faultAnswer(400, "invalid_request", description);

const known = ["grant_type", "scope", "client_id", "client_secret"] as const;

/** The request, or the answer that refuses its form. */
export function readTokenRequest({ headers, query, body }: ApiRequest): TokenRequest | ApiAnswer {
  if (query !== "") return invalid("Parameters belong in the body.");
  if (!/^application\/x-www-form-urlencoded *(;|$)/i.test(headers["content-type"] ?? ""))
    return invalid("The body must be application/x-www-form-urlencoded.");
  if (!isUtf8(body)) return invalid("The body must be UTF-8.");
  const form = new URLSearchParams(Buffer.from(body).toString("utf8"));
  const twice = known.find((name) => form.getAll(name).length > 1);
  if (twice !== undefined) return invalid(`${twice} stands twice.`);
  // Without a value is as if it were not there (RFC 6749 §3.2).
  const given = (name: (typeof known)[number]) => form.get(name) ?? "";
  const grantType = given("grant_type");
  if (grantType === "") return invalid("grant_type is missing.");
  if (grantType !== "client_credentials")
    return faultAnswer(400, "unsupported_grant_type", "There is client_credentials only.");
  const client = clientOf(headers, given("client_id"), given("client_secret"));
  return "status" in client ? client : { ...client, scope: given("scope") };
}

function clientOf(
  { authorization }: IncomingHttpHeaders,
  formId: string,
  formSecret: string,
): Omit<TokenRequest, "scope"> | ApiAnswer {
  if (authorization === undefined)
    return formId === "" || formSecret === ""
      ? wrongClient()
      : { clientId: formId, clientSecrets: [formSecret] };
  if (formSecret !== "")
    return invalid("The client shows its secret twice: in authorization and in the body.");
  const basic = readBasic(authorization);
  if (basic === undefined) return wrongClient();
  if (formId !== "" && formId !== basic.clientId) return invalid("client_id is not that of authorization.");
  return basic;
}

/** RFC 6749 §2.3.1 has id and secret encoded as in a form; many clients leave that out, which matters where a secret has such characters. */
function readBasic(authorization: string): Omit<TokenRequest, "scope"> | undefined {
  const encoded = /^basic +([a-z0-9+/_-]+={0,2})$/i.exec(authorization)?.[1];
  if (encoded === undefined) return undefined;
  const [, id, secret] = /^([^:]+):(.+)$/s.exec(Buffer.from(encoded, "base64").toString("utf8")) ?? [];
  if (id === undefined || secret === undefined) return undefined;
  const clientSecrets = [...new Set([decoded(secret), secret])];
  return { clientId: decoded(id), clientSecrets };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll("+", " "));
  } catch {
    return text;
  }
}
