/**
 * Collects what is to be sent and hands it to the socket once a turn of the event loop, as one write: a thousand small
 * PDUs cost one system call. While the socket is full nothing more is handed over, so that what has not left is known.
 */
import type { Socket } from "node:net";

/** What the batch tells the sender of a PDU, and asks before it sends. */
export interface Shipment {
  /** Leaves only while the owner may write; binding and unbinding always do. */
  readonly inWindow: boolean;
  /** Set when the octets are handed to the system; from there nobody can tell whether the peer gets them. */
  written: boolean;
  /** A PDU that nobody waits for any more is not sent. */
  readonly settled: boolean;
}

export interface OutgoingBatchOptions<Kind extends Shipment> {
  /** Asked before each write that carries something of the window, also of what has waited for the socket to drain. */
  readonly mayWrite: () => boolean;
  /** It was not written and will not be, because the owner may not. */
  readonly onWithheld: (shipment: Kind) => void;
}

/** Octets after which a batch is written without waiting for the end of the turn. */
const FLUSH_OCTETS = 65_536;

export class OutgoingBatch<Kind extends Shipment> {
  readonly #socket: Socket;
  readonly #options: OutgoingBatchOptions<Kind>;
  #buffers: Buffer[] = [];
  #shipments: (Kind | undefined)[] = [];
  #octets = 0;
  #scheduled = false;
  #isFull = false;

  constructor(socket: Socket, options: OutgoingBatchOptions<Kind>) {
    this.#socket = socket;
    this.#options = options;
    socket.on("drain", () => {
      this.#isFull = false;
      this.flush();
    });
  }

  /** Octets that wait here because the socket is full or the turn has not ended. */
  get heldOctets(): number {
    return this.#octets;
  }

  add(buffer: Buffer, shipment?: Kind): void {
    this.#buffers.push(buffer);
    this.#shipments.push(shipment);
    this.#octets += buffer.length;
    if (this.#isFull) return;
    if (this.#octets >= FLUSH_OCTETS) {
      this.flush();
    } else if (!this.#scheduled) {
      this.#scheduled = true;
      setImmediate(() => {
        this.#scheduled = false;
        this.flush();
      });
    }
  }

  /** Writes what was collected, unless the socket is full. */
  flush(): void {
    if (!this.#isFull) this.flushAll();
  }

  /** Writes what was collected even to a full socket: nothing follows it. */
  flushAll(): void {
    if (this.#buffers.length === 0 || !this.#socket.writable) return;
    const buffers = this.#buffers;
    const shipments = this.#shipments;
    this.#buffers = [];
    this.#shipments = [];
    this.#octets = 0;
    const { mayWrite, onWithheld } = this.#options;
    let isAllowed: boolean | undefined;
    const sent: Buffer[] = [];
    for (const [i, buffer] of buffers.entries()) {
      const shipment = shipments[i];
      if (shipment?.settled === true) continue;
      if (shipment?.inWindow === true) {
        isAllowed ??= mayWrite();
        if (!isAllowed) {
          onWithheld(shipment);
          continue;
        }
      }
      if (shipment !== undefined) shipment.written = true;
      sent.push(buffer);
    }
    if (sent.length === 0) return;
    const single = sent.length === 1 ? sent[0] : undefined;
    this.#isFull = !this.#socket.write(single ?? Buffer.concat(sent));
  }
}
