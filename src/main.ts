/** Entry of the command line. It starts nothing by itself: the command that is named does. */
import { readFileSync } from "node:fs";
import { enableCompileCache } from "node:module";
import type { CliContext } from "./cli/context.ts";
import { endWithParent } from "./cli/service/end-with-parent.ts";
import { systemClock } from "./observability/clock.ts";

// To a service a hang-up is never an end, from its first moment to its last; what it asks for is known to the command.
if (process.argv[2] === "serve") process.on("SIGHUP", () => {});
enableCompileCache();

const { runCli } = await import("./cli/program.ts");
const { outputFault } = await import("./cli/output/output-fault.ts");
const { processEnvironment } = await import("./config/load.ts");

const stopping = new AbortController();
for (const name of ["SIGINT", "SIGTERM"] as const) {
  process.on(name, () => {
    // The first one ends things in order; the second ends them at once.
    if (stopping.signal.aborted) process.exit(1);
    stopping.abort();
  });
}
endWithParent(process.env, systemClock, () => stopping.abort())?.unref();
let fault: Error | undefined;
const noteFault = (error: Error | null | undefined) => {
  if (error === null || error === undefined || fault !== undefined) return;
  fault = error;
  // A service goes on without anybody who reads its first lines; all other commands have no use any more.
  if (process.argv[2] !== "serve") stopping.abort();
};
process.stdout.on("error", noteFault);
// Where the error output is gone too, nobody is left to be told.
process.stderr.on("error", () => {});

const context: CliContext = {
  out(line) {
    if (fault === undefined) process.stdout.write(`${line}\n`, noteFault);
  },
  async written() {
    if (fault === undefined) await new Promise((resolve) => process.stdout.write("", resolve));
    if (fault !== undefined) throw outputFault(fault);
  },
  err: (line) => void process.stderr.write(`${line}\n`),
  progress: process.stderr.isTTY ? (line) => void process.stderr.write(`\r\u001b[2K${line}`) : undefined,
  input: () => process.stdin,
  environment: processEnvironment(),
  workingDirectory: process.cwd(),
  clock: systemClock,
  signal: stopping.signal,
};
const { version } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")) as {
  version: string;
};
process.exitCode = await runCli(process.argv.slice(2), context, version);
