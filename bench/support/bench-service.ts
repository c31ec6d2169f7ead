/** The service as a benchmark runs it: in a temporary folder, with one gateway, paused unless an SMSC is given. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  ACCOUNT_KEY,
  type ServiceProcess,
  type Settings,
  setUpService,
  startServiceProcess,
} from "../../test/support/service-process.ts";
import type { BenchSmsc } from "./bench-smsc.ts";

/** The key that loads present. */
export const API_KEY = ACCOUNT_KEY;

/** A folder that is removed at the end; on the disk of the machine's temporary folder. */
export async function temporaryFolder(): Promise<AsyncDisposable & { readonly path: string }> {
  const path = await mkdtemp(join(tmpdir(), "sms-relay-bench-"));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

/** Limits far enough out that a benchmark measures cost, not a limit. */
export function benchSettings(
  smsc: Pick<BenchSmsc, "host" | "port"> | undefined,
  gateway: Settings = {},
): Settings {
  return {
    limits: { maxBacklog: 1_000_000_000 },
    gateways: [
      {
        id: "smsc",
        kind: "smpp",
        host: smsc?.host ?? "127.0.0.1",
        port: smsc?.port ?? 2_775,
        systemId: "relay",
        password: "secret",
        rate: 100_000,
        window: 500,
        paused: smsc === undefined,
        ...gateway,
      },
    ],
  };
}

/** The service with its gateway paused, so that only accepting costs anything. */
export async function startPausedService(folder: string): Promise<ServiceProcess> {
  return startServiceProcess(await setUpService(folder, benchSettings(undefined)));
}
