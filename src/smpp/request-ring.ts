/**
 * Requests under their sequence numbers. Numbers that are in use at once lie close together, so each has the cell of its last bits.
 * No Map: all that ever passed through a Map that lives long outlives it in the old generation (docs/adr/0073); with one, the service
 * kept 6 KB a message until the next full collection.
 */
export interface Numbered {
  readonly sequence_number: number;
}

const leastCells = 64;

export class RequestRing<Request extends Numbered> {
  #cells: (Request | undefined)[] = new Array<Request | undefined>(leastCells).fill(undefined);
  #count = 0;

  get(sequence_number: number): Request | undefined {
    const found = this.#cells[sequence_number & (this.#cells.length - 1)];
    return found?.sequence_number === sequence_number ? found : undefined;
  }

  /** Whether `put` finds the number's cell empty; where it does not, the ring has to grow. */
  isFree(sequence_number: number): boolean {
    return this.#cells[sequence_number & (this.#cells.length - 1)] === undefined;
  }

  /** Takes a request whose number no other one here has. */
  put(request: Request): void {
    while (!this.isFree(request.sequence_number) || this.#count * 2 >= this.#cells.length) this.#grow();
    this.#cells[request.sequence_number & (this.#cells.length - 1)] = request;
    this.#count += 1;
  }

  remove(sequence_number: number): void {
    if (this.get(sequence_number) === undefined) return;
    this.#cells[sequence_number & (this.#cells.length - 1)] = undefined;
    this.#count -= 1;
  }

  /** All, in no order that means anything. */
  *all(): Generator<Request, void> {
    for (const request of this.#cells) if (request !== undefined) yield request;
  }

  #grow(): void {
    const requests = [...this.all()];
    let length = this.#cells.length * 2;
    while (new Set(requests.map(({ sequence_number }) => sequence_number & (length - 1))).size < requests.length)
      length *= 2;
    this.#cells = new Array<Request | undefined>(length).fill(undefined);
    for (const request of requests) this.#cells[request.sequence_number & (length - 1)] = request;
  }
}
