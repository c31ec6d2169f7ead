/** `sms-relay check`: looks at everything that the configuration names, one line a finding. */
import { type Command, Option } from "commander";
import type { Finding } from "../../compose/checks/finding.ts";
import { loadConfig } from "../../config/load.ts";
import { type CliContext, CliFailure, exitCodes } from "../context.ts";
import { jsonLine } from "../output/output.ts";
import { checkReady } from "./check-ready.ts";

interface CheckOptions {
  readonly config?: string;
  readonly bind?: boolean;
  readonly json?: boolean;
  readonly ready?: boolean;
}

const notes = `
Examples:
  sms-relay check
  sms-relay check --no-bind --config /etc/sms-relay.yaml
  sms-relay check --ready

Looks at the configuration, certificates, ports, store or database, keys, and each gateway, where it binds with the
configured credentials and unbinds again. While a service is seen to run, gateways are connected to and not bound, since
a provider may count sessions. \`sms-relay config check\` reads the configuration alone. Exit code 1 where anything fails.

With --ready nothing else is looked at than whether the service of this configuration takes work, at its HTTP port: exit
code 0 where it does, else 1 with the reasons. It is what a container's health check runs.`;

/** Adds the command. */
export function defineCheck(program: Command, context: CliContext): void {
  program
    .command("check")
    .description("Checks the configuration and everything that it names, without starting the service.")
    .option("--config <file>", "the configuration (default: SMS_RELAY_CONFIG, ./sms-relay.yaml)")
    .option("--bind", "bind at gateways also while a service is seen to run")
    .option("--no-bind", "connect to gateways, do not bind")
    .addOption(
      new Option("--ready", "only ask the running service whether it takes work").conflicts(["bind"]),
    )
    .option("--json", "print JSON, one line a finding")
    .addHelpText("after", notes)
    .action((options: CheckOptions) => check(options, context));
}

async function check(options: CheckOptions, context: CliContext): Promise<void> {
  const { environment, workingDirectory, clock } = context;
  const { config, file } = loadConfig({ file: options.config, environment, workingDirectory });
  if (options.ready === true) return checkReady(config, context, options.json === true);
  const { checkSurroundings } = await import("../../compose/checks/check-surroundings.ts");
  let count = 0;
  let failed = 0;
  const tell = (finding: Finding) => {
    count += 1;
    if (finding.level === "fail") failed += 1;
    context.out(options.json === true ? jsonLine(finding) : lineOf(finding));
  };
  tell({ subject: "configuration", level: "ok", text: `${file ?? "defaults, no file"}: no faults` });
  for await (const finding of checkSurroundings(config, { isBinding: options.bind, clock })) tell(finding);
  if (failed > 0) throw new CliFailure(exitCodes.failed, `${failed} of ${count} findings fail.`);
}

function lineOf({ level, subject, text }: Finding): string {
  return `${level.padEnd(4)}  ${subject}: ${text}`;
}
