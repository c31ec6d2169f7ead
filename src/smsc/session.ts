/** One ESME's connection to the simulator: binding, and handing its requests to the desks. */

import { timingSafeEqual } from "node:crypto";
import type { Socket } from "node:net";
import type { Timer } from "../observability/clock.ts";
import { COMMAND_STATUS } from "../smpp/command-status.ts";
import { SmppConnection } from "../smpp/connection.ts";
import type { IncomingRequest } from "../smpp/connection-options.ts";
import type { PduOf } from "../smpp/pdu.ts";
import type { BehaviourChain, ConnectionHandle } from "./behaviours/behaviour.ts";
import type { BoundSession } from "./bound-session.ts";
import type { CounterBoard } from "./counters.ts";
import type { MessageDesk } from "./message-desk.ts";
import type { SimulatorSettings } from "./options.ts";
import type { Outbox, Receiver } from "./outbox.ts";
import type { SubmitDesk } from "./submit-desk.ts";

/** The system_id that the simulator binds as. */
const SMSC_SYSTEM_ID = "sms-relay-smsc";
const VERSION = 0x34;
const ENQUIRE_LINK_TIMEOUT_MS = 10_000;
const ENQUIRE_LINK_MISSES = 2;

type BindPdu = PduOf<"bind_receiver"> | PduOf<"bind_transmitter"> | PduOf<"bind_transceiver">;
type BindType = "receiver" | "transmitter" | "transceiver";

/** A session as it is shown. */
export interface SessionView {
  readonly id: number;
  readonly systemId: string;
  readonly bindType: BindType | undefined;
  readonly remoteAddress: string;
  readonly interfaceVersion: number;
  /** deliver_sm's without an answer. */
  readonly inFlight: number;
}

export interface SessionHouse {
  readonly settings: SimulatorSettings;
  readonly board: CounterBoard;
  readonly submitDesk: SubmitDesk;
  readonly messageDesk: MessageDesk;
  readonly chain: () => BehaviourChain;
  readonly outboxOf: (systemId: string) => Outbox;
  /** Sessions bound under a system_id. */
  readonly boundSessions: (systemId: string) => number;
  readonly onClose: (session: Session) => void;
}

const BIND_TYPES = {
  bind_receiver: "receiver",
  bind_transmitter: "transmitter",
  bind_transceiver: "transceiver",
} as const;

function isSame(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
}

export class Session implements BoundSession {
  readonly id: number;
  readonly connection: SmppConnection;
  readonly handle: ConnectionHandle;
  readonly #house: SessionHouse;
  readonly #remoteAddress: string;
  readonly #bindTimer: Timer;
  #systemId = "";
  #bindType: BindType | undefined;
  #interfaceVersion = 0;
  #receiver: Receiver | undefined;
  #isGone = false;

  constructor(id: number, socket: Socket, house: SessionHouse) {
    const { settings, board } = house;
    this.id = id;
    this.#house = house;
    this.#remoteAddress = socket.remoteAddress ?? "";
    this.handle = {
      drop: (how) => this.#drop(how, socket),
      unbind: () => void this.connection.unbind(),
      write: (octets) => this.connection.writeRaw(octets),
    };
    this.connection = new SmppConnection(socket, {
      clock: settings.clock,
      window: settings.window,
      responseTimeoutMs: settings.responseTimeoutMs,
      enquireLinkIntervalMs: settings.enquireLinkIntervalMs,
      enquireLinkTimeoutMs: ENQUIRE_LINK_TIMEOUT_MS,
      enquireLinkMissLimit: ENQUIRE_LINK_MISSES,
      onRequest: (pdu, _, frame) => this.#take(pdu, frame),
      onRoom: () => {
        if (this.#receiver !== undefined) house.outboxOf(this.#systemId).pump();
      },
      onFault: () => board.count("faults"),
      onClose: (reason) => {
        this.#leave();
        house.onClose(this);
        if (reason.kind !== "unbound") board.count("drops");
        board.count("closed");
      },
    });
    this.#bindTimer = settings.clock.setTimeout(
      () => this.connection.end({ kind: "dropped" }),
      settings.bindTimeoutMs,
    );
  }

  get systemId(): string {
    return this.#systemId;
  }

  get isBound(): boolean {
    return this.#bindType !== undefined;
  }

  isGone(): boolean {
    return this.#isGone;
  }

  view(): SessionView {
    return {
      id: this.id,
      systemId: this.#systemId,
      bindType: this.#bindType,
      remoteAddress: this.#remoteAddress,
      interfaceVersion: this.#interfaceVersion,
      inFlight: this.connection.inFlight,
    };
  }

  #drop(how: "close" | "reset" | "silence", socket: Socket): void {
    this.#leave();
    if (how === "close") this.connection.end({ kind: "dropped" });
    else if (how === "silence") this.connection.pauseReading();
    else {
      // A TLS socket cannot be reset; there an abrupt end is all that the peer can see.
      if (this.#house.settings.tls === undefined) socket.resetAndDestroy();
      this.connection.destroy({ kind: "dropped" });
    }
  }

  /** Takes the session out of service; the socket may still be open. */
  #leave(): void {
    this.#isGone = true;
    this.#bindTimer.cancel();
    if (this.#receiver !== undefined) this.#house.outboxOf(this.#systemId).removeReceiver(this.#receiver);
  }

  #take(pdu: IncomingRequest, frame: Buffer): void {
    if (this.#isGone) return;
    switch (pdu.command) {
      case "bind_receiver":
      case "bind_transmitter":
      case "bind_transceiver":
        this.#bind(pdu);
        break;
      case "submit_sm":
      case "data_sm":
        if (this.#canTransmit(pdu)) this.#house.submitDesk.take(pdu, frame, this);
        break;
      case "query_sm":
        if (this.#canTransmit(pdu)) this.#house.messageDesk.query(pdu, this.#systemId, this.connection);
        break;
      case "cancel_sm":
        if (this.#canTransmit(pdu)) this.#house.messageDesk.cancel(pdu, this.#systemId, this.connection);
        break;
      case "replace_sm":
        if (this.#canTransmit(pdu)) this.#house.messageDesk.replace(pdu, this.#systemId, this.connection);
        break;
      case "submit_multi":
      case "deliver_sm":
        this.connection.respond(pdu, { command_status: COMMAND_STATUS.ESME_RINVCMDID });
        break;
    }
  }

  #canTransmit(pdu: Exclude<IncomingRequest, BindPdu>): boolean {
    if (this.#bindType === "transmitter" || this.#bindType === "transceiver") return true;
    this.connection.respond(pdu, { command_status: COMMAND_STATUS.ESME_RINVBNDSTS });
    return false;
  }

  #bind(pdu: BindPdu): void {
    const { board, outboxOf } = this.#house;
    const status = this.#bindStatus(pdu);
    if (status !== COMMAND_STATUS.ESME_ROK) {
      board.count("bindsRefused");
      this.connection.respond(pdu, { command_status: status });
      return;
    }
    this.#bindTimer.cancel();
    this.#systemId = pdu.body.system_id;
    this.#bindType = BIND_TYPES[pdu.command];
    this.#interfaceVersion = pdu.body.interface_version;
    const takesTlvs = this.#interfaceVersion >= VERSION;
    this.connection.respond(pdu, {
      body: { system_id: SMSC_SYSTEM_ID },
      tlvs: takesTlvs ? { sc_interface_version: VERSION } : {},
    });
    this.connection.watch();
    board.count("binds");
    if (this.#bindType === "transmitter") return;
    this.#receiver = { connection: this.connection, takesTlvs };
    outboxOf(this.#systemId).addReceiver(this.#receiver);
  }

  #bindStatus({ body }: BindPdu): number {
    const { settings, boundSessions, chain } = this.#house;
    if (this.isBound) return COMMAND_STATUS.ESME_RALYBND;
    const refusal = chain().bindStatus({ connection: this.handle, systemId: body.system_id });
    if (refusal !== undefined) return refusal;
    if (settings.accounts === "any") return COMMAND_STATUS.ESME_ROK;
    const account = settings.accounts.find(({ systemId }) => systemId === body.system_id);
    if (account === undefined) return COMMAND_STATUS.ESME_RINVSYSID;
    if (!isSame(account.password, body.password)) return COMMAND_STATUS.ESME_RINVPASWD;
    const isFull = boundSessions(account.systemId) >= (account.maxSessions ?? Number.POSITIVE_INFINITY);
    return isFull ? COMMAND_STATUS.ESME_RBINDFAIL : COMMAND_STATUS.ESME_ROK;
  }
}
