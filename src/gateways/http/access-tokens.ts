/**
 * The access token of a gateway by the client credentials grant (RFC 6749 §4.4): one for all calls, fetched anew at 80 % of its life, by one
 * fetch at a time.
 */
import type { Clock } from "../../observability/clock.ts";
import { type BuiltRequest, basicOf, encodeForm } from "../../providers/build-request.ts";
import { parseJson } from "../../providers/parse-json.ts";
import type { ProviderProfile } from "../../providers/profile.ts";
import { compileTemplate, type Values } from "../../providers/template.ts";
import { readPath } from "../../providers/value-path.ts";
import type { CallEnd } from "./call.ts";

export type TokenOutcome =
  | { readonly kind: "token"; readonly token: string }
  /** The credentials are refused. */
  | { readonly kind: "refused"; readonly reason: string }
  /** None for now; nothing that it was for can have been sent. */
  | { readonly kind: "failed"; readonly reason: string };

export type OAuth2 = Extract<ProviderProfile["auth"], { readonly kind: "oauth2" }>;

export interface AccessTokensOptions {
  readonly auth: OAuth2;
  readonly account: Readonly<Record<string, string>>;
  readonly clock: Clock;
  readonly call: (request: BuiltRequest) => Promise<CallEnd>;
}

/** Where an answer does not say for how long. */
const usualLifeSeconds = 300;
const shareOfLife = 0.8;

export class AccessTokens {
  readonly #options: AccessTokensOptions;
  readonly #request: BuiltRequest;
  #token: string | undefined;
  #renewAtMs = 0;
  #fetching: Promise<TokenOutcome> | undefined;

  constructor(options: AccessTokensOptions) {
    this.#options = options;
    this.#request = tokenRequest(options.auth, options.account);
  }

  /** The one in hand, or else a promise; it never rejects. */
  take(): string | Promise<TokenOutcome> {
    if (this.#token !== undefined && this.#options.clock.monotonic() < this.#renewAtMs) return this.#token;
    this.#fetching ??= this.#fetch().finally(() => {
      this.#fetching = undefined;
    });
    return this.#fetching;
  }

  /** It was refused. */
  drop(token: string): void {
    if (token === this.#token) this.#token = undefined;
  }

  async #fetch(): Promise<TokenOutcome> {
    const { clock, call } = this.#options;
    const end = await call(this.#request);
    if (end.kind !== "answered") {
      return { kind: "failed", reason: `no token: ${"reason" in end ? end.reason : "no answer"}` };
    }
    const { status } = end;
    if (status === 400 || status === 401 || status === 403) {
      return { kind: "refused", reason: `the credentials are refused with HTTP ${status}` };
    }
    const body = end.body === undefined ? undefined : parseJson(end.body);
    const [token] = readPath(body, "access_token", "");
    if (status < 200 || status > 299 || token === undefined || !/^[!-~]+$/.test(token)) {
      return { kind: "failed", reason: `no token: HTTP ${status}` };
    }
    const [life] = readPath(body, "expires_in", "");
    // Some write the number as a text.
    const seconds = Number(life ?? usualLifeSeconds);
    const lifeMs = (Number.isFinite(seconds) && seconds > 0 ? seconds : usualLifeSeconds) * 1_000;
    this.#token = token;
    this.#renewAtMs = clock.monotonic() + lifeMs * shareOfLife;
    return { kind: "token", token };
  }
}

function tokenRequest(auth: OAuth2, account: AccessTokensOptions["account"]): BuiltRequest {
  const values: Values = Object.fromEntries(
    Object.entries(account).map(([name, value]) => [`account.${name}`, value]),
  );
  const fill = (template: string) => String(compileTemplate(template).fill(values));
  const fields = (templates: Readonly<Record<string, string>>) =>
    Object.entries(templates).map(([name, template]) => [name, fill(template)] as const);
  const [id, secret] = [fill(auth.clientId), fill(auth.clientSecret)];
  const query = encodeForm(fields(auth.query));
  return {
    method: "POST",
    path: query === "" ? "" : `?${query}`,
    headers: {
      accept: "application/json",
      "content-type": "application/x-www-form-urlencoded",
      // RFC 6749 §2.3.1 has both encoded as in a form.
      ...(auth.credentials === "basic" && {
        authorization: basicOf(encodeURIComponent(id), encodeURIComponent(secret)),
      }),
    },
    body: encodeForm([
      ...fields(auth.form),
      ...(auth.credentials === "body"
        ? ([
            ["client_id", id],
            ["client_secret", secret],
          ] as const)
        : []),
    ]),
  };
}
