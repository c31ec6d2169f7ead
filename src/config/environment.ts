/**
 * Settings from the environment: `SMS_RELAY_` and the path in capitals, for instance SMS_RELAY_LISTEN_GRPC_PORT for
 * `listen.grpc.port`. They win over the file. Lists (accounts, gateways) are in the file only.
 */
import { z } from "zod";
import { suggestName } from "./describe-issue.ts";

export type Environment = Readonly<Record<string, string | undefined>>;

/** Variables of ours that are not settings: what the command line reads for itself. */
export const clientVariables = [
  "SMS_RELAY_KEY",
  "SMS_RELAY_ADDRESS",
  "SMS_RELAY_CA",
  "SMS_RELAY_CERT",
  "SMS_RELAY_CERT_KEY",
  "SMS_RELAY_CONFIG",
] as const;

const prefix = "SMS_RELAY_";

/** `["listen", "grpc", "port"]` → `SMS_RELAY_LISTEN_GRPC_PORT`. */
export function variableName(path: readonly string[]): string {
  return prefix + path.map((step) => step.replace(/([A-Z])/g, "_$1").toUpperCase()).join("_");
}

/** The schema under wrappers such as defaults and refinements. */
function unwrap(schema: z.core.$ZodType): z.core.$ZodType {
  let inner = schema;
  while (inner instanceof z.ZodDefault || inner instanceof z.ZodPrefault || inner instanceof z.ZodOptional) {
    inner = inner.unwrap();
  }
  return inner;
}

/** Paths of all settings that are neither groups nor lists. */
export function settingPaths(
  schema: z.core.$ZodType,
  at: readonly string[] = [],
): readonly (readonly string[])[] {
  const inner = unwrap(schema);
  if (inner instanceof z.ZodArray) return [];
  if (!(inner instanceof z.ZodObject)) return [at];
  return Object.entries(inner.shape).flatMap(([name, child]) =>
    settingPaths(child as z.core.$ZodType, [...at, name]),
  );
}

/** Names of the settings in the group at `path`, for suggestions. */
export function namesAt(schema: z.core.$ZodType, path: readonly PropertyKey[]): readonly string[] {
  let inner = unwrap(schema);
  for (const [index, step] of path.entries()) {
    if (inner instanceof z.ZodArray) inner = unwrap(inner.element as z.core.$ZodType);
    else if (inner instanceof z.ZodObject) inner = unwrap(inner.shape[String(step)] as z.core.$ZodType);
    else if (inner instanceof z.ZodDiscriminatedUnion) {
      const among = inner.options.flatMap((option) => namesAt(option as z.core.$ZodType, path.slice(index)));
      return [...new Set(among)];
    } else return [];
  }
  if (inner instanceof z.ZodDiscriminatedUnion) {
    return [...new Set(inner.options.flatMap((option) => namesAt(option as z.core.$ZodType, [])))];
  }
  return inner instanceof z.ZodObject ? Object.keys(inner.shape) : [];
}

export interface EnvironmentSettings {
  /** What to set, and the variable that says so. */
  readonly settings: readonly {
    readonly path: readonly string[];
    readonly variable: string;
    readonly value: unknown;
  }[];
  /** Variables that begin like ours and name nothing, or hold nothing. */
  readonly faults: readonly { readonly variable: string; readonly rule: string }[];
}

/** What is wrong with a variable that is set and empty: mostly it was meant to be filled from another one, which was not set. */
export const emptyVariable = "is set and empty; give it a value, or unset it";

/** `true`, `false` and numbers as what they are; everything else as text. */
function scalarOf(value: string): unknown {
  if (value === "true" || value === "false") return value === "true";
  return /^(0|[1-9][0-9]{0,14})$/.test(value) ? Number(value) : value;
}

/** The settings in `environment`. */
export function settingsOf(environment: Environment, schema: z.core.$ZodType): EnvironmentSettings {
  const paths = new Map(settingPaths(schema).map((path) => [variableName(path), path]));
  const ours = Object.entries(environment).flatMap(([variable, value]) =>
    variable.startsWith(prefix) && value !== undefined ? [{ variable, value }] : [],
  );
  const isClientVariable = (variable: string) => clientVariables.some((name) => name === variable);
  const isKnown = (variable: string) => paths.has(variable) || isClientVariable(variable);
  return {
    settings: ours.flatMap(({ variable, value }) => {
      const path = paths.get(variable);
      return path === undefined || value === "" ? [] : [{ path, variable, value: scalarOf(value) }];
    }),
    faults: ours.flatMap(({ variable, value }) => {
      if (value === "" && paths.has(variable)) return [{ variable, rule: emptyVariable }];
      if (isKnown(variable)) return [];
      const meant = suggestName(variable, [...paths.keys(), ...clientVariables]);
      return [{ variable, rule: `names no setting${meant === undefined ? "" : `; did you mean ${meant}?`}` }];
    }),
  };
}
