/** Reads the body of a request, no further than a bound. */
import type { IncomingMessage } from "node:http";

/** "too_long" as soon as that is known, and undefined where the peer went away before its end. */
export function readBody(
  request: IncomingMessage,
  maxOctets: number,
): Promise<Uint8Array | "too_long" | undefined> {
  if (Number(request.headers["content-length"] ?? 0) > maxOctets) return Promise.resolve("too_long");
  return new Promise((resolve) => {
    const pieces: Uint8Array[] = [];
    let octets = 0;
    request.on("data", (piece: Uint8Array) => {
      octets += piece.byteLength;
      if (octets <= maxOctets) pieces.push(piece);
      else {
        request.pause();
        resolve("too_long");
      }
    });
    request.once("end", () => resolve(Buffer.concat(pieces)));
    request.once("close", () => resolve(undefined));
    request.once("error", () => resolve(undefined));
  });
}
