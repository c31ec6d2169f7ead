/**
 * The listener of the HTTP API: bounded in what a peer may hold of it (headers, bodies, time, connections), under the same rule for TLS as
 * gRPC, and drained at the end. What it answers is its routes' business.
 */
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createServer as createTlsServer, type Server as TlsServer } from "node:https";
import { type ConnectionBounds, createConnections } from "../../app/calls/connections.ts";
import { describeFailure, type FailureDeps } from "../../app/calls/failure.ts";
import {
  clientRule,
  contextOf,
  refusePlaintext,
  renewedContext,
  type ServerTls,
} from "../../app/calls/server-tls.ts";
import type { Clock, Timer } from "../../observability/clock.ts";
import type { Tally } from "../../observability/tally.ts";
import { readBody } from "./read-body.ts";
import { type ApiAnswer, type ApiRequest, type ApiRoute, faultAnswer } from "./route.ts";
import { createRouter } from "./router.ts";

export interface ApiDoorSettings {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** Without it plain text. */
  readonly tls?: ServerTls | undefined;
  /** Plain text on an address that other machines reach. */
  readonly allowPlaintext: boolean;
}

export interface ApiDoorDeps extends FailureDeps {
  /** For people; default `HTTP API`. */
  readonly name?: string;
  readonly listen: ApiDoorSettings;
  readonly connections: ConnectionBounds;
  readonly routes: readonly ApiRoute[];
  readonly clock: Pick<Clock, "setTimeout">;
  /** Labels: path, empty for none of ours; status. */
  readonly requests: Tally;
}

export interface ApiDoor {
  readonly port: number;
  /** Throws what `renewCertificate` would throw, and changes nothing. */
  checkCertificate(tls: ServerTls | undefined): void;
  /**
   * Shows new connections another certificate; throws, and changes nothing, where it cannot be used. False where it listens without TLS, or
   * would: that changes only with a restart.
   */
  renewCertificate(tls: ServerTls | undefined): boolean;
  /** Takes no new connection, answers what has come in, and cuts off what is left after `graceMs`; harmless when repeated. */
  stop(graceMs: number): Promise<void>;
}

/** An access token of another issuer in `authorization` has 8 KiB at most. */
const maxHeaderOctets = 16 * 1024;
const maxHeaders = 100;
const headersMs = 5_000;
const requestMs = 10_000;
const idleMs = 5_000;
/** After this a route that hangs is answered for: the store may be away. */
const answerMs = 30_000;

/** Resolves once it listens. */
export async function openApiDoor(deps: ApiDoorDeps): Promise<ApiDoor> {
  const { listen, clock } = deps;
  refusePlaintext(deps.name ?? "HTTP API", listen);
  const find = createRouter(deps.routes);
  const connections = createConnections(deps.connections);
  const running = new Set<Promise<void>>();
  let isStopping = false;

  async function answerOf(
    request: IncomingMessage,
    { maxBodyOctets, answer }: ApiRoute,
    know: ApiRequest["know"],
  ): Promise<ApiAnswer | undefined> {
    const body = await readBody(request, maxBodyOctets);
    if (body === undefined) return undefined;
    if (body === "too_long")
      return faultAnswer(413, "invalid_request", `The body is longer than ${maxBodyOctets} octets.`);
    const { headers, socket } = request;
    const { path, query } = partsOf(request);
    const peer = `${socket.remoteAddress}:${socket.remotePort}`;
    return inTime(answer({ headers, path, query, body, peer, know }), clock);
  }

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    // Known before the body comes: a peer that goes away has none.
    const { remoteAddress, remotePort } = request.socket;
    let isOneTooMany = false;
    const know = (accountId: string) => {
      isOneTooMany = !connections.know({ remoteAddress, remotePort }, accountId);
    };
    const found = find(request.method ?? "", partsOf(request).path);
    const path = (found.kind === "route" ? found.route.path : found.path) ?? "";
    let answer: ApiAnswer | undefined;
    try {
      answer = found.kind === "route" ? await answerOf(request, found.route, know) : found.answer;
    } catch (thrown) {
      answer = failed(thrown);
    }
    if (answer === undefined) return;
    deps.requests.add(1, path, String(answer.status));
    send(response, answer, isStopping || isOneTooMany || !request.complete);
  }

  /** What a route did not answer itself. */
  function failed(thrown: unknown): ApiAnswer {
    const { name, text, retryAfterMs = 1_000 } = describeFailure(thrown, deps);
    if (name === "INTERNAL_ERROR") return faultAnswer(500, "server_error", text);
    const retryAfter = String(Math.ceil(retryAfterMs / 1_000));
    return faultAnswer(503, "temporarily_unavailable", text, { "retry-after": retryAfter });
  }

  const server = createListener(listen.tls);
  // Refused forms of HTTP are answered by the stack, without a word of what was sent.
  server.on("request", (request, response) => {
    const served = serve(request, response).catch((err: unknown) => {
      deps.log.often.error({ err }, "An answer of the HTTP API could not be sent.");
      request.socket.destroy();
    });
    running.add(served);
    void served.finally(() => running.delete(served));
  });
  server.listen({ host: listen.host, port: listen.port });
  await once(server, "listening");
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : listen.port;
  connections.watch(port);

  let shown = listen.tls;
  let stopped: Promise<void> | undefined;
  async function stop(graceMs: number): Promise<void> {
    isStopping = true;
    const closed = once(server, "close");
    server.close();
    let timer: Timer | undefined;
    const isOver = new Promise<void>((resolve) => {
      timer = clock.setTimeout(resolve, graceMs);
    });
    await Promise.race([Promise.all(running), isOver]);
    timer?.cancel();
    server.closeAllConnections();
    connections.end();
    await closed;
    connections.stop();
  }

  return {
    port,
    checkCertificate(tls) {
      if (tls !== undefined && shown !== undefined) renewedContext(shown, tls);
    },
    renewCertificate(tls) {
      if (tls === undefined || shown === undefined || !("setSecureContext" in server)) return false;
      server.setSecureContext(renewedContext(shown, tls));
      shown = tls;
      return true;
    },
    stop(graceMs) {
      stopped ??= stop(graceMs);
      return stopped;
    },
  };
}

function createListener(tls: ServerTls | undefined): Server | TlsServer {
  const bounds = {
    maxHeaderSize: maxHeaderOctets,
    headersTimeout: headersMs,
    requestTimeout: requestMs,
    keepAliveTimeout: idleMs,
    connectionsCheckingInterval: 1_000,
  };
  const server =
    tls === undefined
      ? createServer(bounds)
      : createTlsServer({
          ...bounds,
          ...contextOf(tls),
          ...clientRule(tls),
          handshakeTimeout: headersMs,
        });
  server.maxHeadersCount = maxHeaders;
  return server;
}

/** Path and query, which no URL parser has changed. */
function partsOf({ url = "" }: IncomingMessage): { readonly path: string; readonly query: string } {
  const at = url.indexOf("?");
  return at < 0 ? { path: url, query: "" } : { path: url.slice(0, at), query: url.slice(at + 1) };
}

async function inTime(answer: Promise<ApiAnswer>, clock: Pick<Clock, "setTimeout">): Promise<ApiAnswer> {
  let timer: Timer | undefined;
  const late = new Promise<ApiAnswer>((resolve) => {
    timer = clock.setTimeout(
      () => resolve(faultAnswer(503, "temporarily_unavailable", "The service did not answer in time.")),
      answerMs,
    );
  });
  try {
    return await Promise.race([answer, late]);
  } finally {
    timer?.cancel();
  }
}

/** `isLast`: the connection ends with it. */
function send(response: ServerResponse, { status, headers = {}, body }: ApiAnswer, isLast: boolean): void {
  const text = body === undefined ? "" : JSON.stringify(body);
  response.writeHead(status, {
    ...(body !== undefined && { "content-type": "application/json;charset=UTF-8" }),
    "content-length": String(Buffer.byteLength(text)),
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
    ...(isLast && { connection: "close" }),
    ...headers,
  });
  response.end(text);
}
