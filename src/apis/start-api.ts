/**
 * A provider's HTTP API that is simulated: a real server that takes messages, keeps each on file before it answers, calls back, and
 * misbehaves on request. What it says is its dialect's.
 */
import { closeSync, openSync, writeSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { type Clock, systemClock, type Timer } from "../observability/clock.ts";
import type { ApiBehaviour, ApiBehaviourKind } from "./behaviour.ts";
import { type CallbackCounters, CallbackDesk } from "./callback-desk.ts";
import type { ApiAnswer, ApiCredentials, DialectTools, TakenMessage } from "./dialect.ts";
import { dialects } from "./dialects/dialects.ts";

export interface ApiOptions {
  /** One of `apiNames`. */
  readonly provider: string;
  readonly host?: string;
  /** 0 takes a free one. */
  readonly port?: number;
  readonly credentials?: ApiCredentials;
  /** From the acceptance to the callback. */
  readonly receiptDelayMs?: number;
  /** Waits between tries of a callback, doubled. */
  readonly retryMs?: number;
  readonly behaviours?: readonly ApiBehaviour[];
  /** Each message taken is appended here as a line of JSON before its call is answered. */
  readonly recordTo?: string;
  readonly clock?: Clock;
}

export interface ApiCounters extends CallbackCounters {
  readonly calls: number;
  readonly tokens: number;
  readonly taken: number;
  readonly refused: number;
}

export interface SimulatedApi {
  readonly host: string;
  readonly port: number;
  readonly url: string;
  /** The newest messages that were taken, at most 10,000. */
  taken(): readonly TakenMessage[];
  counters(): ApiCounters;
  behaviours(): readonly ApiBehaviour[];
  /** Replaces all behaviours. */
  behave(...behaviours: readonly ApiBehaviour[]): void;
  /** Closes every idle connection, as providers do at any time. */
  closeIdle(): void;
  stop(): Promise<void>;
}

export const apiNames = Object.keys(dialects);
export const defaultCredentials: ApiCredentials = { user: "relay", secret: "secret" };
const maxBodyOctets = 4 * 1024 * 1024;
const maxTaken = 10_000;

/** Resolves once it listens. */
export async function startApi(options: ApiOptions): Promise<SimulatedApi> {
  const { host = "127.0.0.1", clock = systemClock, credentials = defaultCredentials } = options;
  const dialect = dialects[options.provider];
  if (dialect === undefined) throw new RangeError(`there is no simulated provider ${options.provider}`);
  const record = options.recordTo === undefined ? undefined : openSync(options.recordTo, "a");
  const taken: TakenMessage[] = [];
  const tokens = new Set<string>();
  const sockets = new Set<Socket>();
  const timers = new Set<Timer>();
  const counts = { calls: 0, tokens: 0, taken: 0, refused: 0 };
  let behaviours: { readonly spec: ApiBehaviour; left: number }[] = [];
  // Ids go on over a restart with the same record: providers do not use them again.
  let lastId = clock.now() * 1_000;
  const tools: DialectTools = {
    credentials,
    nowMs: () => clock.now(),
    nextId: () => ++lastId,
    isToken: (token) => tokens.has(token),
  };
  const desk = new CallbackDesk({
    clock,
    dialect,
    tools,
    delayMs: options.receiptDelayMs ?? 1_000,
    retryMs: options.retryMs ?? 1_000,
    take: (kind, message) => strike(kind, message),
  });

  /** The behaviour of this kind that acts now, which is used up by it. */
  function strike(kind: ApiBehaviourKind, message?: TakenMessage): ApiBehaviour | undefined {
    const found = behaviours.find(
      ({ spec, left }) =>
        spec.kind === kind &&
        left > 0 &&
        (spec.suffix === undefined || message?.to.endsWith(spec.suffix) === true),
    );
    if (found === undefined) return undefined;
    found.left -= 1;
    return found.spec;
  }

  function behave(...specs: readonly ApiBehaviour[]): void {
    behaviours = specs.map((spec) => ({ spec, left: spec.times ?? Number.POSITIVE_INFINITY }));
  }

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await bodyOf(request);
    if (body === undefined) return;
    counts.calls += 1;
    const { pathname, searchParams } = new URL(request.url ?? "/", "http://api");
    const heard = dialect?.hear(
      { method: request.method ?? "", path: pathname, query: searchParams, headers: request.headers, body },
      tools,
    );
    if (heard === undefined) return;
    if (heard.kind === "token") {
      counts.tokens += 1;
      const token = `token-${tools.nextId()}`;
      tokens.add(token);
      send(response, heard.answer(token));
      return;
    }
    if (heard.kind === "refused") {
      counts.refused += 1;
      send(response, heard.answer);
      return;
    }
    const [first] = heard.messages;
    if (strike("hang-before", first) !== undefined) return;
    if (strike("reset-before", first) !== undefined) {
      request.socket.resetAndDestroy();
      return;
    }
    const refusal = refusalNow(first);
    if (refusal !== undefined) {
      counts.refused += 1;
      send(response, refusal);
      return;
    }
    for (const message of heard.messages) keep(message);
    if (strike("early-receipt", first) !== undefined) await desk.callNow(heard.messages);
    else desk.expect(heard.messages);
    answer(request, response, heard.answer, first);
  }

  function refusalNow(first: TakenMessage | undefined): ApiAnswer | undefined {
    const later = (spec: ApiBehaviour): ApiAnswer["headers"] => {
      if (spec.retryAfterSeconds === undefined) return {};
      const date = new Date(clock.now() + spec.retryAfterSeconds * 1_000).toUTCString();
      return { "retry-after": spec.asDate === true ? date : String(spec.retryAfterSeconds) };
    };
    const throttled = strike("throttle", first);
    if (throttled !== undefined) return { status: 429, headers: later(throttled) ?? {} };
    const away = strike("unavailable", first);
    if (away !== undefined) return { status: 503, headers: later(away) ?? {} };
    if (strike("unauthorized", first) !== undefined) return { status: 401 };
    if (strike("no-credit", first) !== undefined) return { status: 402 };
    if (strike("redirect", first) !== undefined) return { status: 302, headers: { location: "/elsewhere" } };
    if (strike("tokens-expire", first) !== undefined) {
      tokens.clear();
      return { status: 401 };
    }
    return undefined;
  }

  function keep(message: TakenMessage): void {
    counts.taken += 1;
    if (record !== undefined) writeSync(record, `${JSON.stringify(message)}\n`);
    taken.push(message);
    if (taken.length > maxTaken) taken.shift();
  }

  function answer(
    request: IncomingMessage,
    response: ServerResponse,
    usual: ApiAnswer,
    first: TakenMessage | undefined,
  ): void {
    if (strike("hang-after", first) !== undefined) return;
    if (strike("reset-after", first) !== undefined) request.socket.resetAndDestroy();
    else if (strike("error-after", first) !== undefined) send(response, { status: 500 });
    else if (strike("html", first) !== undefined) {
      response.writeHead(200, { "content-type": "text/html" }).end("<html><body>Welcome</body></html>");
    } else if (strike("truncated", first) !== undefined) {
      response.writeHead(usual.status, { "content-type": "application/json", "content-length": "4000" });
      response.write(JSON.stringify(usual.json).slice(0, 12), () => request.socket.destroy());
    } else if (strike("oversize", first) !== undefined) {
      send(response, { ...usual, json: { ...(usual.json as object), padding: "x".repeat(2 * 1024 * 1024) } });
    } else {
      const slow = strike("slow", first);
      if (slow === undefined) {
        send(response, usual);
        return;
      }
      const timer = clock.setTimeout(() => {
        timers.delete(timer);
        send(response, usual);
      }, slow.delayMs ?? 1_000);
      timers.add(timer);
    }
  }

  const server = createServer(
    { keepAliveTimeout: 60_000 },
    (request, response) => void serve(request, response),
  );
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    socket.on("close", () => sockets.delete(socket));
  });
  behave(...(options.behaviours ?? []));
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(options.port ?? 0, host, resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    host,
    port,
    url: `http://${host}:${port}`,
    taken: () => [...taken],
    counters: () => ({ ...counts, ...desk.counters() }),
    behaviours: () => behaviours.map(({ spec }) => spec),
    behave,
    closeIdle: () => server.closeIdleConnections(),
    async stop() {
      for (const timer of timers) timer.cancel();
      desk.stop();
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
      if (record !== undefined) closeSync(record);
    },
  };
}

async function bodyOf(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let octets = 0;
  try {
    for await (const chunk of request as AsyncIterable<Buffer>) {
      octets += chunk.length;
      if (octets > maxBodyOctets) {
        request.socket.destroy();
        return undefined;
      }
      chunks.push(chunk);
    }
  } catch {
    return undefined;
  }
  return Buffer.concat(chunks).toString("utf8");
}

function send(response: ServerResponse, { status, headers = {}, json }: ApiAnswer): void {
  response.writeHead(status, {
    ...(json !== undefined && { "content-type": "application/json" }),
    ...headers,
  });
  response.end(json === undefined ? undefined : JSON.stringify(json));
}
