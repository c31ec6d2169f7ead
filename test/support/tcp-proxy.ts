/** A TCP proxy that a test can cut: between, or right after certain octets went to the server, so that their answer is lost. */
import { type AddressInfo, connect, createServer, type Socket } from "node:net";

export interface TcpProxy {
  readonly port: number;
  /** Cuts all connections; new ones are refused until `mend`. */
  cut(): void;
  mend(): void;
  /** Hands the next request that holds `text` to the server and cuts before its answer comes back; resolves once that is done. */
  loseAnswerTo(text: string): Promise<void>;
  close(): Promise<void>;
}

/** Listens on a free port and passes everything on to `target`. */
export async function startTcpProxy(target: {
  readonly host: string;
  readonly port: number;
}): Promise<TcpProxy> {
  const pairs = new Set<readonly [Socket, Socket]>();
  let isCut = false;
  let loss: { readonly text: string; readonly done: () => void } | undefined;

  const server = createServer((near) => {
    if (isCut) {
      near.destroy();
      return;
    }
    const far = connect(target.port, target.host);
    const pair = [near, far] as const;
    pairs.add(pair);
    const end = () => {
      near.destroy();
      far.destroy();
      pairs.delete(pair);
    };
    for (const socket of pair) socket.on("error", end).on("close", end);
    let isLosing = false;
    near.on("data", (octets) => {
      if (loss !== undefined && octets.includes(loss.text)) {
        const { done } = loss;
        loss = undefined;
        isLosing = true;
        // The server's word is that it is ready again: by then the commit is made.
        far.once("data", () => {
          isCut = true;
          end();
          done();
        });
      }
      far.write(octets);
    });
    far.on("data", (octets) => {
      if (!isLosing) near.write(octets);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));

  return {
    port: (server.address() as AddressInfo).port,
    cut() {
      isCut = true;
      for (const [near] of pairs) near.destroy();
    },
    mend() {
      isCut = false;
    },
    loseAnswerTo: (text) =>
      new Promise((resolve) => {
        loss = { text, done: resolve };
      }),
    async close() {
      for (const [near] of pairs) near.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
