/** Opens the connection to an SMSC, plain or under TLS, within a time limit. */
import { connect as connectTcp, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import type { Clock } from "../../observability/clock.ts";
import { describeError } from "./describe-close.ts";
import type { SmppGatewaySettings } from "./settings.ts";

export interface ConnectOptions {
  readonly settings: Pick<SmppGatewaySettings, "host" | "port" | "tls" | "connectTimeoutMs">;
  readonly clock: Clock;
  readonly onConnected: (socket: Socket) => void;
  /** Called once instead, in a later turn. */
  readonly onFailed: (reason: string) => void;
}

/** Begins to connect; the returned function gives up, and `onFailed` follows. */
export function connectSocket({ settings, clock, onConnected, onFailed }: ConnectOptions): () => void {
  let socket: Socket;
  try {
    socket = openSocket(settings);
  } catch (error) {
    // For instance authorities that are no PEM.
    queueMicrotask(() => onFailed(describeError(error)));
    return () => {};
  }
  let reason = "the connection was closed";
  const onError = (error: Error): void => {
    reason = describeError(error);
  };
  const onClose = (): void => {
    timer.cancel();
    onFailed(reason);
  };
  const timer = clock.setTimeout(
    () => socket.destroy(new Error("no connection in time")),
    settings.connectTimeoutMs,
  );
  socket.on("error", onError);
  socket.once("close", onClose);
  socket.once(settings.tls === undefined ? "connect" : "secureConnect", () => {
    timer.cancel();
    socket.off("error", onError);
    socket.off("close", onClose);
    onConnected(socket);
  });
  return () => socket.destroy();
}

function openSocket({ host, port, tls }: ConnectOptions["settings"]): Socket {
  if (tls === undefined) return connectTcp({ host, port, noDelay: true });
  return connectTls({
    host,
    port,
    rejectUnauthorized: tls.rejectUnauthorized,
    // Left out, the name is the host, and none is sent for an address (RFC 6066 §3).
    ...(tls.servername === undefined ? {} : { servername: tls.servername }),
    ...(tls.ca === undefined ? {} : { ca: tls.ca }),
    ...(tls.cert === undefined || tls.key === undefined ? {} : { cert: tls.cert, key: tls.key }),
  });
}
