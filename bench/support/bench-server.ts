/** The PostgreSQL server of a benchmark, with fsync: that of TEST_DATABASE_URL, or one from npm in a temporary folder. */
import pg from "pg";
import { startPostgres } from "../../test/support/postgres-server.ts";

export interface BenchServer extends AsyncDisposable {
  /** Makes an empty database in place of one that is left from before; answers its URL. */
  createDatabase(name: string): Promise<string>;
}

/** `settings` are those of a server that is started here, `startSettings` those that only a start can set. */
export async function startBenchServer(
  settings: Readonly<Record<string, string>> = {},
  startSettings: Readonly<Record<string, string>> = {},
): Promise<BenchServer> {
  const given = process.env["TEST_DATABASE_URL"];
  const server =
    given === undefined ? await startPostgres(true, startSettings) : { url: given, stop: async () => {} };
  if (given === undefined) await applySettings(server.url, settings);
  return {
    async createDatabase(name) {
      const administrator = new pg.Client({ connectionString: server.url });
      await administrator.connect();
      await administrator.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
      await administrator.query(`CREATE DATABASE ${name}`);
      await administrator.end();
      const url = new URL(server.url);
      url.pathname = `/${name}`;
      return url.href;
    },
    [Symbol.asyncDispose]: () => server.stop(),
  };
}

async function applySettings(url: string, settings: Readonly<Record<string, string>>): Promise<void> {
  const administrator = new pg.Client({ connectionString: url });
  await administrator.connect();
  for (const [name, value] of Object.entries(settings)) {
    await administrator.query(`ALTER SYSTEM SET ${name} = ${pg.escapeLiteral(value)}`);
  }
  await administrator.query("SELECT pg_reload_conf()");
  await administrator.end();
}

/** A connection that looks on, among the tables of the store. */
export async function connectOnlooker(url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url, options: "-c search_path=sms_relay" });
  client.on("error", () => {});
  await client.connect();
  return client;
}
