/** What a provider's answer means: by the profile's rules, first match wins, else by the HTTP status. */
import { assertNever } from "../domain/assert-never.ts";
import { parseJson } from "./parse-json.ts";
import type { AnswerClass, AnswerRule } from "./profile.ts";
import { readPath } from "./value-path.ts";

export interface ProviderAnswer {
  readonly status: number;
  /** Undefined where it could not be read whole. */
  readonly body: string | undefined;
  /** Has a Retry-After. */
  readonly saysWhen: boolean;
}

export type Verdict =
  | { readonly kind: "accepted"; readonly id: string | undefined }
  | {
      readonly kind: "refused";
      readonly class: Exclude<AnswerClass, "accepted" | "ambiguous">;
      readonly code: string | undefined;
      readonly blamesGateway: boolean;
    }
  /** It may have been accepted, or not. */
  | { readonly kind: "ambiguous" };

const ambiguous: Verdict = { kind: "ambiguous" };
const maxIdLength = 255;

/** `recipient` is that of the message, for paths that name it. */
export function judgeAnswer(
  answer: ProviderAnswer,
  rules: readonly AnswerRule[],
  recipient: string,
): Verdict {
  const { status } = answer;
  const body = answer.body === undefined ? undefined : parseJson(answer.body);
  const found = rules.find((one) => matches(one, status, body, recipient));
  if (found === undefined) return judgeStatus(answer);
  switch (found.class) {
    case "accepted": {
      // A page of some proxy that says 200 is no acceptance either.
      if (body === undefined && answer.body !== "") return ambiguous;
      if (found.id === undefined) return { kind: "accepted", id: undefined };
      const [id, ...others] = readPath(body, found.id, recipient);
      // An acceptance whose id cannot be read is none that anybody could match a receipt to, nor a refusal.
      if (id === undefined || id === "" || id.length > maxIdLength || others.length > 0) return ambiguous;
      return { kind: "accepted", id };
    }
    case "ambiguous":
      return ambiguous;
    default: {
      const code = found.code === undefined ? undefined : codeOf(readPath(body, found.code, recipient)[0]);
      return { kind: "refused", class: found.class, code, blamesGateway: found.blamesGateway };
    }
  }
}

/** Codes are shown and logged: what does not look like one may hold a number or a text. */
function codeOf(code: string | undefined): string | undefined {
  return code !== undefined && /^[A-Za-z0-9_.-]{1,64}$/.test(code) && !/[0-9]{7}/.test(code)
    ? code
    : undefined;
}

function matches({ when }: AnswerRule, status: number, body: unknown, recipient: string): boolean {
  const isStatus = when.status?.some((one) =>
    typeof one === "number" ? one === status : one.charAt(0) === String(status).charAt(0),
  );
  if (isStatus === false) return false;
  // Of what else comes from the way there (a proxy's 408 or 504 has a body of its own) a rule speaks only where it names the status.
  if (isStatus === undefined && (status < 200 || status > 299)) return false;
  if (when.path === undefined) return true;
  const values = readPath(body, when.path, recipient);
  if (when.exists !== undefined) return when.exists === values.length > 0;
  const { prefix } = when;
  if (prefix !== undefined) return values.some((value) => value.startsWith(prefix));
  return values.some((value) => when.in?.some((one) => String(one) === value) === true);
}

function judgeStatus({ status, saysWhen }: ProviderAnswer): Verdict {
  const refused = (refusal: Exclude<AnswerClass, "accepted" | "ambiguous">): Verdict => ({
    kind: "refused",
    class: refusal,
    code: undefined,
    blamesGateway: false,
  });
  switch (status) {
    case 401:
      return refused("credentials");
    case 402:
    case 404:
    case 405:
    case 415:
      return refused("account");
    case 408:
    case 302:
    case 303:
      return ambiguous;
    case 429:
      return refused("throttled");
    case 503:
      // A proxy answers it also where the server behind it has read the request and gone.
      return saysWhen ? refused("temporary") : ambiguous;
    default:
      return status >= 300 && status < 500 ? refused("route") : ambiguous;
  }
}

/** The port's word for a refusal. */
export function refusalOf(
  one: Exclude<AnswerClass, "accepted" | "ambiguous">,
): "recipient" | "route" | "account" | "temporary" | "throttled" {
  switch (one) {
    case "credentials":
      return "account";
    case "recipient":
    case "route":
    case "account":
    case "temporary":
    case "throttled":
      return one;
    default:
      return assertNever(one);
  }
}
