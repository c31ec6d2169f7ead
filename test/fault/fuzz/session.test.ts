/**
 * Mutated PDUs over TCP at a bound session of the SMPP gateway, and at the simulator. Whatever comes, every submission gets its
 * results, and good traffic flows again.
 */
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { expect, it } from "vitest";
import { systemClock } from "../../../src/observability/clock.ts";
import { decodePdu } from "../../../src/smpp/decode-pdu.ts";
import { encodePdu } from "../../../src/smpp/encode-pdu.ts";
import { createFramer } from "../../../src/smpp/framer.ts";
import type { Pdu } from "../../../src/smpp/pdu.ts";
import { startSimulator } from "../../../src/smsc/start-simulator.ts";
import { createSignalQueue } from "../../support/signal-queue.ts";
import { type StartedGateway, startGateway, submission, untilReady } from "../../support/smpp-gateway.ts";
import { beginFuzz, type FuzzRun, heapInUse, patience } from "./support/fuzz-run.ts";
import { inboundCorpus, inPieces, mutatedPdu, pduCorpus, submitCorpus } from "./support/smpp-corpus.ts";

const SHARE = 0.25;
const MOST_GROWTH = 24 * 1024 * 1024;
const BATCH = 50;
/** Unbinding ends a session in good order, and what comes after it is not read. */
const UNBIND = 0x06;

/** One end of a connection that writes what a test likes and can tell whether all of it was read. */
function createPeer(socket: Socket, onPdu: (pdu: Pdu) => void = () => {}) {
  const framer = createFramer();
  const waiting = new Map<number, () => void>();
  let sequence = 0x70000000;
  let isClosed = false;
  socket.on("error", () => {});
  socket.on("data", (chunk) => {
    framer.push(chunk, (frame) => {
      const result = decodePdu(frame);
      if (result.kind === "malformed")
        throw new Error(`a malformed PDU was written: ${frame.toString("hex")}`);
      if (result.pdu.command === "enquire_link_resp") waiting.get(result.pdu.sequence_number)?.();
      onPdu(result.pdu);
    });
  });
  socket.on("close", () => {
    isClosed = true;
    for (const resolve of waiting.values()) resolve();
  });
  return {
    write: (octets: Buffer) => void (isClosed || socket.write(octets)),
    /** Waits until everything before was read; answers whether the connection still stands. */
    async flush(): Promise<boolean> {
      if (isClosed) return false;
      const sequence_number = ++sequence;
      await new Promise<void>((resolve) => {
        waiting.set(sequence_number, resolve);
        socket.write(encodePdu({ command: "enquire_link", sequence_number }));
      });
      waiting.delete(sequence_number);
      return !isClosed;
    },
    cut: () => void socket.destroy(),
  };
}

type Peer = ReturnType<typeof createPeer>;

/** An SMSC that binds, and answers each submit_sm half the time. */
async function startRawSmsc(run: FuzzRun) {
  const bound = createSignalQueue<Peer>();
  const server = createServer((socket) => {
    const peer = createPeer(socket, ({ command, sequence_number }) => {
      if (command === "bind_transceiver") {
        peer.write(
          encodePdu({ command: "bind_transceiver_resp", sequence_number, body: { system_id: "smsc" } }),
        );
        bound.push(peer);
      } else if (command === "submit_sm" && run.below(2) === 0) {
        const body = { message_id: `${sequence_number}` };
        peer.write(encodePdu({ command: "submit_sm_resp", sequence_number, body }));
      }
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const stop = () => new Promise((resolve) => server.close(resolve));
  return { port: (server.address() as AddressInfo).port, bound, stop };
}

/** Writes a batch of mutated PDUs; now and then the last one lies about its length, which loses the connection. */
async function attack(peer: Peer, corpus: readonly Buffer[], run: FuzzRun): Promise<boolean> {
  const batch = Array.from({ length: BATCH }, () => mutatedPdu(corpus, run));
  for (const piece of inPieces(Buffer.concat(batch), run)) peer.write(piece);
  if (!(await peer.flush())) return false;
  if (run.below(20) > 0) return true;
  peer.write(mutatedPdu(corpus, run, 1));
  peer.cut();
  return false;
}

function withoutUnbind(corpus: readonly Buffer[]): readonly Buffer[] {
  return corpus.filter((octets) => octets.readUInt32BE(4) !== UNBIND);
}

/** Forgets what the listener was told, and counts it. */
function drain({ listener }: StartedGateway): number {
  let count = 0;
  for (const queue of [
    listener.receipts,
    listener.unparsable,
    listener.incoming,
    listener.rooms,
    listener.statuses,
  ]) {
    count += queue.waiting.length;
    (queue.waiting as unknown[]).length = 0;
  }
  return count;
}

it(
  "the SMPP gateway survives them, settles what it was given, and binds again",
  async () => {
    const run = beginFuzz("gateway", SHARE);
    const inbound = inboundCorpus();
    const corpus = [
      ...withoutUnbind(pduCorpus(run.seed)),
      ...Array.from({ length: 20 }, () => inbound).flat(),
    ];
    const smsc = await startRawSmsc(run);
    const started = startGateway(
      smsc.port,
      { responseTimeoutMs: 200, ambiguityHoldMs: 0, reconnectMinMs: 1, reconnectMaxMs: 5, window: 100 },
      { ...systemClock, advance: () => {}, waiting: 0 },
    );
    const before = heapInUse();
    const pending: ReturnType<StartedGateway["gateway"]["submit"]>[] = [];
    let heard = 0;
    let peer = await smsc.bound.next();
    for (let written = 0; written < run.cases; written += BATCH) {
      pending.push(started.gateway.submit(submission(["Hello"])));
      if (!(await attack(peer, corpus, run))) peer = await smsc.bound.next();
      heard += drain(started);
    }
    for (const parts of await Promise.all(pending)) expect(parts).toHaveLength(1);
    pending.length = 0;
    heard += drain(started);
    expect(heard).toBeGreaterThan(run.cases / 10);
    expect(heapInUse() - before).toBeLessThan(MOST_GROWTH);
    const body = { esm_class: 4, short_message: Buffer.from("id:the-last stat:DELIVRD") };
    peer.write(encodePdu({ command: "deliver_sm", sequence_number: 1, body }));
    expect(await started.listener.receipts.next()).toMatchObject({ smscMessageId: "the-last" });
    await started.gateway.stop(0);
    await smsc.stop();
  },
  patience(SHARE, 2_000),
);

it(
  "the simulator survives them, and serves the next client",
  async () => {
    const run = beginFuzz("simulator", SHARE);
    const submits = submitCorpus();
    const corpus = [
      ...withoutUnbind(pduCorpus(run.seed)),
      ...Array.from({ length: 20 }, () => submits).flat(),
    ];
    const bounds = { maxReceived: 1_000, maxQueuedReceipts: 1_000, window: 10_000 };
    const simulator = await startSimulator({ port: 0, receiptDelayMs: 0, ...bounds });
    const bind = encodePdu({ command: "bind_transceiver", sequence_number: 1, body: { system_id: "fuzz" } });
    const bindPeer = async (): Promise<Peer> => {
      const socket = connect(simulator.port, "127.0.0.1");
      const peer = createPeer(socket);
      await once(socket, "connect");
      peer.write(bind);
      return peer;
    };
    let peer = await bindPeer();
    for (let written = 0; written < run.cases; written += BATCH) {
      if (!(await attack(peer, corpus, run))) peer = await bindPeer();
    }
    peer.cut();
    expect(simulator.counters().accepted).toBeGreaterThan(run.cases / 50);
    await simulator.waitUntil(({ closed, connections }) => closed === connections);
    const started = startGateway(simulator.port);
    await untilReady(started);
    expect(await started.gateway.submit(submission(["Hello"]))).toMatchObject([{ kind: "accepted" }]);
    await started.gateway.stop(0);
    await simulator.stop({ abruptly: true });
  },
  patience(SHARE, 2_000),
);
