/** A gRPC call by bare HTTP/2, whose client takes no more header octets than a test allows. */
import { connect } from "node:http2";

export interface BareAnswer {
  /** Undefined where the client refused them for their size. */
  readonly trailers: Readonly<Record<string, string>> | undefined;
  /** Octets of the header list that ended the call as RFC 9113 §6.5.2 counts them: names, values and 32 for each. */
  readonly headerListOctets: number;
}

/** Calls a unary method with one encoded message. */
export async function callBare(
  port: number,
  path: string,
  octets: Uint8Array,
  options: {
    readonly key: string;
    readonly maxHeaderListSize: number;
    /** Beside those of every call. */
    readonly headers?: Readonly<Record<string, string>>;
  },
): Promise<BareAnswer> {
  const session = connect(`http://127.0.0.1:${port}`, {
    settings: { maxHeaderListSize: options.maxHeaderListSize },
  });
  try {
    await new Promise((resolve) => session.once("localSettings", resolve));
    return await new Promise((resolve, reject) => {
      const stream = session.request({
        ":method": "POST",
        ":path": path,
        "content-type": "application/grpc",
        te: "trailers",
        authorization: `Bearer ${options.key}`,
        ...options.headers,
      });
      const frame = Buffer.alloc(5 + octets.length);
      frame.writeUInt32BE(octets.length, 1);
      frame.set(octets, 5);
      let received: Record<string, string> | undefined;
      const take = (headers: Readonly<Record<string, unknown>>) => {
        if (headers["grpc-status"] === undefined) return;
        received = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]));
      };
      stream.on("response", take);
      stream.on("trailers", take);
      stream.on("close", () => resolve({ trailers: received, headerListOctets: sizeOf(received ?? {}) }));
      stream.on("error", () => resolve({ trailers: undefined, headerListOctets: 0 }));
      session.on("error", reject);
      stream.resume();
      stream.end(frame);
    });
  } finally {
    session.close();
  }
}

function sizeOf(headers: Readonly<Record<string, string>>): number {
  return Object.entries(headers).reduce((sum, [name, value]) => sum + name.length + value.length + 32, 0);
}
