/** The service that the configuration describes, and the key to call it with. */
import { dirname, join } from "node:path";
import { loadClientConfig } from "../../config/load.ts";
import { authority, reachable } from "../../config/reachable.ts";
import { type CliContext, usageFault } from "../context.ts";
import type { ServiceTls } from "./client-tls.ts";
import { readVariable } from "./client-variables.ts";
import { readKeyFile } from "./read-key-file.ts";

/** Whose key file is used where no key is given. */
export type KeyRole = "default" | "operator";

export interface LocalService {
  readonly host: string;
  /** 0 where it takes any free port. */
  readonly port: number;
  readonly address: string;
  readonly tls: ServiceTls | undefined;
  /** Where its key files are. */
  readonly folder: string;
  /** Whether others may have made the keys. */
  readonly isReplica: boolean;
}

/** The service of `file`, else of the environment's or this folder's configuration, else of all defaults; throws a ConfigError. */
export function localService(file: string | undefined, context: CliContext): LocalService {
  const { environment, workingDirectory } = context;
  const { host, port, tls, storePath, isReplica } = loadClientConfig({ file, environment, workingDirectory });
  const address = authority(reachable(host), port);
  return { host: reachable(host), port, address, tls, folder: dirname(storePath), isReplica };
}

/** The key to send: `given`, else the variable's, else that of the key file for `role`. */
export function keyOf(
  given: string | undefined,
  local: LocalService,
  role: KeyRole,
  context: CliContext,
): string {
  const variable = "SMS_RELAY_KEY";
  if (given !== undefined) return checkedKey(given, "--key");
  const set = readVariable(variable, context);
  if (set !== undefined) return checkedKey(set, variable);
  const file = join(local.folder, `${role}.key`);
  const key = readKeyFile(file, context);
  if (key !== undefined) return checkedKey(key, file);
  const elsewhere = local.isReplica
    ? " The replica that started first made the keys, beside its own store.path: take the file from there, or make a key with `keys create`."
    : "";
  throw usageFault(`No API key: give --key or SMS_RELAY_KEY (there is no ${file}).${elsewhere}`);
}

/**
 * Without what an editor or `$(cat …)` put around it. What no header carries is refused here: gRPC's own error would show the whole key.
 */
function checkedKey(given: string, source: string): string {
  const key = given.trim();
  if (key === "") throw usageFault(`${source} holds no key.`);
  if (!/^[ -~]+$/.test(key)) {
    throw usageFault(`${source} holds a character that no key has, such as a line break inside it.`);
  }
  return key;
}
