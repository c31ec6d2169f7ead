/**
 * Keeps all connections of this process on one database: each one that is opened is compared with those before it. What is another
 * database, or a primary that has been replaced, is refused; where a standby took over, every connection moves to it.
 */
import type pg from "pg";
import type { ClockReading } from "../../observability/data-clock.ts";
import type { Logger } from "../../observability/logger.ts";
import type { ReportLine } from "../reports.ts";
import { readIdentity, type ServerIdentity, settleLine } from "./server-identity.ts";

export interface ServerGuard {
  /** Rejects where the connection must not be used. `name` is for people. */
  admit(client: pg.Client, name: string): Promise<void>;
  /** Whether it is on what was seen last; a connection that is not has to be opened anew. */
  isCurrent(client: pg.Client): boolean;
  /** Of the database in use; after the first connection. */
  readonly line: ReportLine;
}

export interface ServerGuardOptions {
  readonly monotonic: () => number;
  readonly log: Logger;
  readonly onTime?: ((reading: ClockReading) => void) | undefined;
}

export function createServerGuard({ monotonic, log, onTime }: ServerGuardOptions): ServerGuard {
  let known: { readonly identity: ServerIdentity; readonly line: ReportLine } | undefined;
  const admitted = new WeakMap<pg.Client, ServerIdentity>();
  const refused = new Set<string>();

  function refuse(name: string, why: string): never {
    const message = `${name} is not used: ${why}.`;
    if (!refused.has(message)) log.error({ server: name }, message);
    refused.add(message);
    throw new Error(message);
  }

  return {
    async admit(client, name) {
      const { identity, reading } = await readIdentity(client, monotonic);
      const before = known?.identity;
      if (before !== undefined && !isSame(identity, before)) {
        if (identity.systemId !== before.systemId || identity.database !== before.database)
          refuse(
            name,
            "it is another database than this process started on. Start again where that is meant",
          );
        if (identity.timeline < before.timeline) refuse(name, "another server has taken over from it");
      }
      if (before === undefined || !isSame(identity, before)) {
        const { line, isNew } = await settleLine(client, identity);
        // Another connection may have come further meanwhile.
        if (known === undefined || known.identity.timeline <= identity.timeline) {
          if (!isSame(identity, known?.identity)) {
            known = { identity, line };
            refused.clear();
          }
        }
        if (isNew) {
          log.warn(
            { server: name, timeline: identity.timeline },
            "The store was restored, copied, or taken over by a standby: a new line of report numbers begins. Cursors of reports that are not there are refused, and what waits in it is sent, also if it was sent since.",
          );
        }
      }
      onTime?.(reading);
      admitted.set(client, identity);
    },
    isCurrent: (client) => isSame(admitted.get(client), known?.identity),
    get line() {
      if (known === undefined) throw new Error("no connection was opened yet");
      return known.line;
    },
  };
}

function isSame(one: ServerIdentity | undefined, other: ServerIdentity | undefined): boolean {
  if (one === other) return true;
  return (
    one?.systemId === other?.systemId &&
    one?.database === other?.database &&
    one?.timeline === other?.timeline
  );
}
