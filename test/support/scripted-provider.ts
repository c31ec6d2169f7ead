/** A provider's HTTP API on the loopback that does with each request just what a test says. It knows no profile. */
import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo, Socket } from "node:net";

export interface ProviderRequest {
  readonly method: string;
  /** With the query. */
  readonly path: string;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
}

export type ProviderReaction =
  | {
      readonly status: number;
      readonly headers?: Readonly<Record<string, string>>;
      /** An object is written as JSON. */
      readonly body?: unknown;
    }
  /** Nothing is ever answered. */
  | "silence"
  /** The connection ends without an answer. */
  | "reset"
  /** Octets as they are, and the end of the connection. */
  | { readonly raw: string };

export interface ScriptedProvider {
  readonly url: string;
  readonly port: number;
  /** In the order of their ends. */
  readonly requests: readonly ProviderRequest[];
  /** Sockets that stand. */
  readonly sockets: ReadonlySet<Socket>;
  react: (request: ProviderRequest) => ProviderReaction | Promise<ProviderReaction>;
  stop(): Promise<void>;
}

export async function startScriptedProvider(port = 0): Promise<ScriptedProvider> {
  const requests: ProviderRequest[] = [];
  const sockets = new Set<Socket>();
  const server = createServer({ keepAliveTimeout: 60_000 }, async (request, response) => {
    const chunks: Buffer[] = [];
    try {
      for await (const chunk of request) chunks.push(chunk as Buffer);
    } catch {
      return;
    }
    const { method = "", url: path = "", headers } = request;
    const received = { method, path, headers, body: Buffer.concat(chunks).toString("utf8") };
    requests.push(received);
    const reaction = await provider.react(received);
    if (reaction === "silence") return;
    if (reaction === "reset") {
      request.socket.destroy();
    } else if ("raw" in reaction) {
      request.socket.end(reaction.raw);
    } else {
      const { status, headers: more = {}, body } = reaction;
      const isText = typeof body === "string";
      response.writeHead(status, { "content-type": isText ? "text/html" : "application/json", ...more });
      response.end(body === undefined || isText ? body : JSON.stringify(body));
    }
  });
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    socket.on("error", () => {});
  });
  server.listen(port, "127.0.0.1");
  await once(server, "listening");
  const provider: ScriptedProvider = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    port: (server.address() as AddressInfo).port,
    requests,
    sockets,
    react: () => ({ status: 500 }),
    async stop() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return provider;
}
