/** `sms-relay config`: checks a configuration without starting anything, and prints its schema. */

import { dirname, join, resolve } from "node:path";
import type { Command } from "commander";
import { z } from "zod";
import { hasOperator } from "../../config/account-scopes.ts";
import { settingPaths, variableName } from "../../config/environment.ts";
import { loadConfig } from "../../config/load.ts";
import { type Config, configSchema } from "../../config/schema.ts";
import { storeName } from "../../config/store-name.ts";
import type { CliContext } from "../context.ts";
import { countOf, jsonLine, tableText } from "../output/output.ts";

interface CheckOptions {
  readonly json?: boolean;
}

/** A schema that is only looked at follows no references. */
const unread = { readVariable: (name: string) => name, readFile: (path: string) => path };

/** Adds the commands. */
export function defineConfig(program: Command, context: CliContext): void {
  const config = program
    .command("config")
    .description("Checks a configuration, prints its schema and its variables.")
    .addHelpText(
      "after",
      "\nExamples:\n  sms-relay config check sms-relay.yaml\n  sms-relay config schema > sms-relay.schema.json",
    );
  config
    .command("check")
    .description(
      "Reads a configuration as the service would, and tells every fault with its place. `sms-relay check` also looks at what it names.",
    )
    .argument("[file]", "the file (default: SMS_RELAY_CONFIG, ./sms-relay.yaml)")
    .option("--json", "print JSON instead of text")
    .action((file: string | undefined, options: CheckOptions) => check(file, options, context));
  config
    .command("schema")
    .description("Prints the JSON schema, for editors.")
    .action(() => {
      const schema = z.toJSONSchema(configSchema(unread), { io: "input", unrepresentable: "any" });
      context.out(JSON.stringify(schema, null, 2));
    });
  config
    .command("variables")
    .description("Lists the variables that win over the file.")
    .action(() => {
      const rows = settingPaths(configSchema(unread)).map((path) => [variableName(path), path.join(".")]);
      context.out(tableText(["variable", "setting"], rows));
    });
}

function check(named: string | undefined, options: CheckOptions, context: CliContext): void {
  const { environment, workingDirectory } = context;
  const file = named === undefined ? undefined : resolve(workingDirectory, named);
  const loaded = loadConfig({ file, environment, workingDirectory });
  const { gateways, accounts, store, listen } = loaded.config;
  const warnings = warningsOf(loaded.config);
  if (options.json === true) {
    context.out(
      jsonLine({
        file: loaded.file,
        gateways: gateways.map(({ id }) => id),
        accounts: accounts.map(({ id }) => id),
        store: storeName(store),
        warnings,
      }),
    );
    return;
  }
  context.out(
    `${loaded.file ?? "No file"}: no faults. ${countOf(gateways.length, "gateway")}, ${countOf(accounts.length, "account")}, store ${storeName(store)}, ` +
      `gRPC ${listen.grpc.host}:${listen.grpc.port}, HTTP ${listen.http.host}:${listen.http.port}` +
      `${listen.api === undefined ? "" : `, API ${listen.api.host}:${listen.api.port}`}.`,
  );
  for (const warning of warnings) context.out(`Warning: ${warning}`);
}

/** What is not a fault but may surprise. */
function warningsOf(config: Config): readonly string[] {
  const { accounts, gateways, store } = config;
  const keyFile = join(dirname(store.path), "operator.key");
  const mayBeAlone = accounts.length > 0 && !hasOperator(config);
  return [
    ...(gateways.length === 0
      ? ["no gateway is configured: every message is refused with 4112 NO_ROUTE. Add one under gateways."]
      : []),
    ...(mayBeAlone
      ? [
          `no account has the scope ADMIN, which gateways, keys and backups need. Unless the store knows an operator's key, the next start makes one and writes it to ${keyFile}.`,
        ]
      : []),
  ];
}
