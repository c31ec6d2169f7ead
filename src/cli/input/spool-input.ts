/** Makes a file readable twice: once to check all rows, once to send them. What can be read only once is kept on disk in between. */
import * as fs from "node:fs";
import { createReadStream, createWriteStream } from "node:fs";
import { mkdtemp, open, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { type CliContext, usageFault } from "../context.ts";

/** A file that can be read again and again. */
export interface RereadableFile extends AsyncDisposable {
  /** Its octets from the first one on; read once at a time. */
  read(): Readable;
  /** What people call it. */
  readonly name: string;
}

/** A stream closes its file when it ends, whatever it is told; this file is closed by whoever opened it. */
const keptOpen = { ...fs, close: (_file: number, done?: (error?: null) => void) => done?.() };

/** `file` itself where it is a regular one, else a copy that only this user can read; `-` is standard input. */
export async function spoolInput(file: string, context: CliContext): Promise<RereadableFile> {
  const path = resolve(context.workingDirectory, file);
  const isInput = file === "-" || path === "/dev/stdin";
  const name = isInput ? "the input" : path;
  if (!isInput && (await isRegular(path)))
    return { read: () => createReadStream(path), name, [Symbol.asyncDispose]: async () => {} };
  const folder = await mkdtemp(join(tmpdir(), "sms-relay-rows-"));
  const copy = await open(join(folder, "rows.csv"), "wx+", 0o600).finally(() =>
    // Without a name the system removes it with the process, however that ends.
    rm(folder, { recursive: true, force: true }),
  );
  const dispose = () => copy.close();
  try {
    const source = isInput ? context.input() : createReadStream(path);
    const target = createWriteStream("", { fd: copy.fd, fs: keptOpen });
    await pipeline(source, target, { signal: context.signal });
  } catch (error) {
    await dispose();
    if (context.signal.aborted) throw error;
    throw usageFault(`${name} cannot be read (${error instanceof Error ? error.message : error}).`);
  }
  const read = () => createReadStream("", { fd: copy.fd, fs: keptOpen, start: 0 });
  return { read, name, [Symbol.asyncDispose]: dispose };
}

async function isRegular(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isFile();
  } catch (error) {
    throw usageFault(`${path} cannot be read (${error instanceof Error ? error.message : error}).`);
  }
}
