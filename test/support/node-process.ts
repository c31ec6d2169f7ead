/**
 * Node processes that a test or a benchmark starts beside itself, each ended by its own id. Lines of their standard
 * output are kept until they are asked for.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import manifest from "../../package.json" with { type: "json" };

export interface NodeProcess extends AsyncDisposable {
  readonly pid: number;
  /** Resolves with how it ended, once all that it wrote to its standard error is there. */
  readonly ended: Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null }>;
  hasEnded(): boolean;
  /** The next line of its standard output; throws where it ends before. */
  nextLine(): Promise<string>;
  /** The end of what it wrote to its standard error. */
  errorText(): string;
  /** Sends a line to its standard input. */
  write(line: string): void;
  /** Sends a signal to the process itself. */
  kill(signal: NodeJS.Signals): void;
  /** SIGTERM, then SIGKILL after 60 s; waits for the end and is harmless when repeated. */
  stop(): Promise<void>;
}

export interface NodeProcessOptions {
  readonly nodeFlags?: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
  /** A command that runs node, for instance strace with its flags. */
  readonly under?: readonly string[];
}

/** Flags of the service's own start script. */
export const START_FLAGS: readonly string[] = manifest.scripts.start
  .split(" ")
  .filter((word) => word.startsWith("--"));

const ERROR_TEXT_OCTETS = 16_384;
const STOP_PATIENCE_MS = 60_000;

/** Starts `node file args`. */
export function startNode(
  file: string,
  args: readonly string[],
  options: NodeProcessOptions = {},
): NodeProcess {
  const command = [...(options.under ?? []), process.execPath, ...(options.nodeFlags ?? START_FLAGS)];
  const [program = process.execPath, ...rest] = command;
  const child = spawn(program, [...rest, file, ...args], {
    stdio: ["pipe", "pipe", "pipe"],
    env: withoutTestVariables(options.env ?? process.env),
    cwd: options.cwd,
  });
  // What it wrote last may come after its end.
  const errorsEnded = once(child.stderr, "close");
  const ended = once(child, "exit").then(async ([code, signal]) => {
    await errorsEnded;
    return { code, signal };
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  let errorText = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    errorText = (errorText + text).slice(-ERROR_TEXT_OCTETS);
  });
  child.stdin.on("error", () => {});
  const stop = () => end(child, ended);
  return {
    pid: child.pid ?? 0,
    ended,
    hasEnded: () => hasEnded(child),
    nextLine: async () => {
      const { value, done } = await lines.next();
      if (done === true) throw new Error(`${file} ended without a further line\n${errorText}`);
      return value;
    },
    errorText: () => errorText,
    write: (line) => void child.stdin.write(`${line}\n`),
    kill: (signal) => void child.kill(signal),
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

/** The product refuses variables of its own prefix that it does not know. */
function withoutTestVariables(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith("SMS_RELAY_TEST_")));
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}

async function end(child: ChildProcess, ended: Promise<unknown>): Promise<void> {
  if (!hasEnded(child)) child.kill("SIGTERM");
  const patience = setTimeout(() => child.kill("SIGKILL"), STOP_PATIENCE_MS);
  await ended;
  clearTimeout(patience);
}
