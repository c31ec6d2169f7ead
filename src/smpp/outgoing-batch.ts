/**
 * Collects what is to be sent and hands it to the socket once a turn of the event loop, as one write: a thousand small
 * PDUs cost one system call. While the socket is full nothing more is handed over, so that what has not left is known.
 */
import type { Socket } from "node:net";

/** What the batch tells the sender of a PDU, and asks before it sends. */
export interface Shipment {
  /** Set when the octets are handed to the system; from there nobody can tell whether the peer gets them. */
  written: boolean;
  /** A PDU that nobody waits for any more is not sent. */
  readonly settled: boolean;
}

/** Octets after which a batch is written without waiting for the end of the turn. */
const FLUSH_OCTETS = 65_536;

export class OutgoingBatch {
  readonly #socket: Socket;
  #buffers: Buffer[] = [];
  #shipments: (Shipment | undefined)[] = [];
  #octets = 0;
  #scheduled = false;
  #isFull = false;

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("drain", () => {
      this.#isFull = false;
      this.flush();
    });
  }

  /** Octets that wait here because the socket is full or the turn has not ended. */
  get heldOctets(): number {
    return this.#octets;
  }

  add(buffer: Buffer, shipment?: Shipment): void {
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
    const sent: Buffer[] = [];
    for (const [i, buffer] of this.#buffers.entries()) {
      const shipment = this.#shipments[i];
      if (shipment?.settled === true) continue;
      if (shipment !== undefined) shipment.written = true;
      sent.push(buffer);
    }
    this.#buffers = [];
    this.#shipments = [];
    this.#octets = 0;
    if (sent.length === 0) return;
    const single = sent.length === 1 ? sent[0] : undefined;
    this.#isFull = !this.#socket.write(single ?? Buffer.concat(sent));
  }
}
