/** Reads an API key from its file, as ssh reads its own: it follows no link, and warns where others may read the file. */
import { closeSync, constants, fstatSync, lstatSync, openSync, readFileSync } from "node:fs";
import { type CliContext, CliFailure, usageFault } from "../context.ts";

/** Undefined where there is no such file; throws a usage fault where it is a symbolic link or cannot be read. */
export function readKeyFile(path: string, { err }: Pick<CliContext, "err">): string | undefined {
  let descriptor: number | undefined;
  try {
    if (lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink()) {
      throw usageFault(
        `${path} is a symbolic link, which is not followed: whoever made it would choose what is sent as the key. Put the file itself there, or set SMS_RELAY_KEY.`,
      );
    }
    // Also where it became a link since.
    descriptor = openSync(path, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0));
    const mode = fstatSync(descriptor).mode & 0o777;
    if ((mode & 0o077) !== 0 && process.platform !== "win32") {
      err(
        `Others on this machine may read the key in ${path} (mode ${mode.toString(8)}): chmod 600 it, or revoke the key.`,
      );
    }
    return readFileSync(descriptor, "utf8").trim();
  } catch (error) {
    if (error instanceof CliFailure) throw error;
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    throw usageFault(
      `The API key in ${path} cannot be read (${code ?? error}). Run as the user that it belongs to, or give --key or SMS_RELAY_KEY.`,
    );
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}
