/**
 * Gives HTTP/2 sessions of this process a table of streams that forgets them. Node keeps them in a Map, and grpc-js hangs each whole call
 * on its stream: under load 7 KB of a call stayed until the next full collection, and every full collection renewed that (docs/adr/0075).
 * It reaches into Node's internals; where it does not find what it knows, everything stays as it is.
 */
import { subscribe } from "node:diagnostics_channel";
import type { Http2Stream } from "node:http2";
import { types } from "node:util";
import { NumberTable } from "../../memory/number-table.ts";

/** What Node asks of the table (lib/internal/http2/core.js of Node 24). */
class StreamTable extends NumberTable<Http2Stream> {
  forEach(visit: (stream: Http2Stream) => void): void {
    for (const stream of [...this.values()]) visit(stream);
  }
}

const knownMajor = "24";
let isWatching = false;

/** From now on, for sessions that servers of this process take; harmless when repeated. */
export function forgetClosedStreams(): void {
  if (isWatching || process.versions.node.split(".")[0] !== knownMajor) return;
  isWatching = true;
  subscribe("http2.server.stream.created", (message) => {
    replaceTable((message as { readonly stream: Http2Stream }).stream);
  });
}

let stateSymbol: symbol | undefined;

/** A session's first stream shows its session; by then the stream is in its Map. */
function replaceTable({ session }: Http2Stream): void {
  if (session === undefined) return;
  stateSymbol ??= Object.getOwnPropertySymbols(session).find(({ description }) => description === "state");
  const state = stateSymbol && (session as unknown as Record<symbol, unknown>)[stateSymbol];
  if (typeof state !== "object" || state === null || !("streams" in state)) return;
  const { streams } = state;
  // Not instanceof: Node's Map is one of its own.
  if (!types.isMap(streams)) return;
  const table = new StreamTable();
  for (const [id, stream] of streams as Map<number, Http2Stream>) table.set(id, stream);
  state.streams = table;
}
