/** Two ends of a real TCP connection on the loopback. */
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";

export interface SocketPair {
  readonly near: Socket;
  readonly far: Socket;
  /** Cuts both ends. */
  close(): void;
}

export async function createSocketPair(): Promise<SocketPair> {
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const accepted = once(server, "connection");
  const near = connect((server.address() as AddressInfo).port, "127.0.0.1");
  await once(near, "connect");
  const [far] = (await accepted) as [Socket];
  server.close();
  return {
    near,
    far,
    close() {
      near.destroy();
      far.destroy();
    },
  };
}
