/** The command line: finds the command, runs it, and turns its end into an exit code. */
import { Command, CommanderError } from "commander";
import { visibleText } from "../observability/visible-text.ts";
import { commands } from "./commands.ts";
import { type CliContext, type ExitCode, exitCodes } from "./context.ts";
import { visibleContext } from "./output.ts";
import { OutputClosed } from "./output-fault.ts";

const footer = `
Exit codes: 0 done; 1 refused or failed; 2 wrong usage; 3 the service cannot be reached.
Commands that call the service find its address and key by options, by SMS_RELAY_ADDRESS and SMS_RELAY_KEY, or from the
configuration and the key files of the folder they run in.`;

/** Runs the command line and answers the exit code. `argv` is without the program's own name. */
export async function runCli(
  argv: readonly string[],
  outside: CliContext,
  version: string,
): Promise<ExitCode> {
  // The log of a service has its own form, and colours (observability/logger.ts).
  const context = isService(argv) ? outside : visibleContext(outside);
  const program = new Command("sms-relay")
    .description("A durable gRPC service that sends SMS through prioritised gateways.")
    .version(version, "-V, --version", "print the version")
    .helpCommand(false)
    .showSuggestionAfterError()
    .addHelpText("after", footer)
    .configureOutput({
      writeOut: (text) => context.out(text.replace(/\n$/, "")),
      writeErr: (text) => context.err(text.replace(/\n$/, "")),
    })
    .exitOverride();
  const wanted = argv[0] === "help" ? argv[1] : argv[0];
  const rest = argv[0] === "help" ? [...argv.slice(1), "--help"] : argv;
  for (const entry of commands) {
    if (entry.name === wanted) (await entry.load())(program, context);
    else program.command(entry.name).description(entry.summary);
  }
  for (const command of allCommands(program)) {
    command.copyInheritedSettings(program).showHelpAfterError("Add --help for usage and examples.");
    command.version(version, "-V, --version", "print the version");
  }
  try {
    await program.parseAsync(rest.length === 0 ? ["--help"] : [...rest], { from: "user" });
    if (wanted !== "serve") await context.written();
    return exitCodes.ok;
  } catch (thrown) {
    // What a broken output makes of a command is no fault of its own.
    const error = await context.written().then(
      () => thrown,
      (outputFault: unknown) => (wanted === "serve" ? thrown : outputFault),
    );
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage;
    if (error instanceof OutputClosed) return error.exitCode;
    const { describeFailure } = await import("./describe-failure.ts");
    const failure = describeFailure(error, argv);
    if (failure.sentences.length === 0) return failure.exitCode;
    if (argv.includes("--json")) context.err(JSON.stringify(failure.json));
    else outside.err(visibleText(`sms-relay: ${failure.sentences.join("\n")}`));
    return failure.exitCode;
  }
}

const isService = (argv: readonly string[]) => argv[0] === "serve";

function allCommands(command: Command): readonly Command[] {
  return command.commands.flatMap((child) => [child, ...allCommands(child)]);
}
