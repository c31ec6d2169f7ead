/** PgBouncer between a test and its database, from Debian's package. */
import { spawn } from "node:child_process";
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findFreePort } from "./free-port.ts";

export interface Pooler extends AsyncDisposable {
  readonly url: string;
}

/** Starts one that hands out server connections for a session or for a transaction. */
export async function startPooler(databaseUrl: string, mode: "session" | "transaction"): Promise<Pooler> {
  const { hostname, port, username, password, pathname } = new URL(databaseUrl);
  const folder = await mkdtemp(join(tmpdir(), "sms-relay-pooler-"));
  // It does not run as root, and has to get there.
  await chmod(folder, 0o755);
  const listenPort = await findFreePort();
  const isRoot = process.getuid?.() === 0;
  await writeFile(join(folder, "users.txt"), `"${username}" "${password}"\n`, { mode: 0o644 });
  await writeFile(
    join(folder, "pgbouncer.ini"),
    `[databases]
${pathname.slice(1)} = host=${hostname} port=${port}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${listenPort}
unix_socket_dir =
auth_type = plain
auth_file = ${join(folder, "users.txt")}
pool_mode = ${mode}
${isRoot ? "user = nobody" : ""}
`,
    { mode: 0o644 },
  );
  const child = spawn("pgbouncer", [join(folder, "pgbouncer.ini")], { stdio: ["ignore", "ignore", "pipe"] });
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  let text = "";
  await new Promise<void>((resolve, reject) => {
    child.stderr.setEncoding("utf8").on("data", (piece: string) => {
      text += piece;
      if (text.includes("process up")) resolve();
    });
    void ended.then(() => reject(new Error(`PgBouncer ended at its start: ${text}`)));
  });
  const url = new URL(databaseUrl);
  url.port = String(listenPort);
  return {
    url: url.href,
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      await ended;
      await rm(folder, { recursive: true, force: true });
    },
  };
}
