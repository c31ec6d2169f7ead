/** What a provider calls back with, as a profile says it: where its words stand, and what they mean. */
import { z } from "zod";
import { parseJson } from "./parse-json.ts";
import { parsePath, readPath } from "./value-path.ts";

const path = z
  .string()
  .max(200)
  .refine((value) => parsePath(value) !== undefined, "must be a path such as a.b[0]");

export const receiptVerdicts = ["DELIVERED", "EXPIRED", "UNDELIVERABLE", "REJECTED"] as const;

/** A callback comes to an address of its own for each message, which `${callbackUrl}` gave in the request. */
export const receiptRules = z.strictObject({
  format: z.enum(["json", "form", "query"]),
  /** The provider's id; without one the address alone says which message it is. */
  id: path.optional(),
  recipient: path.optional(),
  status: path,
  code: path.optional(),
  /** ISO 8601. */
  doneTime: path.optional(),
  /** What is in none of them is recorded and changes nothing. */
  verdicts: z.partialRecord(z.enum(receiptVerdicts), z.array(z.union([z.string(), z.number()])).min(1)),
  answer: z.record(z.string(), z.union([z.string(), z.number()])).optional(),
});

export type ReceiptRules = z.output<typeof receiptRules>;

export interface ReadReceipt {
  readonly id: string | undefined;
  readonly recipient: string | undefined;
  readonly verdict: (typeof receiptVerdicts)[number] | "RECORDED";
  readonly stat: string;
  readonly err: string | undefined;
  readonly doneTimeMs: number | undefined;
}

export interface CallbackContent {
  readonly query: string;
  /** content-type, as sent. */
  readonly type: string | undefined;
  readonly body: Uint8Array;
}

/** Longer words are cut: they are shown, never compared. */
const maxShown = 64;
const maxIdLength = 255;

/** Undefined where it does not say what became of the message. */
export function readReceipt(content: CallbackContent, rules: ReceiptRules): ReadReceipt | undefined {
  const root = rootOf(content, rules.format);
  const read = (at: string | undefined) => (at === undefined ? undefined : readPath(root, at, "")[0]);
  const stat = read(rules.status);
  if (stat === undefined || stat === "") return undefined;
  const id = read(rules.id);
  const verdict = receiptVerdicts.find((one) => rules.verdicts[one]?.some((word) => String(word) === stat));
  const doneTimeMs = Date.parse(read(rules.doneTime) ?? "");
  return {
    id: id === undefined || id === "" || id.length > maxIdLength ? undefined : id,
    recipient: read(rules.recipient) || undefined,
    verdict: verdict ?? "RECORDED",
    stat: stat.slice(0, maxShown),
    err: read(rules.code)?.slice(0, maxShown),
    doneTimeMs: Number.isNaN(doneTimeMs) ? undefined : doneTimeMs,
  };
}

function rootOf({ query, type, body }: CallbackContent, format: ReceiptRules["format"]): unknown {
  switch (format) {
    case "query":
      return Object.fromEntries(new URLSearchParams(query));
    case "form":
      return Object.fromEntries(new URLSearchParams(decode(body, type)));
    case "json":
      return parseJson(decode(body, type));
  }
}

/** By the charset of its header, else by its byte order mark, else UTF-8 (P7). */
function decode(body: Uint8Array, type: string | undefined): string {
  const named = /;\s*charset="?([A-Za-z0-9._-]{1,40})"?/i.exec(type ?? "")?.[1];
  const marked =
    body[0] === 0xff && body[1] === 0xfe
      ? "utf-16le"
      : body[0] === 0xfe && body[1] === 0xff
        ? "utf-16be"
        : "utf-8";
  try {
    return new TextDecoder(named ?? marked).decode(body);
  } catch {
    return new TextDecoder(marked).decode(body);
  }
}
