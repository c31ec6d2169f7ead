/** Reads a profile out of its YAML text. */
import { parseDocument } from "yaml";
import { type ProviderProfile, profileSchema } from "./profile.ts";

export type ParsedProfile =
  | { readonly kind: "profile"; readonly profile: ProviderProfile }
  | { readonly kind: "faulty"; readonly faults: readonly ProfileFault[] };

export interface ProfileFault {
  /** `answer[2].when.path`; empty for the text as a whole. */
  readonly path: string;
  readonly rule: string;
}

export function parseProfile(text: string): ParsedProfile {
  const document = parseDocument(text, { prettyErrors: false });
  if (document.errors.length > 0) {
    return { kind: "faulty", faults: document.errors.map(({ message }) => ({ path: "", rule: message })) };
  }
  const result = profileSchema.safeParse(document.toJS());
  if (result.success) return { kind: "profile", profile: result.data };
  return {
    kind: "faulty",
    faults: result.error.issues.map(({ path, message }) => ({ path: pathOf(path), rule: message })),
  };
}

function pathOf(path: readonly PropertyKey[]): string {
  return path.reduce<string>(
    (text, step) =>
      typeof step === "number" ? `${text}[${step}]` : text === "" ? String(step) : `${text}.${String(step)}`,
    "",
  );
}
