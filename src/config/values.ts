/** Numbers, and durations and sizes as people write them: `30s`, `24h`, `512MiB`. Parsed, those are milliseconds and octets. */
import { z } from "zod";

/** A whole number within bounds. */
export const whole = (from: number, to: number) => z.int().min(from).max(to);

export const octet = whole(0, 255);

const millisecondsByUnit = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
const octetsByUnit = { B: 1, KB: 1e3, MB: 1e6, GB: 1e9, KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3 } as const;

const durationForm = /^([0-9]{1,9}(?:\.[0-9]{1,3})?)(ms|s|m|h|d)$/;
const sizeForm = /^([0-9]{1,9}(?:\.[0-9]{1,3})?) ?(B|KB|MB|GB|KiB|MiB|GiB)$/;

/** Milliseconds in `value`, or undefined where it is not a duration; a bare 0 needs no unit. */
export function parseDuration(value: string): number | undefined {
  if (value === "0") return 0;
  const [, amount, unit] = durationForm.exec(value) ?? [];
  if (amount === undefined || unit === undefined) return undefined;
  return Math.round(Number(amount) * millisecondsByUnit[unit as keyof typeof millisecondsByUnit]);
}

/** Octets in `value`, or undefined where it is not a size; a bare 0 needs no unit. */
export function parseSize(value: string): number | undefined {
  if (value === "0") return 0;
  const [, amount, unit] = sizeForm.exec(value) ?? [];
  if (amount === undefined || unit === undefined) return undefined;
  return Math.round(Number(amount) * octetsByUnit[unit as keyof typeof octetsByUnit]);
}

function quantity(
  what: string,
  examples: string,
  parse: (value: string) => number | undefined,
  from: string,
  to: string,
) {
  const least = parse(from) ?? 0;
  const most = parse(to) ?? Number.MAX_SAFE_INTEGER;
  const needsText = ({ input }: { readonly input?: unknown }) =>
    typeof input === "number"
      ? `must have a unit: a ${what} such as ${examples}`
      : `must be a ${what} such as ${examples}`;
  return z.union([z.string(), z.literal(0)], { error: needsText }).transform((value, context) => {
    const parsed = parse(String(value));
    if (parsed === undefined) {
      context.addIssue({ code: "custom", message: `must be a ${what} such as ${examples}` });
      return z.NEVER;
    }
    if (parsed < least || parsed > most) {
      context.addIssue({ code: "custom", message: `must lie between ${from} and ${to}` });
      return z.NEVER;
    }
    return parsed;
  });
}

/** A duration within bounds; milliseconds once parsed. */
export const duration = (from: string, to: string) =>
  quantity("duration", "30s, 10m or 24h", parseDuration, from, to);

/** A size within bounds; octets once parsed. */
export const size = (from: string, to: string) => quantity("size", "512KiB or 4MiB", parseSize, from, to);
