/** A TCP proxy that a test can cut: between, or right after certain octets went to the server, so that their answer is lost. */
import { type AddressInfo, connect, createServer, type Socket } from "node:net";

export interface TcpProxy {
  readonly port: number;
  /** Cuts all connections; new ones are refused until `mend`. */
  cut(): void;
  mend(): void;
  /**
   * Hands the next request that holds `text` to the server, keeps its answers back, and cuts when one of them names `text`, as that to COMMIT
   * does; resolves once that is done. With `after` it is the next one of a connection that has sent that since.
   */
  loseAnswerTo(text: string, after?: string): Promise<void>;
  /**
   * Cuts when the next request comes that holds `text`, and keeps it and the connection to the server, as a network does that is slow and
   * a server that is busy; resolves with what hands it on.
   */
  delay(text: string): Promise<() => void>;
  close(): Promise<void>;
}

interface Loss {
  readonly text: string;
  readonly after: string | undefined;
  readonly done: () => void;
}

/** Listens on a free port and passes everything on to `target`. */
export async function startTcpProxy(target: {
  readonly host: string;
  readonly port: number;
}): Promise<TcpProxy> {
  const pairs = new Set<readonly [Socket, Socket]>();
  let isCut = false;
  let loss: Loss | undefined;
  let delay: { readonly text: string; readonly done: (pass: () => void) => void } | undefined;
  const delayed = new Set<Socket>();

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
      if (!delayed.has(far)) far.destroy();
      pairs.delete(pair);
    };
    for (const socket of pair) socket.on("error", end).on("close", end);
    let losing: Loss | undefined;
    let prepared: Loss | undefined;
    near.on("data", (octets) => {
      if (delay !== undefined && octets.includes(delay.text)) {
        delayed.add(far);
        pairs.delete(pair);
        isCut = true;
        delay.done(() => far.write(octets));
        delay = undefined;
        near.destroy();
        return;
      }
      if (loss !== undefined && (loss.after === undefined || octets.includes(loss.after))) prepared = loss;
      if (loss !== undefined && prepared === loss && octets.includes(loss.text)) {
        losing = loss;
        loss = undefined;
      }
      far.write(octets);
    });
    far.on("data", (octets) => {
      if (delayed.has(far)) return;
      if (losing === undefined) near.write(octets);
      else if (octets.includes(losing.text)) {
        isCut = true;
        end();
        losing.done();
      }
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
    loseAnswerTo: (text, after) =>
      new Promise((resolve) => {
        loss = { text, after, done: resolve };
      }),
    delay: (text) =>
      new Promise((resolve) => {
        delay = { text, done: resolve };
      }),
    async close() {
      for (const [near] of pairs) near.destroy();
      for (const far of delayed) far.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
