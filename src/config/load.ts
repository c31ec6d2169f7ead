/** Reads the configuration: the only place that reads its file, the files it refers to, and the environment. */
import { isUtf8 } from "node:buffer";
import { lstatSync, readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { type Document, LineCounter, parseDocument } from "yaml";
import type { z } from "zod";
import { codeOf } from "./code-of.ts";
import { ConfigError, type ConfigProblem } from "./config-error.ts";
import { describeIssue, pathText } from "./describe-issue.ts";
import { type Environment, emptyVariable, namesAt, settingsOf } from "./environment.ts";
import { locate } from "./locate.ts";
import type { ReferenceReader } from "./references.ts";
import { type Config, clientSchema, configSchema } from "./schema.ts";

/** What is looked for where no file is named. */
export const defaultConfigFile = "sms-relay.yaml";

export interface LoadOptions {
  /** The file to read; undefined takes ./sms-relay.yaml where it exists, and defaults where not. */
  readonly file: string | undefined;
  readonly environment: Environment;
  readonly workingDirectory: string;
  /** Refuses a file that holds no settings: one that is being written, or was lost. Default false. */
  readonly refuseEmpty?: boolean;
}

export interface LoadedConfig {
  readonly config: Config;
  /** The file that was read; undefined where there are only defaults and the environment. */
  readonly file: string | undefined;
}

/** The environment of this process. */
export function processEnvironment(): Environment {
  return process.env;
}

/** Reads and checks the configuration. Throws a ConfigError that lists every fault with its place. */
export function loadConfig(options: LoadOptions): LoadedConfig {
  const { settings, folder, file } = readConfig(options, configSchema);
  const path = resolve(folder, settings.store.path);
  return { config: { ...settings, store: { ...settings.store, path } }, file };
}

/** What a client needs of the configuration. Paths are whole. */
export interface ClientConfig {
  readonly host: string;
  /** 0 where the service takes any. */
  readonly port: number;
  readonly tls: { readonly certFile: string; readonly wantsClientCertificate: boolean } | undefined;
  readonly storePath: string;
  /** Whether the store is a database, where others may have made the keys. */
  readonly isReplica: boolean;
}

/** Reads what a client needs; only faults in that are reported, and no secret is resolved. Throws a ConfigError as `loadConfig` does. */
export function loadClientConfig(options: Omit<LoadOptions, "refuseEmpty">): ClientConfig {
  const { settings, folder } = readConfig(options, (reader) =>
    clientSchema(Object.keys(configSchema(reader).shape)),
  );
  const { host, port, tls } = settings.listen.grpc;
  return {
    host,
    port,
    tls: tls && {
      certFile: resolve(folder, tls.cert),
      wantsClientCertificate: tls.clientCa !== undefined && tls.clientCertificate !== "optional",
    },
    storePath: resolve(folder, settings.store.path),
    isReplica: settings.store.url !== undefined,
  };
}

function readConfig<Schema extends z.ZodType>(
  options: LoadOptions,
  schemaOf: (reader: ReferenceReader) => Schema,
): { readonly settings: z.output<Schema>; readonly folder: string; readonly file: string | undefined } {
  const { environment, workingDirectory } = options;
  const file = fileToRead(options);
  const folder = file === undefined ? workingDirectory : dirname(file);
  const lines = new LineCounter();
  const document = file === undefined ? undefined : parseFile(file, lines);
  if (options.refuseEmpty === true && file !== undefined && document?.contents === null) {
    throw new ConfigError([{ where: file, path: "", rule: "is empty; `gateways: []` would remove all" }]);
  }
  const reader = referenceReader(environment, folder);
  const schema = schemaOf(reader);
  const { settings, faults } = settingsOf(environment, configSchema(reader));

  const raw = withStoreGroup(rootOf(document, file));
  for (const { path, value } of settings) setAt(raw, path, value);
  const variables = new Map(settings.map(({ path, variable }) => [pathText(path), variable]));
  const whereOf = (path: readonly PropertyKey[], atName: boolean): string => {
    const variable = variables.get(pathText(path));
    if (variable !== undefined) return variable;
    if (file === undefined || document === undefined) return "defaults";
    const { line, column } = locate(document, lines, path, atName);
    return `${file}:${line}:${column}`;
  };

  const result = schema.safeParse(raw, { reportInput: true });
  const problems: ConfigProblem[] = [
    ...faults.map(({ variable, rule }) => ({ where: variable, path: "", rule })),
    ...(result.error?.issues ?? [])
      .flatMap((issue) => describeIssue(issue, (path) => namesAt(schema, path)))
      .map(({ path, rule, unknownKey }) => ({
        where: whereOf(path, unknownKey !== undefined),
        path: pathText(path),
        rule,
      })),
  ];
  if (problems.length > 0 || !result.success) throw new ConfigError(problems.toSorted(byWhere));
  return { settings: result.data, folder, file };
}

/** In the order of the file's lines, after what is in no file. */
function byWhere(left: ConfigProblem, right: ConfigProblem): number {
  const [[leftLine, leftColumn], [rightLine, rightColumn]] = [positionOf(left), positionOf(right)];
  return leftLine - rightLine || leftColumn - rightColumn;
}

function positionOf({ where }: ConfigProblem): readonly [line: number, column: number] {
  const [, line = 0, column = 0] = /:(\d+):(\d+)$/.exec(where) ?? [];
  return [Number(line), Number(column)];
}

function fileToRead(options: LoadOptions): string | undefined {
  const variable = "SMS_RELAY_CONFIG";
  const named = options.file ?? options.environment[variable];
  if (named === "") throw new ConfigError([{ where: variable, path: "", rule: emptyVariable }]);
  if (named !== undefined) return resolve(options.workingDirectory, named);
  const usual = resolve(options.workingDirectory, defaultConfigFile);
  return isThere(usual) ? usual : undefined;
}

/** True too for what cannot be looked at, or leads nowhere: that is reported where it is read, and never taken for absent. */
function isThere(path: string): boolean {
  try {
    return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
  } catch {
    return true;
  }
}

function parseFile(file: string, lines: LineCounter): Document {
  let text: string;
  try {
    text = textOf(readFileSync(file), file);
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    throw new ConfigError([{ where: file, path: "", rule: `cannot be read (${codeOf(error)})` }]);
  }
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  if (document.errors.length === 0) return document;
  throw new ConfigError(
    document.errors.map((error) => {
      const { line, col } = lines.linePos(error.pos[0]);
      const where = `${file}:${line}:${col}`;
      return error.code === "DUPLICATE_KEY"
        ? { where, path: keyAt(text, error.pos[0]), rule: "stands twice in its group" }
        : error.code === "MULTIPLE_DOCS"
          ? { where, path: "", rule: "begins a second document (---); one file holds one configuration" }
          : { where, path: "", rule: `is not YAML: ${error.message}` };
    }),
  );
}

/** What editors of other systems save as «Unicode» is YAML too, but hardly ever meant (YAML 1.2 §5.2); other octets are not text at all. */
function textOf(octets: Buffer, file: string): string {
  const isUtf16 =
    octets
      .subarray(0, 2)
      .toString("hex")
      .match(/^(fffe|feff)$/) !== null || octets.includes(0);
  if (!isUtf16 && isUtf8(octets)) return octets.toString("utf8");
  throw new ConfigError([
    { where: file, path: "", rule: `is not UTF-8${isUtf16 ? " but UTF-16" : ""}; save it as UTF-8` },
  ]);
}

/** The name that begins at this offset, as it is written. */
function keyAt(text: string, offset: number): string {
  return /^[^\s:]+/.exec(text.slice(offset))?.[0] ?? "a name";
}

/** The settings as plain data; an empty file is a file without settings. */
function rootOf(document: Document | undefined, file: string | undefined): Record<string, unknown> {
  let content: unknown;
  try {
    content = document?.toJS() ?? {};
  } catch (error) {
    // Aliases are followed only now: one to nothing, or so many that they would fill the memory.
    const rule = `cannot be read: ${error instanceof Error ? error.message : String(error)}`;
    throw new ConfigError([{ where: `${file}:1:1`, path: "", rule }]);
  }
  if (typeof content === "object" && content !== null && !Array.isArray(content)) {
    return content as Record<string, unknown>;
  }
  throw new ConfigError([{ where: `${file}:1:1`, path: "", rule: "must hold settings such as `listen:`" }]);
}

/** `store: postgres://…`, or a list of such URLs, is short for `store.url`. */
function withStoreGroup(raw: Record<string, unknown>): Record<string, unknown> {
  const { store } = raw;
  return typeof store === "string" || Array.isArray(store) ? { ...raw, store: { url: store } } : raw;
}

function setAt(root: Record<string, unknown>, path: readonly string[], value: unknown): void {
  let group = root;
  for (const step of path.slice(0, -1)) {
    const next = group[step];
    const child = typeof next === "object" && next !== null ? (next as Record<string, unknown>) : {};
    group[step] = child;
    group = child;
  }
  const last = path.at(-1);
  if (last !== undefined) group[last] = value;
}

function referenceReader(environment: Environment, folder: string): ReferenceReader {
  return {
    readVariable(name) {
      const value = environment[name];
      if (value === undefined || value === "")
        throw new Error(`refers to the variable ${name}, which is not set`);
      return value;
    },
    readFile(path) {
      try {
        return readFileSync(resolve(folder, path), "utf8");
      } catch (error) {
        throw new Error(`refers to ${path}, which cannot be read (${codeOf(error)})`, { cause: error });
      }
    },
  };
}
