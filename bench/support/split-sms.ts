/** The npm package split-sms, which comes without types. */
import { createRequire } from "node:module";

interface SplitResult {
  readonly characterSet: "GSM" | "Unicode";
  readonly parts: readonly { readonly content: string; readonly length: number; readonly bytes: number }[];
}

const library = createRequire(import.meta.url)("split-sms") as {
  readonly split: (text: string) => SplitResult;
};

/** Cuts a text into parts, choosing the character set by itself. */
export const split: (text: string) => SplitResult = library.split;
