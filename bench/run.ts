/**
 * Runs every benchmark, each in a process of its own and one after the other, and prints one table of their figures.
 * Names on the command line choose some of them: `npm run bench -- segment send-sms`. `--smsc HOST:PORT` puts another SMSC in the place of the
 * simulator.
 */
import { execFile } from "node:child_process";
import { join } from "node:path";
import { parseArgs, promisify } from "node:util";
import { type BenchLine, benchTable } from "./support/bench-line.ts";

const BENCHMARKS = [
  "send-sms",
  "send-stream",
  "send-bulk",
  "accounts",
  "writer",
  "end-to-end",
  "kannel",
  "thread-time",
  "end-to-end-postgres",
  "replicas",
  "postgres",
  "growth",
  "cold-start",
  "segment",
] as const;

const run = promisify(execFile);

const { values, positionals: chosen } = parseArgs({
  options: { smsc: { type: "string" } },
  allowPositionals: true,
});
const passed = values.smsc === undefined ? [] : ["--smsc", values.smsc];

async function measure(name: string): Promise<readonly BenchLine[]> {
  process.stderr.write(`${name} …\n`);
  const file = join(import.meta.dirname, `${name}.ts`);
  const { stdout } = await run(process.execPath, [file, "--json", ...passed], {
    maxBuffer: 16 * 1024 * 1024,
  });
  return JSON.parse(stdout) as readonly BenchLine[];
}

const lines: BenchLine[] = [];
const broken: string[] = [];
for (const name of chosen.length === 0 ? BENCHMARKS : chosen) {
  try {
    lines.push(...(await measure(name)));
  } catch (cause) {
    broken.push(`${name}: ${cause instanceof Error ? cause.message : String(cause)}`);
  }
}
process.stdout.write(`${benchTable(lines)}\n`);
for (const text of broken) process.stderr.write(`${text}\n`);
if (broken.length > 0) process.exitCode = 1;
