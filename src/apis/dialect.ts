/**
 * What the simulator knows of one provider: its requests, answers and callbacks, written from the provider's own documents. The profiles that
 * the service uses are not looked at here: they would be tested against their own faults.
 */

export interface ApiRequest {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  /** Header names are in small letters. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

export interface ApiAnswer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Written as JSON; absent, nothing is. */
  readonly json?: unknown;
}

/** A message to one number that the provider took. */
export interface TakenMessage {
  readonly id: string;
  readonly to: string;
  readonly from: string;
  readonly text: string;
  readonly reference: string | undefined;
  /** Where its receipts go; undefined where none are asked for. */
  readonly callbackUrl: string | undefined;
}

export type Heard =
  | { readonly kind: "taken"; readonly messages: readonly TakenMessage[]; readonly answer: ApiAnswer }
  | { readonly kind: "refused"; readonly answer: ApiAnswer }
  /** It hands out tokens; the simulator makes the token. */
  | { readonly kind: "token"; readonly answer: (token: string) => ApiAnswer };

export interface DialectTools {
  /** The next number, from 1. */
  readonly nextId: () => number;
  readonly nowMs: () => number;
  /** Whether this is a token that was handed out and still counts. */
  readonly isToken: (token: string) => boolean;
  readonly credentials: ApiCredentials;
}

/** What a caller has to show; its meaning is the dialect's. */
export interface ApiCredentials {
  readonly user: string;
  readonly secret: string;
}

export type Outcome = "delivered" | "undeliverable" | "expired" | "rejected";

export interface Callback {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface Dialect {
  hear(request: ApiRequest, tools: DialectTools): Heard;
  /** One callback for these messages, which go to one URL; undefined where the provider sends none. */
  readonly callbackFor?: (
    messages: readonly TakenMessage[],
    outcome: Outcome,
    tools: DialectTools,
  ) => Callback;
}

export const refuse = (status: number, json?: unknown): Heard => ({
  kind: "refused",
  answer: { status, ...(json !== undefined && { json }) },
});

/** The body as an object; undefined where it is none. */
export function objectIn({ body, headers }: ApiRequest): Readonly<Record<string, unknown>> | undefined {
  const type = headers["content-type"];
  if (typeof type !== "string" || !type.startsWith("application/json")) return undefined;
  try {
    const value: unknown = JSON.parse(body);
    return typeof value === "object" && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}

/** The token of `Authorization: Bearer`. */
export function bearerOf({ headers }: ApiRequest): string {
  return /^Bearer (.+)$/.exec(String(headers["authorization"] ?? ""))?.[1] ?? "";
}

export const textOf = (value: unknown): string | undefined => (typeof value === "string" ? value : undefined);

export const textsOf = (value: unknown): readonly string[] | undefined =>
  Array.isArray(value) && value.length > 0 && value.every((one) => typeof one === "string")
    ? value
    : undefined;

/** The first name that is not among the known ones: simulators are stricter than providers, so that misspelt fields are found. */
export const strangerIn = (body: object, known: readonly string[]): string | undefined =>
  Object.keys(body).find((name) => !known.includes(name));

const refusedNumber = /99011$/;
/** Numbers that a provider refuses as such, as the SMSC simulator does. */
export const isRefused = (number: string): boolean => refusedNumber.test(number);
