/** Calls by bare HTTP/2 that are begun and held: a body that does not end, an answer that nobody reads. */
import { type ClientHttp2Session, type ClientHttp2Stream, connect } from "node:http2";
import { ErrorInfo, QuotaFailure } from "../../src/gen/google/rpc/error_details.ts";
import { Status as RpcStatus } from "../../src/gen/google/rpc/status.ts";

export interface OpenCall {
  readonly stream: ClientHttp2Stream;
  /** How the call ended: the gRPC status, the name of the status code with its facts, and what was exceeded and by whom. */
  readonly end: Promise<{
    readonly status: number | undefined;
    readonly reason: string | undefined;
    readonly metadata: Readonly<Record<string, string>> | undefined;
    readonly quota: { readonly subject: string; readonly description: string } | undefined;
    /** HTTP/2's code where the stream was reset. */
    readonly rstCode: number | undefined;
  }>;
}

/** A connection; a window of 0 never reads an answer. */
export function openSession(address: string, initialWindowSize?: number): ClientHttp2Session {
  const settings = initialWindowSize === undefined ? {} : { initialWindowSize };
  // Node counts what waits to be written into the memory of the session, and then refuses the peer's headers.
  const session = connect(`http://${address}`, { settings, maxSessionMemory: 1_000 });
  return session.on("error", () => {});
}

/** Begins a call and sends these octets; the request does not end. */
export function openCall(
  session: ClientHttp2Session,
  path: string,
  {
    key,
    octets = Buffer.alloc(0),
    timeout,
  }: { readonly key?: string; readonly octets?: Uint8Array; readonly timeout?: string } = {},
): OpenCall {
  const stream = session.request({
    ":method": "POST",
    ":path": path,
    "content-type": "application/grpc",
    te: "trailers",
    ...(key !== undefined && { authorization: `Bearer ${key}` }),
    ...(timeout !== undefined && { "grpc-timeout": timeout }),
  });
  let told: Readonly<Record<string, unknown>> = {};
  const take = (headers: Readonly<Record<string, unknown>>) => {
    if (headers["grpc-status"] !== undefined) told = headers;
  };
  stream
    .on("response", take)
    .on("trailers", take)
    .on("error", () => {});
  const end = new Promise<Awaited<OpenCall["end"]>>((resolve) => {
    const tell = () => {
      const { "grpc-status": status, "grpc-status-details-bin": details } = told;
      const said =
        details === undefined ? [] : RpcStatus.decode(Buffer.from(String(details), "base64")).details;
      const find = (name: string) => said.find(({ typeUrl }) => typeUrl.endsWith(`.${name}`))?.value;
      const [info, quota] = [find("ErrorInfo"), find("QuotaFailure")];
      resolve({
        status: status === undefined ? undefined : Number(status),
        reason: info && ErrorInfo.decode(info).reason,
        metadata: info && ErrorInfo.decode(info).metadata,
        quota: quota && QuotaFailure.decode(quota).violations[0],
        rstCode: stream.rstCode,
      });
    };
    stream.on("response", (headers) => headers["grpc-status"] !== undefined && tell());
    stream.on("trailers", tell).on("close", tell);
  });
  if (octets.length > 0) stream.write(octets);
  return { stream, end };
}

/** A message as it is sent; `announced` octets, of which only these come. */
export function frameOf(octets: Uint8Array, announced = octets.length): Buffer {
  const frame = Buffer.alloc(5 + octets.length);
  frame.writeUInt32BE(announced, 1);
  frame.set(octets, 5);
  return frame;
}
