/** `sms-relay backup`: a consistent copy of a running service's store, checked on arrival. */
import { createHash } from "node:crypto";
import { type FileHandle, open, rename, rm } from "node:fs/promises";
import { resolve } from "node:path";
import type { Command } from "commander";
import { type ClientOptions, withClient, withConnectionOptions } from "../client/client.ts";
import { type CliContext, CliFailure, exitCodes, usageFault } from "../context.ts";
import { countOf, jsonLine } from "../output/output.ts";
import { createProgress } from "../output/progress.ts";

const notes = `
Example:
  sms-relay backup sms-relay-2026-01-31.db

To restore: stop the service, put the file in the place of the store (store.path), remove the old store's -wal and -shm
files, and start the service. docs/operations.md tells what a restored store knows and what it does not.`;

/** Adds the command. */
export function defineBackup(program: Command, context: CliContext): void {
  const command = program
    .command("backup")
    .description("Copies the store of a running service to a new file. Wants an operator's key.")
    .argument("<file>", "where to; must not exist")
    .addHelpText("after", notes)
    .action((file: string, options: ClientOptions) =>
      backup(resolve(context.workingDirectory, file), options, context),
    );
  withConnectionOptions(command);
}

async function backup(file: string, options: ClientOptions, context: CliContext): Promise<void> {
  const partial = `${file}.partial`;
  const target = await create(file, partial);
  try {
    const size = await withClient(options, context, "operator", async (client) => {
      const hash = createHash("sha256");
      let size = 0;
      let expected = "";
      let progress: ReturnType<typeof createProgress> | undefined;
      for await (const piece of client.maintenance.downloadBackup({}, { signal: context.signal })) {
        await target.writeFile(piece.chunk);
        hash.update(piece.chunk);
        size += piece.chunk.length;
        progress ??= createProgress(context, Number(piece.totalSizeBytes));
        progress.show(size);
        expected = piece.sha256;
      }
      progress?.end();
      if (expected === hash.digest("hex")) return size;
      throw new CliFailure(exitCodes.failed, "The copy arrived damaged and was removed.");
    });
    await target.sync();
    await target.close();
    await rename(partial, file);
    if (options.json === true) context.out(jsonLine({ file, sizeBytes: size }));
    else context.out(`${file}: ${countOf(size, "octet")}`);
  } catch (error) {
    await target.close();
    await rm(partial, { force: true });
    throw error;
  }
}

async function create(file: string, partial: string): Promise<FileHandle> {
  const reserve = async (path: string) => open(path, "wx", 0o600);
  try {
    await (await reserve(file)).close();
    await rm(file);
    return await reserve(partial);
  } catch (error) {
    throw usageFault(`${file} cannot be made (${error instanceof Error ? error.message : error}).`);
  }
}
