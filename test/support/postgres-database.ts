/** Databases for tests, each empty at first, on the run's PostgreSQL server. */
import { randomUUID } from "node:crypto";
import pg from "pg";
import { inject } from "vitest";

export interface TestDatabase {
  readonly url: string;
  /** Runs a statement as an onlooker. */
  query<Row extends pg.QueryResultRow>(text: string, values?: readonly unknown[]): Promise<Row[]>;
  /** Opens a connection of its own; the test closes it. */
  connect(): Promise<pg.Client>;
  drop(): Promise<void>;
}

type Answer = { readonly url: string } | { readonly reason: string };

const answer = (await (await fetch(inject("postgresDoor"))).json()) as Answer;

/** Why there is no server; undefined where there is one. */
export const postgresMissing = "reason" in answer ? answer.reason : undefined;

if (postgresMissing !== undefined && process.env["SMS_RELAY_TEST_NO_SKIPS"] === "1") {
  throw new Error(`No test may be skipped, but there is no PostgreSQL: ${postgresMissing}`);
}

export async function createDatabase(): Promise<TestDatabase> {
  if (!("url" in answer)) throw new Error(answer.reason);
  const name = `sms_relay_${randomUUID().replaceAll("-", "")}`;
  const url = new URL(answer.url);
  await asAdministrator(answer.url, `CREATE DATABASE ${name}`);
  url.pathname = `/${name}`;
  const open = async () => {
    const client = new pg.Client({ connectionString: url.href, options: "-c search_path=sms_relay" });
    client.on("error", () => {});
    await client.connect();
    return client;
  };
  let onlooker: Promise<pg.Client> | undefined;
  return {
    url: url.href,
    async query<Row extends pg.QueryResultRow>(text: string, values: readonly unknown[] = []) {
      onlooker ??= open();
      const client = await onlooker;
      return (await client.query<Row>(text, [...values])).rows;
    },
    connect: open,
    async drop() {
      await (await onlooker)?.end();
      await asAdministrator(answer.url, `DROP DATABASE ${name} WITH (FORCE)`);
    },
  };
}

async function asAdministrator(url: string, text: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(text);
  } finally {
    await client.end();
  }
}
