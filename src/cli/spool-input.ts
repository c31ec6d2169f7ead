/** Rows come twice over a file: once to check all of them, once to send. What can be read only once is kept on disk in between. */
import { createReadStream, createWriteStream } from "node:fs";
import { mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { pipeline } from "node:stream/promises";
import { type CliContext, usageFault } from "./context.ts";

/** A file that can be read again and again. */
export interface RereadableFile extends AsyncDisposable {
  readonly path: string;
  /** What people call it. */
  readonly name: string;
}

/** `file` itself where it is a regular one, else a copy that only this user can read; `-` is what is piped in. */
export async function spoolInput(file: string, context: CliContext): Promise<RereadableFile> {
  const path = resolve(context.workingDirectory, file);
  const isInput = file === "-" || path === "/dev/stdin";
  const name = isInput ? "the input" : path;
  if (!isInput && (await isRegular(path))) return { path, name, [Symbol.asyncDispose]: async () => {} };
  const folder = await mkdtemp(join(tmpdir(), "sms-relay-rows-"));
  const dispose = () => rm(folder, { recursive: true, force: true });
  const copy = join(folder, "rows.csv");
  try {
    const source = isInput ? context.input() : createReadStream(path);
    await pipeline(source, createWriteStream(copy, { mode: 0o600 }), { signal: context.signal });
  } catch (error) {
    await dispose();
    if (context.signal.aborted) throw error;
    throw usageFault(`${name} cannot be read (${error instanceof Error ? error.message : error}).`);
  }
  return { path: copy, name, [Symbol.asyncDispose]: dispose };
}

async function isRegular(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isFile();
  } catch (error) {
    throw usageFault(`${path} cannot be read (${error instanceof Error ? error.message : error}).`);
  }
}
