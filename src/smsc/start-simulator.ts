/**
 * The SMSC simulator: a real SMPP 3.4 server over TCP or TLS that accepts messages, sends receipts, and shows what it
 * received. It is for demonstrations, tests and continuous integration.
 */
import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import { type Behaviour, chainBehaviours } from "./behaviours/behaviour.ts";
import { interpretBehaviour } from "./behaviours/interpret.ts";
import type { BehaviourSpec } from "./behaviours/spec.ts";
import { type Counters, createCounterBoard } from "./counters.ts";
import { DueQueue } from "./due-queue.ts";
import { deliverSmsOf, type HandsetMessage } from "./handset-message.ts";
import { createMessageDesk } from "./message-desk.ts";
import { type SimulatorOptions, withDefaults } from "./options.ts";
import { type DeliverOutcome, Outbox } from "./outbox.ts";
import { createRandom } from "./random.ts";
import { ReceivedLog, type ReceivedMessage, viewOf } from "./received-log.ts";
import { openRecorder } from "./recorder.ts";
import { Session, type SessionView } from "./session.ts";
import { createSubmitDesk } from "./submit-desk.ts";

export type {
  BehaviourSpec,
  Counters,
  DeliverOutcome,
  HandsetMessage,
  ReceivedMessage,
  SessionView,
  SimulatorOptions,
};

/** How long sessions may take to unbind when the simulator stops. */
const STOP_GRACE_MS = 1_000;

export interface Simulator {
  readonly host: string;
  readonly port: number;
  /** What was received and is still kept, in the order of arrival, refused submits included. */
  received(): readonly ReceivedMessage[];
  sessions(): readonly SessionView[];
  counters(): Counters;
  /** Resolves once the counters say so; rejects when `signal` aborts first. */
  waitUntil(isReached: (counters: Counters) => boolean, signal?: AbortSignal): Promise<void>;
  /**
   * Sends a handset's message; resolves with the outcome of each part. It waits for a receiver like a receipt does.
   * Rejects with a RangeError when nobody is bound and it names no systemId.
   */
  sendFromHandset(message: HandsetMessage): Promise<readonly DeliverOutcome[]>;
  /** Replaces all hostile behaviours by these; none makes it well-behaved again. */
  behave(...behaviours: readonly BehaviourSpec[]): void;
  /** Adds one that acts after those in force, whose counts go on. */
  addBehaviour(behaviour: BehaviourSpec): void;
  /** Those in force, in the order in which they act; also those that have struck as often as they may. */
  behaviours(): readonly BehaviourSpec[];
  /** Receipts and handset messages that wait for a receiver. */
  waitingReceipts(): number;
  /** Unbinds every session and stops; abruptly cuts them. Stopping twice is harmless. */
  stop(options?: { readonly abruptly?: boolean }): Promise<void>;
}

interface BehaviourInForce {
  readonly spec: BehaviourSpec;
  readonly behaviour: Behaviour;
}

/** Starts a simulator; rejects when it cannot listen or its record cannot be opened. */
export async function startSimulator(options: SimulatorOptions = {}): Promise<Simulator> {
  const settings = withDefaults(options);
  const board = createCounterBoard();
  const random = createRandom(settings.seed);
  const dueQueue = new DueQueue(settings.clock);
  const log = new ReceivedLog(settings.maxReceived);
  const recorder = settings.recordTo === undefined ? undefined : openRecorder(settings.recordTo);
  const outboxes = new Map<string, Outbox>();
  const sessions = new Set<Session>();
  let lastSessionId = 0;
  let stopping: Promise<void> | undefined;

  let inForce: readonly BehaviourInForce[] = [];
  let behaviours = chainBehaviours([]);
  const interpret = (spec: BehaviourSpec) => ({ spec, behaviour: interpretBehaviour(spec, random) });
  function putInForce(next: readonly BehaviourInForce[]): void {
    inForce = next;
    behaviours = chainBehaviours(next.map(({ behaviour }) => behaviour));
  }
  putInForce((settings.behaviours ?? []).map(interpret));
  const chain = () => behaviours;

  function outboxOf(systemId: string): Outbox {
    let outbox = outboxes.get(systemId);
    if (outbox === undefined) {
      outbox = new Outbox({ settings, board, dueQueue });
      outboxes.set(systemId, outbox);
    }
    return outbox;
  }

  const submitDesk = createSubmitDesk({ settings, board, dueQueue, log, random, recorder, chain, outboxOf });
  const house = {
    settings,
    board,
    submitDesk,
    messageDesk: createMessageDesk(log, submitDesk, board),
    chain,
    outboxOf,
    boundSessions: (systemId: string) =>
      [...sessions].filter((session) => session.isBound && session.systemId === systemId).length,
    onClose: (session: Session) => void sessions.delete(session),
  };

  function onConnection(socket: Socket): void {
    board.count("connections");
    sessions.add(new Session(++lastSessionId, socket, house));
  }

  const server =
    settings.tls === undefined
      ? createServer({ noDelay: true }, onConnection)
      : createTlsServer(settings.tls, onConnection);
  server.listen(settings.port, settings.host);
  try {
    await once(server, "listening");
  } catch (error) {
    recorder?.close();
    throw error;
  }
  const { address, port } = server.address() as AddressInfo;

  async function close(abruptly: boolean): Promise<void> {
    const closed = once(server, "close");
    server.close();
    for (const outbox of outboxes.values()) outbox.close();
    dueQueue.clear();
    const cut = () => {
      for (const session of sessions) session.connection.destroy({ kind: "dropped" });
    };
    if (abruptly) cut();
    const grace = settings.clock.setTimeout(cut, STOP_GRACE_MS);
    await Promise.all(
      [...sessions].map((session) =>
        session.isBound && !session.isGone()
          ? session.connection.unbind()
          : session.connection.destroy({ kind: "dropped" }),
      ),
    );
    await closed;
    grace.cancel();
    recorder?.close();
  }

  return {
    host: address,
    port,
    received: () => Array.from(log.messages(), viewOf),
    sessions: () => Array.from(sessions, (session) => session.view()),
    counters: () => ({ ...board.counters }),
    waitUntil: (isReached, signal) => board.waitUntil(isReached, signal),
    async sendFromHandset(message) {
      const systemId = message.systemId ?? [...sessions].find(({ isBound }) => isBound)?.systemId;
      if (systemId === undefined) throw new RangeError("nobody is bound and no systemId was given");
      const outbox = outboxOf(systemId);
      return Promise.all(
        deliverSmsOf(message).map(
          (content) => new Promise<DeliverOutcome>((resolve) => outbox.add("handset", content, resolve)),
        ),
      );
    },
    behave: (...specs) => putInForce(specs.map(interpret)),
    addBehaviour: (spec) => putInForce([...inForce, interpret(spec)]),
    behaviours: () => inForce.map(({ spec }) => spec),
    waitingReceipts: () => [...outboxes.values()].reduce((sum, { waiting }) => sum + waiting, 0),
    stop: ({ abruptly = false } = {}) => (stopping ??= close(abruptly)),
  };
}
