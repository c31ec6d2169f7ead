/** Ways in which a simulated provider misbehaves, as data. */

/** hang, reset: no answer, with the connection standing or cut; before or after the messages were taken. */
export const behaviourKinds = [
  "hang-before",
  "hang-after",
  "reset-before",
  "reset-after",
  "error-after",
  "unavailable",
  "throttle",
  "unauthorized",
  "no-credit",
  "html",
  "truncated",
  "oversize",
  "redirect",
  "slow",
  "tokens-expire",
  "no-receipt",
  "late-receipt",
  "early-receipt",
  "double-receipt",
  "stray-receipt",
  "forged-receipt",
] as const;

export type ApiBehaviourKind = (typeof behaviourKinds)[number];

export interface ApiBehaviour {
  readonly kind: ApiBehaviourKind;
  /** It acts so many times; without it always. */
  readonly times?: number;
  /** Only on messages to numbers that end so. */
  readonly suffix?: string;
  /** Of throttle and unavailable: Retry-After in seconds, as a number or as a date; without it none. */
  readonly retryAfterSeconds?: number;
  readonly asDate?: boolean;
  /** Of slow and late-receipt. */
  readonly delayMs?: number;
}

/** A behaviour out of JSON, or what is wrong with it. */
export function readBehaviour(value: unknown): ApiBehaviour | string {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return "must be an object";
  const given = value as Readonly<Record<string, unknown>>;
  const kind = behaviourKinds.find((known) => known === given["kind"]);
  if (kind === undefined) return `kind must be one of ${behaviourKinds.join(", ")}`;
  const types: Readonly<Record<string, string>> = {
    kind: "string",
    times: "number",
    suffix: "string",
    retryAfterSeconds: "number",
    asDate: "boolean",
    delayMs: "number",
  };
  for (const [name, one] of Object.entries(given)) {
    if (types[name] === undefined) return `${name} is not known`;
    if (typeof one !== types[name]) return `${name} must be a ${types[name]}`;
    if (typeof one === "number" && !(Number.isInteger(one) && one >= 0 && one <= 86_400_000))
      return `${name} must be a whole number`;
  }
  return given as unknown as ApiBehaviour;
}
