/** The command line: finds the command, runs it, and turns its end into an exit code. */
import { Command, CommanderError } from "commander";
import { visibleText } from "../observability/visible-text.ts";
import { commands } from "./commands.ts";
import { type CliContext, type ExitCode, exitCodes } from "./context.ts";
import { jsonContext, visibleContext } from "./output/output.ts";
import { OutputClosed } from "./output/output-fault.ts";
import { refuseEmptyOptions } from "./refuse-empty-options.ts";

const footer = `
Exit codes: 0 done; 1 refused or failed; 2 wrong usage; 3 the service cannot be reached;
78 the configuration has faults.
Commands that call the service find its address and key by options, by SMS_RELAY_ADDRESS and SMS_RELAY_KEY, or from the
configuration and the key files of the folder they run in.`;

/** Runs the command line and answers the exit code. `argv` is without the program's own name. */
export async function runCli(
  argv: readonly string[],
  outside: CliContext,
  version: string,
): Promise<ExitCode> {
  // The log of a service has its own form, and colours (observability/logger.ts).
  const isJson = !isService(argv) && wantsJson(argv);
  const context = isService(argv) ? outside : isJson ? jsonContext(outside) : visibleContext(outside);
  const program = new Command("sms-relay")
    .description("A durable gRPC service that sends SMS through prioritised gateways.")
    .version(version, "-V, --version", "print the version")
    .helpCommand(false)
    .showSuggestionAfterError()
    .addHelpText("after", footer)
    .configureOutput({
      writeOut: (text) => context.out(text.replace(/\n$/, "")),
      // A program that reads JSON gets the fault alone, below.
      writeErr: (text) => {
        if (!isJson) context.err(text.replace(/\n$/, ""));
      },
    })
    .hook("preAction", (_program, command) => refuseEmptyOptions(command))
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
    if (error instanceof CommanderError) {
      if (error.exitCode === 0) return exitCodes.ok;
      if (isJson) context.err(error.message, { error: usageSentence(error) });
      return exitCodes.usage;
    }
    if (error instanceof OutputClosed) return error.exitCode;
    const { describeFailure } = await import("./describe-failure.ts");
    const failure = describeFailure(error, argv);
    if (failure.sentences.length === 0) return failure.exitCode;
    const text = `sms-relay: ${failure.sentences.join("\n")}`;
    if (isJson) context.err(text, failure.json);
    else outside.err(visibleText(text));
    return failure.exitCode;
  }
}

/** Whether the command asks for JSON, even where it is faulty: `--json` before `--`, after which all words are arguments. */
function wantsJson(argv: readonly string[]): boolean {
  const end = argv.indexOf("--");
  return argv.slice(0, end === -1 ? undefined : end).includes("--json");
}

/** Commander's sentence without its `error:`; where it would print the help, there is none. */
function usageSentence({ code, message }: CommanderError): string {
  return code === "commander.help" ? "a command is missing; see --help" : message.replace(/^error: /, "");
}

const isService = (argv: readonly string[]) => argv[0] === "serve";

function allCommands(command: Command): readonly Command[] {
  return command.commands.flatMap((child) => [child, ...allCommands(child)]);
}
