/** Copies of this clone's folders, for what writes into them or must be read by others: tests beside read the clone all the while. */
import { execFile } from "node:child_process";
import { promisify } from "node:util";

const run = promisify(execFile);

/** Copies a file or a folder, which nobody else then changes. */
export async function copyTree(from: string, to: string): Promise<void> {
  await run("cp", ["-a", from, to]);
}

/** The same in no time, where the file system lets the files be linked: for what is only read. */
export async function linkTree(from: string, to: string): Promise<void> {
  await run("cp", ["-al", from, to]).catch(() => run("cp", ["-a", from, to]));
}
