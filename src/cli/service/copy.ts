/** `sms-relay copy`: moves the store of a stopped service from a SQLite file into PostgreSQL. */
import { existsSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import type { Command } from "commander";
import { ConfigError } from "../../config/config-error.ts";
import { variableName } from "../../config/environment.ts";
import { loadConfig } from "../../config/load.ts";
import { storeName } from "../../config/store-name.ts";
import { type CliContext, CliFailure, exitCodes, usageFault } from "../context.ts";
import { countOf, jsonLine } from "../output/output.ts";
import { createProgress, type Progress } from "../output/progress.ts";

interface CopyOptions {
  readonly from?: string;
  readonly to?: string;
  readonly config?: string;
  readonly again?: boolean;
  readonly json?: boolean;
}

const notes = `
Examples:
  sms-relay copy --from sms-relay-data/sms-relay.db --to env:DATABASE_URL
  sms-relay copy --config sms-relay.yaml

Stop the service first. The database must hold no store yet; one that is made by a copy keeps the file's messages, report
numbers, cursors, subscriptions, keys and request ids. A copy that is cut off goes on when the command is repeated, and
no service starts on it before it is whole. Afterwards set \`store\` to the database and start the service there; the file
stays as it was, and must not be used again. docs/operations.md has the whole procedure.`;

/** Adds the command. */
export function defineCopy(program: Command, context: CliContext): void {
  program
    .command("copy")
    .description("Moves the store of a stopped service from a SQLite file into PostgreSQL.")
    .option("--from <file>", "the SQLite file (default: store.path of the configuration)")
    .option("--to <url>", "postgres://…, or env:NAME or file:PATH that holds it (default: store.url)")
    .option("--config <file>", "the configuration (default: SMS_RELAY_CONFIG, ./sms-relay.yaml)")
    .option("--again", "also a file that was copied before, where that copy was given up")
    .option("--json", "print JSON instead of text")
    .addHelpText("after", notes)
    .action((options: CopyOptions) => copy(options, context));
}

async function copy(options: CopyOptions, context: CliContext): Promise<void> {
  const { store, secrets } = loadWith(options, context);
  const { path, url } = store;
  if (url === undefined) throw usageFault("Say where to with --to, or with store.url in the configuration.");
  const [{ copyStore }, { requestSecretFile }] = await Promise.all([
    import("../../compose/stores/copy-store.ts"),
    import("../../compose/request-secrets.ts"),
  ]);
  let progress: Progress | undefined;
  const { kind, rows, isResumed } = await copyStore({
    path,
    urls: url,
    isAgain: options.again === true,
    signal: context.signal,
    onRows: (done, total) => {
      progress ??= createProgress(context, total);
      progress.show(done);
    },
    onTable: (table, count) => {
      const line = `${table}: ${countOf(count, "row")}`;
      if (progress === undefined) context.err(line);
      else progress.print(line);
    },
  });
  progress?.end();
  if (kind === "stopped") throw new CliFailure(exitCodes.failed, "Stopped; the same command goes on.");
  const to = storeName(store);
  const secret = join(dirname(path), requestSecretFile);
  if (secrets.requestHash === undefined && existsSync(secret)) {
    context.err(
      `Request ids of before are known to replicas that have ${secret} in the folder of their store.path, or its content under secrets.requestHash.`,
    );
  }
  if (options.json === true) context.out(jsonLine({ from: path, to, rows, isResumed }));
  else
    context.out(
      `${path} is copied into ${to}: ${countOf(rows, "row")}${isResumed ? " more" : ""}. Do not use the file again.`,
    );
}

/** The options stand in for the settings, and are checked and resolved like them. */
function loadWith({ from, to, config: file }: CopyOptions, { environment, workingDirectory }: CliContext) {
  const given = {
    ...(from === undefined ? {} : { [variableName(["store", "path"])]: resolve(workingDirectory, from) }),
    ...(to === undefined ? {} : { [variableName(["store", "url"])]: to }),
  };
  try {
    return loadConfig({ file, environment: { ...environment, ...given }, workingDirectory }).config;
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const options = new Map([
      [variableName(["store", "path"]), from === undefined ? undefined : "--from"],
      [variableName(["store", "url"]), to === undefined ? undefined : "--to"],
    ]);
    for (const { where, rule } of error.problems) {
      const option = options.get(where);
      if (option !== undefined) throw usageFault(`${option} ${rule}.`);
    }
    throw error;
  }
}
