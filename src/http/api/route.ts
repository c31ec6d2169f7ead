/** What the API's listener is handed: paths, and what answers there. A route knows HTTP and its use case, no socket. */
import type { IncomingHttpHeaders } from "node:http";

export interface ApiRequest {
  readonly headers: IncomingHttpHeaders;
  /** Without the query, as sent. */
  readonly path: string;
  /** What stands behind `?` in the URL; empty where there is none. */
  readonly query: string;
  readonly body: Uint8Array;
  /** Address and port of the peer. */
  readonly peer: string;
  /** The request showed a key of this account; where the account has too many connections this one ends with the answer. */
  know(accountId: string): void;
}

export interface ApiAnswer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON; nothing where absent. */
  readonly body?: object;
}

export interface ApiRoute {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** Letter by letter. */
  readonly path: string;
  /** Takes all that begins so. */
  readonly isPrefix?: boolean;
  /** Octets of a body; a longer one is refused before it is read whole. */
  readonly maxBodyOctets: number;
  answer(request: ApiRequest): Promise<ApiAnswer>;
}

/** An answer in the form of RFC 6749 §5.2, which is what this door says of faults of HTTP too. */
export function faultAnswer(
  status: number,
  error: string,
  description: string,
  headers: Readonly<Record<string, string>> = {},
): ApiAnswer {
  return { status, headers, body: { error, error_description: description } };
}
