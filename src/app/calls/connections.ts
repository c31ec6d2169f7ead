/**
 * The connections to one listener. Until a call on it has shown a key, a connection is a stranger's. Of those there are few, and a new one takes the
 * place of the oldest, so that whoever has no key keeps nobody out by holding connections open.
 */
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import type { Socket } from "node:net";

export interface ConnectionBounds {
  readonly maxConnections: number;
  readonly maxStrangers: number;
  /** Of one account. */
  readonly maxOfAccount: number;
}

export interface Connections {
  /** Begins to watch the connections to this port of the process. */
  watch(port: number): void;
  /** A key of the account was shown on the connection from there; false where the account has too many, and its connection is closed. */
  know(
    connection: { readonly remoteAddress?: string | undefined; readonly remotePort?: number | undefined },
    accountId: string,
  ): boolean;
  readonly count: number;
  /** Closes all that are open. */
  end(): void;
  stop(): void;
}

interface Connection {
  readonly socket: Socket;
  accountId: string | undefined;
}

/** What Node tells of each connection that a server of this process takes. */
const channel = "net.server.socket";

export function createConnections({
  maxConnections,
  maxStrangers,
  maxOfAccount,
}: ConnectionBounds): Connections {
  const connections = new Map<string, Connection>();
  const strangers = new Set<Connection>();
  const countOf = new Map<string, number>();
  let port: number | undefined;

  function take(message: unknown): void {
    const { socket } = message as { readonly socket: Socket };
    if (socket.localPort !== port || socket.remotePort === undefined) return;
    const mustYield = strangers.size >= maxStrangers || connections.size >= maxConnections;
    if (mustYield) {
      const [oldest] = strangers;
      // Where all are known and there is room for no more, the new one goes.
      (oldest?.socket ?? socket).destroy();
      if (oldest === undefined) return;
      strangers.delete(oldest);
    }
    const key = keyOf(socket.remoteAddress, socket.remotePort);
    const connection: Connection = { socket, accountId: undefined };
    connections.set(key, connection);
    strangers.add(connection);
    socket.once("close", () => {
      if (connections.get(key) === connection) connections.delete(key);
      strangers.delete(connection);
      if (connection.accountId !== undefined) change(connection.accountId, -1);
    });
  }

  function change(accountId: string, by: number): void {
    const count = (countOf.get(accountId) ?? 0) + by;
    if (count === 0) countOf.delete(accountId);
    else countOf.set(accountId, count);
  }

  return {
    watch(listeningPort) {
      port = listeningPort;
      subscribe(channel, take);
    },
    know({ remoteAddress, remotePort }, accountId) {
      const connection = connections.get(keyOf(remoteAddress, remotePort));
      if (connection === undefined || connection.accountId !== undefined) return true;
      if ((countOf.get(accountId) ?? 0) >= maxOfAccount) return false;
      strangers.delete(connection);
      connection.accountId = accountId;
      change(accountId, 1);
      return true;
    },
    get count() {
      return connections.size;
    },
    end() {
      for (const { socket } of connections.values()) socket.destroy();
    },
    stop: () => void unsubscribe(channel, take),
  };
}

function keyOf(address: string | undefined, port: number | undefined): string {
  return `${address} ${port}`;
}
