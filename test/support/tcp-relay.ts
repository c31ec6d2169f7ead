/** A TCP relay on the loopback that a test can cut, between two parties that do not know of it. */
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";

export interface TcpRelay {
  readonly port: number;
  /** Cuts every connection at both ends; new ones are taken. */
  cut(): void;
  stop(): Promise<void>;
}

/** Hears what passes; `isFromClient` tells which way. */
export type RelayTap = (octets: Buffer, isFromClient: boolean) => void;

/** Relays to `targetPort` of 127.0.0.1. */
export async function startTcpRelay(targetPort: number, tap: RelayTap = () => {}): Promise<TcpRelay> {
  const sockets = new Set<Socket>();
  const keep = (socket: Socket, other: Socket): void => {
    sockets.add(socket);
    socket.setNoDelay(true);
    socket.on("error", () => {});
    socket.on("close", () => {
      sockets.delete(socket);
      other.destroy();
    });
    socket.pipe(other);
  };
  const server = createServer((near) => {
    const far = connect(targetPort, "127.0.0.1");
    near.on("data", (octets) => tap(octets, true));
    far.on("data", (octets) => tap(octets, false));
    keep(near, far);
    keep(far, near);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const cut = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    port: (server.address() as AddressInfo).port,
    cut,
    async stop() {
      cut();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
