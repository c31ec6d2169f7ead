/**
 * An SMSC over TCP whose every answer the test writes itself: it hands out binds and submits one by one and answers only what it
 * is told to.
 */
import { createServer, type Server, type Socket } from "node:net";
import { createServer as createTlsServer, type TlsOptions } from "node:tls";
import { SmppConnection } from "../../src/smpp/connection.ts";
import type {
  CloseReason,
  ConnectionFault,
  IncomingRequest,
  RequestOutcome,
} from "../../src/smpp/connection-options.ts";
import type { PduContent, PduOf } from "../../src/smpp/pdu.ts";
import { createFakeClock } from "./fake-clock.ts";
import { createSignalQueue, type SignalQueue } from "./signal-queue.ts";

export type Bind = PduOf<"bind_transceiver"> | PduOf<"bind_transmitter"> | PduOf<"bind_receiver">;

/** One session as the SMSC sees it. */
export interface ScriptedSession {
  readonly connection: SmppConnection;
  readonly socket: Socket;
  readonly bind: Bind;
  readonly submits: SignalQueue<PduOf<"submit_sm">>;
  readonly faults: SignalQueue<ConnectionFault>;
  readonly closed: Promise<CloseReason>;
  /** Answers a submit_sm with an id, or with a status. */
  answer(submit: PduOf<"submit_sm">, said: { readonly id?: string; readonly status?: number }): void;
  /** Sends a deliver_sm and resolves to its outcome. */
  deliver(content: Omit<PduContent<"deliver_sm">, "command">): Promise<RequestOutcome<"deliver_sm">>;
}

export interface ScriptedSmsc {
  readonly port: number;
  /** Sessions in the order of their binds; each bind is answered by `bindStatus`. */
  readonly sessions: SignalQueue<ScriptedSession>;
  /** Binds that were refused, with the time of nobody's clock. */
  readonly refused: SignalQueue<Bind>;
  /** The status of the next binds; 0 accepts them. */
  bindStatus: number;
  stop(): Promise<void>;
}

export interface ScriptedSmscOptions {
  /** sc_interface_version in the bind response; undefined leaves it out. */
  readonly interfaceVersion?: number | undefined;
  readonly tls?: TlsOptions;
  /** Answers the binds in place of `bindStatus`; `accept` takes one as usual, also later. */
  readonly onBind?: (bind: Bind, connection: SmppConnection, accept: () => void) => void;
}

/** Starts it on a free port of 127.0.0.1. */
export async function startScriptedSmsc(options: ScriptedSmscOptions = {}): Promise<ScriptedSmsc> {
  const sessions = createSignalQueue<ScriptedSession>();
  const refused = createSignalQueue<Bind>();
  const sockets = new Set<Socket>();
  const take = (socket: Socket): void => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    socket.on("error", () => {});
    serve(socket, smsc, options);
  };
  const server: Server = options.tls === undefined ? createServer(take) : createTlsServer(options.tls, take);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new TypeError("no port");
  const smsc: ScriptedSmsc = {
    port: address.port,
    sessions,
    refused,
    bindStatus: 0,
    async stop() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return smsc;
}

function serve(socket: Socket, smsc: ScriptedSmsc, options: ScriptedSmscOptions): void {
  const submits = createSignalQueue<PduOf<"submit_sm">>();
  const faults = createSignalQueue<ConnectionFault>();
  const closed = Promise.withResolvers<CloseReason>();
  const connection = new SmppConnection(socket, {
    clock: createFakeClock(),
    window: 1_000,
    responseTimeoutMs: 60_000,
    enquireLinkIntervalMs: 0,
    enquireLinkTimeoutMs: 1_000,
    enquireLinkMissLimit: 1,
    onRequest: (request) => onRequest(request),
    onFault: (fault) => faults.push(fault),
    onClose: (reason) => closed.resolve(reason),
  });

  function onRequest(request: IncomingRequest): void {
    switch (request.command) {
      case "bind_transceiver":
      case "bind_transmitter":
      case "bind_receiver":
        onBind(request);
        break;
      case "submit_sm":
        submits.push(request);
        break;
      default:
        throw new TypeError(`the gateway sent ${request.command}`);
    }
  }

  function onBind(bind: Bind): void {
    if (options.onBind !== undefined) {
      options.onBind(bind, connection, () => accept(bind));
    } else if (smsc.bindStatus !== 0) {
      connection.respond(bind, { command_status: smsc.bindStatus });
      smsc.refused.push(bind);
    } else {
      accept(bind);
    }
  }

  function accept(bind: Bind): void {
    const version = "interfaceVersion" in options ? options.interfaceVersion : 0x34;
    connection.respond(bind, { body: { system_id: "smsc" }, tlvs: { sc_interface_version: version } });
    smsc.sessions.push({
      connection,
      socket,
      bind,
      submits,
      faults,
      closed: closed.promise,
      answer(submit, { id = "", status = 0 }) {
        connection.respond(submit, status === 0 ? { body: { message_id: id } } : { command_status: status });
      },
      deliver: (content) => connection.request({ ...content, command: "deliver_sm" }),
    });
  }
}
