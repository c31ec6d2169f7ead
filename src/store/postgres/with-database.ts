/** A connection to the primary for one piece of work, and what went wrong as a sentence for whoever asked for it. */
import type pg from "pg";
import { StoreUnavailableError } from "../store-unavailable-error.ts";
import { connect, nameOf } from "./connect.ts";
import { sqlStateOf } from "./store-error.ts";

/** Gives `use` a connection to the primary; rejects with StoreUnavailableError, whatever is wrong. */
export async function withDatabase<Result>(
  urls: readonly string[],
  purpose: string,
  use: (client: pg.Client, name: string) => Promise<Result>,
): Promise<Result> {
  const name = urls.map(nameOf).join(", ");
  try {
    const client = await connect({ urls, applicationName: `sms-relay ${purpose}` });
    try {
      return await use(client, name);
    } finally {
      await client.end().catch(() => undefined);
    }
  } catch (error) {
    if (error instanceof StoreUnavailableError) throw error;
    throw new StoreUnavailableError(
      isAway(error) ? "AWAY" : "FAILED",
      `${name} cannot be used: ${textOf(error)}.`,
      error,
    );
  }
}

/** No server answered, or one that starts, stops or is full: the same may succeed later. */
function isAway(error: unknown): boolean {
  const state = sqlStateOf(error);
  return state === undefined || /^(08|53|57P)/.test(state);
}

/** What an error says; its code where a host with several addresses leaves the message empty. */
export function textOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.message !== "") return error.message;
  return "code" in error ? String(error.code) : error.name;
}
