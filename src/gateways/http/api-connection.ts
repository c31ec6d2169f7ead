/** The connections to one origin of a provider: HTTP/1.1, one call at a time on each, nothing repeated and no redirect followed. */
import { isIP } from "node:net";
import { buildConnector, Pool } from "undici";
import type { Clock } from "../../observability/clock.ts";
import type { BuiltRequest } from "../../providers/build-request.ts";
import { type Call, type CallOptions, reasonOf, startCall } from "./call.ts";
import type { HttpTls } from "./settings.ts";

/** An idle socket is closed before a provider would close it: what is written on one that is just being closed is in doubt. */
const idleMs = 4_000;
const hintMarginMs = 1_000;

export interface ApiConnectionOptions {
  /** What stands before every path counts as part of it. */
  readonly url: string;
  readonly tls: HttpTls | undefined;
  /** At most; null takes as many as there are calls. */
  readonly connections: number | null;
  readonly connectTimeoutMs: number;
  readonly clock: Clock;
}

export class ApiConnection {
  readonly #options: ApiConnectionOptions;
  readonly #url: URL;
  readonly #prefix: string;
  readonly #pool: Pool;
  readonly #connect: ReturnType<typeof buildConnector>;

  constructor(options: ApiConnectionOptions) {
    this.#options = options;
    this.#url = new URL(options.url);
    this.#prefix = this.#url.pathname.replace(/\/$/, "");
    const { tls, connectTimeoutMs } = options;
    const connect: buildConnector.BuildOptions = {
      timeout: connectTimeoutMs,
      // A session that is resumed would be taken for the account of another gateway.
      maxCachedSessions: 0,
      allowH2: false,
      ...(tls?.ca !== undefined && { ca: tls.ca }),
      ...(tls?.servername !== undefined && { servername: tls.servername }),
      ...(tls?.cert !== undefined && { cert: tls.cert }),
      ...(tls?.key !== undefined && { key: tls.key }),
      ...(tls !== undefined && { rejectUnauthorized: tls.rejectUnauthorized }),
    };
    this.#connect = buildConnector(connect);
    this.#pool = new Pool(this.#url.origin, {
      connections: options.connections,
      pipelining: 1,
      keepAliveTimeout: idleMs,
      keepAliveMaxTimeout: idleMs,
      keepAliveTimeoutThreshold: hintMarginMs,
      // Its clock is a coarse one; calls have their own.
      headersTimeout: 0,
      bodyTimeout: 0,
      allowH2: false,
      connect: this.#connect,
    });
  }

  call(request: BuiltRequest, options: Omit<CallOptions, "clock">): Call {
    const { clock } = this.#options;
    return startCall(this.#pool, request, this.#prefix + request.path, { ...options, clock });
  }

  /** Connects, under TLS where the API is, and closes again; answers why that cannot be done. */
  probe(): Promise<string | undefined> {
    const { protocol, hostname, port, host } = this.#url;
    const name = hostname.replace(/^\[|\]$/g, "");
    const servername = isIP(name) === 0 ? name : null;
    return new Promise((resolve) => {
      const options = { protocol, hostname: name, host, port, localAddress: null, httpSocket: undefined };
      this.#connect({ ...options, ...(servername !== null && { servername }) } as never, (error, socket) => {
        if (socket === null || socket === undefined) {
          resolve(reasonOf(error));
          return;
        }
        socket.on("error", () => {});
        socket.destroy();
        resolve(undefined);
      });
    });
  }

  /** Ends every call that is not over. */
  async close(): Promise<void> {
    await this.#pool.destroy();
  }
}
