/** `sms-relay migrate`: brings the configured store to this program's schema, and names the versions before and after. */
import type { Command } from "commander";
import type { StoreMigration } from "../../compose/stores/migrate-store.ts";
import { loadConfig } from "../../config/load.ts";
import { storeName } from "../../config/store-name.ts";
import type { CliContext } from "../context.ts";
import { countText, jsonLine } from "../output/output.ts";

interface MigrateOptions {
  readonly config?: string;
  readonly dryRun?: boolean;
  readonly json?: boolean;
}

const notes = `
Examples:
  sms-relay migrate --dry-run
  sms-relay migrate --config /etc/sms-relay.yaml

A service migrates by itself when it starts; this does it beforehand. On PostgreSQL it is safe beside replicas that run,
those of the release before too. A SQLite file must not be in use. There is no way back but a backup made before.
Exit codes: 0 the schema is (or with --dry-run: could be) as this program wants it; 1 it cannot be; 3 the database does
not answer.`;

/** Adds the command. */
export function defineMigrate(program: Command, context: CliContext): void {
  program
    .command("migrate")
    .description("Brings the configured store to this program's schema without starting the service.")
    .option("--config <file>", "the configuration (default: SMS_RELAY_CONFIG, ./sms-relay.yaml)")
    .option("--dry-run", "change nothing, tell what would be done")
    .option("--json", "print JSON instead of text")
    .addHelpText("after", notes)
    .action((options: MigrateOptions) => migrate(options, context));
}

async function migrate(options: MigrateOptions, context: CliContext): Promise<void> {
  const { environment, workingDirectory } = context;
  const { config } = loadConfig({ file: options.config, environment, workingDirectory });
  const isDryRun = options.dryRun === true;
  const { migrateStore } = await import("../../compose/stores/migrate-store.ts");
  const migration = await migrateStore(config, isDryRun);
  const { from, to, isInUse, rewrite } = migration;
  const store = storeName(config.store);
  const answer = {
    store,
    from: from ?? null,
    to,
    isDryRun,
    ...(isDryRun && { isInUse }),
    rewrittenBytes: rewrite?.needsOctets ?? 0,
  };
  if (options.json === true) context.out(jsonLine(answer));
  else context.out(`${store}: ${changeText(migration, isDryRun)}`);
}

function changeText(migration: StoreMigration, isDryRun: boolean): string {
  const { rewrite } = migration;
  if (rewrite === undefined) return schemaText(migration, isDryRun);
  const { needsOctets, hasRoom } = rewrite;
  const size = `${countText(Math.ceil(needsOctets / 1024 ** 2))} MiB`;
  const rewriting = isDryRun
    ? `It would be written anew, since its free space may hold texts that a former release erased: ${size} of disk meanwhile${hasRoom ? "" : ", which are not free"}, a second for 100 MiB or less.`
    : `It was written anew (${size}), since its free space could hold texts that a former release erased.`;
  return `${schemaText(migration, isDryRun)} ${rewriting}`;
}

function schemaText({ from, to, isInUse }: StoreMigration, isDryRun: boolean): string {
  const would = isDryRun ? "would be " : "";
  if (from === undefined) return `${would}made with schema ${to}.`;
  if (from === to) return `has schema ${to}; nothing to do.`;
  const once = isInUse ? ", once what has the file now has ended" : "";
  return `${would}brought from schema ${from} to ${to}${once}.`;
}
