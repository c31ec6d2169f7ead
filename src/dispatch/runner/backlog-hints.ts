/**
 * What is believed about one gateway's queue in the store: whether deliveries wait there, and when it is worth asking. Hints may
 * be lost or wrong without harm; a slow poll makes up for them.
 */
import { type Lane, lanes } from "../../domain/message.ts";
import type { Clock, Timer } from "../../observability/clock.ts";
import type { Claim } from "../../store/accepting.ts";
import { countAll } from "../../store/state-counts.ts";

/** Wait before asking again where the store says that something waits but hands nothing out. */
const puzzledMs = 100;

export class BacklogHints {
  readonly #clock: Clock;
  readonly #onDue: () => void;
  /** Something is believed to wait: what is accepted now has to wait behind it. */
  readonly #known: Record<Lane, boolean> = { OTP: true, NORMAL: true, BULK: true };
  /** Asking may bring something. */
  readonly #due: Record<Lane, boolean> = { OTP: true, NORMAL: true, BULK: true };
  #wakes = 0;
  #heldUntilMs = 0;
  #lastAskMs: number;
  #timer: Timer | undefined;
  #timerAtMs = Number.POSITIVE_INFINITY;
  #isClosed = false;

  constructor(clock: Clock, onDue: () => void) {
    this.#clock = clock;
    this.#onDue = onDue;
    this.#lastAskMs = clock.monotonic();
  }

  isKnown(lane: Lane): boolean {
    return this.#known[lane];
  }

  isDue(lane: Lane): boolean {
    return this.#due[lane] && this.#clock.monotonic() >= this.#heldUntilMs;
  }

  /** Something was put into the queue, of this lane where it is known. */
  wake(lane?: Lane): void {
    this.#wakes++;
    for (const one of lane === undefined ? lanes : [lane]) this.#known[one] = this.#due[one] = true;
    this.#onDue();
  }

  /** Something of this lane becomes available at `timeMs` since the epoch. */
  wakeAt(timeMs: number, lane?: Lane): void {
    const delayMs = Math.ceil(timeMs - this.#clock.now());
    if (delayMs <= 0) {
      this.wake(lane);
      return;
    }
    const atMs = this.#clock.monotonic() + delayMs;
    if (atMs >= this.#timerAtMs || this.#isClosed) return;
    this.#timer?.cancel();
    this.#timerAtMs = atMs;
    this.#timer = this.#clock.setTimeout(() => {
      this.#timer = undefined;
      this.#timerAtMs = Number.POSITIVE_INFINITY;
      for (const lane of lanes) this.#due[lane] = true;
      this.#wakes++;
      this.#onDue();
    }, delayMs);
  }

  /** Asks for nothing for a while, whatever is woken meanwhile. */
  holdFor(delayMs: number): void {
    this.#heldUntilMs = this.#clock.monotonic() + delayMs;
    this.wakeAt(this.#clock.now() + delayMs);
  }

  /** Ends holding: the gateway can send again. */
  release(): void {
    this.#heldUntilMs = 0;
    for (const lane of lanes) this.#due[lane] = true;
  }

  pollEvery(pollMs: number): void {
    if (this.#clock.monotonic() - this.#lastAskMs < pollMs) return;
    for (const lane of lanes) this.#due[lane] = true;
  }

  /** Before a claim; what it returns goes to `end`. */
  begin(): number {
    this.#lastAskMs = this.#clock.monotonic();
    return this.#wakes;
  }

  /** Learns from what a claim brought. */
  end(turn: number, claim: Claim, limits: Readonly<Record<Lane, number>>, nowMs: number): void {
    const next = claim.nextAvailableTimeMs;
    // What was woken while the claim was under way may not have been seen by it.
    if (turn !== this.#wakes) return;
    const counts = countByLane(claim);
    // It stopped at what it had to end, and there may be more behind.
    const wasCutShort = countAll(claim.overdue) > 0;
    let isAnyDue = false;
    for (const lane of lanes) {
      const isLeft = next !== undefined && next <= nowMs;
      // A lane that was not asked is as it was: taking it for due had the others asked in turn, without end, while one was full.
      const mayHoldMore =
        isLeft && (limits[lane] === 0 ? this.#due[lane] : counts[lane] >= limits[lane] || wasCutShort);
      this.#known[lane] = this.#due[lane] = mayHoldMore;
      isAnyDue ||= mayHoldMore;
    }
    if (next === undefined || isAnyDue) return;
    this.wakeAt(Math.max(next, nowMs + (next <= nowMs ? puzzledMs : 0)));
  }

  close(): void {
    this.#isClosed = true;
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#timerAtMs = Number.POSITIVE_INFINITY;
  }
}

function countByLane(claim: Claim): Readonly<Record<Lane, number>> {
  const counts = { OTP: 0, NORMAL: 0, BULK: 0 };
  const laneOf = new Map<string, Lane>(claim.messages.map((message) => [message.id, message.lane]));
  for (const delivery of claim.deliveries) {
    const lane = laneOf.get(delivery.id.slice(0, 36));
    if (lane !== undefined) counts[lane]++;
  }
  return counts;
}
