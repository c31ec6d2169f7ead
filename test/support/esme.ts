/** An ESME on our own protocol library, for tests of servers: it binds, and keeps what it is sent. */
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { systemClock } from "../../src/observability/clock.ts";
import { SmppConnection } from "../../src/smpp/connection.ts";
import type {
  CloseReason,
  ConnectionFault,
  IncomingRequest,
  RequestOutcome,
} from "../../src/smpp/connection-options.ts";
import type { PduContent } from "../../src/smpp/pdu.ts";

export interface Esme {
  readonly connection: SmppConnection;
  readonly socket: Socket;
  /** What the server sent, in order. */
  readonly requests: IncomingRequest[];
  readonly faults: ConnectionFault[];
  /** The next request of the server that has not been taken yet. */
  next(): Promise<IncomingRequest>;
  readonly closed: Promise<CloseReason>;
}

type BindName = "bind_receiver" | "bind_transmitter" | "bind_transceiver";

export interface EsmeOptions {
  readonly port: number;
  readonly bind?: "bind_receiver" | "bind_transmitter" | "bind_transceiver";
  readonly systemId?: string;
  readonly password?: string;
  readonly interfaceVersion?: number;
  readonly window?: number;
  readonly socket?: Socket;
  /** The status that each deliver_sm is answered with; undefined does not answer. Default ESME_ROK. */
  readonly answer?: (request: IncomingRequest) => number | undefined;
}

/** Connects and sends the bind; answers its outcome beside the ESME. */
export async function connectEsme(
  options: EsmeOptions,
): Promise<{ readonly esme: Esme; readonly bound: RequestOutcome<"bind_transceiver"> }> {
  const socket = options.socket ?? connect(options.port, "127.0.0.1");
  if (socket.connecting) await once(socket, "connect");
  const requests: IncomingRequest[] = [];
  const faults: ConnectionFault[] = [];
  const waiting: ((request: IncomingRequest) => void)[] = [];
  let taken = 0;
  const { promise: closed, resolve: close } = Promise.withResolvers<CloseReason>();
  const connection = new SmppConnection(socket, {
    clock: systemClock,
    window: options.window ?? 1_000,
    responseTimeoutMs: 10_000,
    enquireLinkIntervalMs: 0,
    enquireLinkTimeoutMs: 5_000,
    enquireLinkMissLimit: 2,
    onRequest(request) {
      requests.push(request);
      const first = waiting.shift();
      if (first !== undefined) {
        taken++;
        first(request);
      }
      const status = options.answer === undefined ? 0 : options.answer(request);
      if (status !== undefined) connection.respond(request, { command_status: status });
    },
    onFault: (fault) => faults.push(fault),
    onClose: close,
  });
  const esme: Esme = {
    connection,
    socket,
    requests,
    faults,
    closed,
    next() {
      const request = requests[taken];
      if (request === undefined) return new Promise((resolve) => waiting.push(resolve));
      taken++;
      return Promise.resolve(request);
    },
  };
  const bound = await new Promise<RequestOutcome<BindName>>((resolve) => {
    const body = {
      system_id: options.systemId ?? "esme",
      password: options.password ?? "secret",
      interface_version: options.interfaceVersion ?? 0x34,
    };
    connection.bind<BindName>({ command: options.bind ?? "bind_transceiver", body }, 10_000, resolve);
  });
  return { esme, bound: bound as RequestOutcome<"bind_transceiver"> };
}

/** A submit_sm to a number, with a receipt asked for. */
export function submitTo(
  destination_addr: string,
  body: NonNullable<PduContent<"submit_sm">["body"]> = {},
  tlvs: NonNullable<PduContent<"submit_sm">["tlvs"]> = {},
): PduContent<"submit_sm"> {
  return {
    command: "submit_sm",
    body: {
      source_addr_ton: 5,
      source_addr: "Acme",
      dest_addr_ton: 1,
      dest_addr_npi: 1,
      destination_addr,
      registered_delivery: 1,
      short_message: Buffer.from("Hello"),
      ...body,
    },
    tlvs,
  };
}

/** The message_id of an accepting response; fails on any other outcome. */
export function idOf(outcome: RequestOutcome<"submit_sm">): string {
  if (outcome.kind !== "response" || outcome.pdu.command_status !== 0) {
    throw new Error(`not accepted: ${JSON.stringify(outcome)}`);
  }
  return outcome.pdu.body.message_id;
}
