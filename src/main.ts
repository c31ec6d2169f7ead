/** Entry of the command line. It starts nothing by itself: the command that is named does. */
import { readFileSync } from "node:fs";
import { enableCompileCache } from "node:module";
import type { CliContext } from "./cli/context.ts";
import { systemClock } from "./observability/clock.ts";

enableCompileCache();

const { runCli } = await import("./cli/program.ts");
const { processEnvironment } = await import("./config/load.ts");

const stopping = new AbortController();
for (const name of ["SIGINT", "SIGTERM"] as const) {
  process.on(name, () => {
    // The first one ends things in order; the second ends them at once.
    if (stopping.signal.aborted) process.exit(1);
    stopping.abort();
  });
}
// A reader that goes away (`… | head`) is no fault.
process.stdout.on("error", () => process.exit(0));

const context: CliContext = {
  out: (line) => void process.stdout.write(`${line}\n`),
  err: (line) => void process.stderr.write(`${line}\n`),
  progress: process.stderr.isTTY ? (line) => void process.stderr.write(`\r\u001b[2K${line}`) : undefined,
  environment: processEnvironment(),
  workingDirectory: process.cwd(),
  clock: systemClock,
  signal: stopping.signal,
};
const { version } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")) as {
  version: string;
};
process.exitCode = await runCli(process.argv.slice(2), context, version);
