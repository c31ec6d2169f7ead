/** Processes that a benchmark starts beside itself; each is ended by its id when it is disposed of. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";

export interface Child extends AsyncDisposable {
  readonly pid: number;
  /** The next line that it prints; throws where it ends before. */
  nextLine(): Promise<string>;
  /** Sends a line to its standard input. */
  write(line: string): void;
  /** Ends it and waits; harmless when it has ended. */
  stop(): Promise<void>;
}

/** Flags of the service's own start script, so that every side runs under the same ones. */
export const NODE_FLAGS = ["--max-semi-space-size=8"] as const;

/** Starts `node file args`; what it writes to stderr is shown. */
export function startNode(
  file: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv = process.env,
): Child {
  const child = spawn(process.execPath, [...NODE_FLAGS, file, ...args], {
    stdio: ["pipe", "pipe", "inherit"],
    env,
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const stop = (): Promise<void> => end(child);
  return {
    pid: child.pid ?? 0,
    nextLine: async () => {
      const { value, done } = await lines.next();
      if (done === true) throw new Error(`${file} ended with ${child.exitCode ?? child.signalCode}`);
      return value;
    },
    write: (line) => void child.stdin.write(`${line}\n`),
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, "exit");
  child.kill("SIGTERM");
  const patience = setTimeout(() => child.kill("SIGKILL"), 20_000);
  await exit;
  clearTimeout(patience);
}
