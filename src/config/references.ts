/** The configuration gives secrets and certificates by reference: `env:NAME` or `file:PATH`. */
import { z } from "zod";

/** Reads what a reference names; only the loader knows how. Throws an error whose message tells what is missing. */
export interface ReferenceReader {
  /** The variable's value. */
  readVariable(name: string): string;
  /** The file's content; a relative path counts from the configuration's folder. */
  readFile(path: string): string;
}

/** Follows `env:` and `file:`; anything else is taken as it is. One newline at the end of a file is not part of the secret. */
function follow(value: string, reader: ReferenceReader): string {
  if (value.startsWith("env:")) return reader.readVariable(value.slice(4));
  if (value.startsWith("file:")) return reader.readFile(value.slice(5)).replace(/\r?\n$/, "");
  return value;
}

const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error));

/** A secret, given as it is or by reference. */
export const secret = (reader: ReferenceReader) =>
  z.string().transform((value, context) => {
    try {
      return follow(value, reader);
    } catch (error) {
      context.addIssue({ code: "custom", message: messageOf(error) });
      return z.NEVER;
    }
  });

/** The content of a PEM file, given by its path. */
export const pemFile = (reader: ReferenceReader) =>
  z
    .string()
    .min(1)
    .transform((path, context) => {
      try {
        const content = reader.readFile(path);
        if (content.includes("-----BEGIN ")) return content;
        context.addIssue({ code: "custom", message: "is not a PEM file" });
      } catch (error) {
        context.addIssue({ code: "custom", message: messageOf(error) });
      }
      return z.NEVER;
    });
