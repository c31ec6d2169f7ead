/**
 * Hands submissions to sessions in the order they came. The parts of one leave on one session with nothing of another between
 * them; while they wait for tokens or for room, that session is theirs alone.
 */
import type { Clock } from "../observability/clock.ts";
import type { PartResult, Submission } from "./gateway.ts";
import { SubmissionRun } from "./submission-run.ts";

/** What the submitter needs of a session. */
export interface SubmitSession {
  readonly canSubmit: boolean;
  /** Places in its window. */
  readonly free: number;
  /** Writes the run's next part; what cannot be written is settled at once. */
  write(run: SubmissionRun, nowMs: number): void;
}

export interface SubmitterOptions {
  readonly clock: Clock;
  readonly sessions: () => readonly SubmitSession[];
  /** Submissions that may wait for a place; more are handed back unsent. */
  readonly maxQueued: () => number;
  readonly onRoom: () => void;
}

export class Submitter {
  readonly #options: SubmitterOptions;
  readonly #queue: SubmissionRun[] = [];
  /** Sessions whose next parts belong to one run. */
  readonly #holders = new Map<SubmitSession, SubmissionRun>();
  readonly #isWaitingForToken = new Set<SubmissionRun>();
  /** One notice stands for all the places that a batch of answers frees. */
  #isNoticeDue = false;
  #isClosed = false;
  #onWritten: (() => void) | undefined;

  constructor(options: SubmitterOptions) {
    this.#options = options;
  }

  /** Submissions that find a place in a window now. */
  room(): number {
    let free = 0;
    for (const session of this.#options.sessions()) if (session.canSubmit) free += session.free;
    return this.#isClosed ? 0 : Math.max(0, free - this.#queue.length);
  }

  submit(submission: Submission): Promise<readonly PartResult[]> {
    return new Promise((resolve) => this.#accept(new SubmissionRun(submission, resolve)));
  }

  /** A place came free or a session was bound: goes on with what waits. */
  pump(): void {
    for (const session of this.#options.sessions()) {
      const holder = this.#holders.get(session);
      if (holder === undefined) continue;
      if (holder.isStopped || !this.#isWaitingForToken.has(holder)) this.#advance(session, holder);
    }
    let taken = 0;
    for (const run of this.#queue) {
      const session = this.#freest();
      if (session === undefined) break;
      taken += 1;
      this.#advance(session, run);
    }
    if (taken > 0) this.#queue.splice(0, taken);
    if (!this.#options.sessions().some((session) => session.canSubmit)) this.#refuseQueue();
    if (!this.#isNoticeDue) {
      this.#isNoticeDue = true;
      queueMicrotask(this.#notice);
    }
  }

  /** A session went: the run that held it gets no further part. */
  released(session: SubmitSession): void {
    const holder = this.#holders.get(session);
    this.#letGo(session);
    holder?.stop("no_session", this.#options.clock.now());
    this.pump();
  }

  /** Takes nothing more; what has begun to leave may finish. */
  close(): void {
    this.#isClosed = true;
    this.#refuseQueue();
  }

  /** Resolves when every submission that has begun to leave is wholly written, or after `graceMs`. */
  written(graceMs: number): Promise<void> {
    if (this.#holders.size === 0 || graceMs <= 0) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = this.#options.clock.setTimeout(resolve, graceMs);
      this.#onWritten = () => {
        timer.cancel();
        resolve();
      };
    });
  }

  readonly #notice = (): void => {
    this.#isNoticeDue = false;
    if (this.room() > 0) this.#options.onRoom();
  };

  #accept(run: SubmissionRun): void {
    const session = this.#isClosed || this.#queue.length > 0 ? undefined : this.#freest();
    if (session !== undefined) {
      this.#advance(session, run);
      return;
    }
    const mayWait =
      !this.#isClosed &&
      this.#queue.length < this.#options.maxQueued() &&
      this.#options.sessions().some((each) => each.canSubmit);
    if (mayWait) this.#queue.push(run);
    else run.stop("no_session", this.#options.clock.now());
  }

  /** The session with the most free places that no run holds. */
  #freest(): SubmitSession | undefined {
    let best: SubmitSession | undefined;
    let most = 0;
    for (const session of this.#options.sessions()) {
      if (!session.canSubmit || this.#holders.has(session)) continue;
      const { free } = session;
      if (free > most) {
        most = free;
        best = session;
      }
    }
    return best;
  }

  /** Writes as many parts of the run as tokens and window allow, and lets go of the session after the last. */
  #advance(session: SubmitSession, run: SubmissionRun): void {
    while (run.nextPart !== undefined) {
      if (!session.canSubmit) {
        run.stop("no_session", this.#options.clock.now());
        break;
      }
      if (!run.hasToken) {
        const token = run.submission.takeToken();
        if (token !== undefined) {
          this.#hold(session, run, token);
          return;
        }
        run.hasToken = true;
      }
      if (session.free === 0) {
        this.#holders.set(session, run);
        return;
      }
      const nowMs = this.#options.clock.now();
      if (nowMs >= run.submission.expireTimeMs) {
        run.stop("expired", nowMs);
        break;
      }
      session.write(run, nowMs);
      run.hasToken = false;
    }
    if (this.#holders.get(session) === run) this.#letGo(session);
  }

  #letGo(session: SubmitSession): void {
    this.#holders.delete(session);
    if (this.#holders.size === 0) this.#onWritten?.();
  }

  #hold(session: SubmitSession, run: SubmissionRun, token: Promise<void>): void {
    this.#holders.set(session, run);
    this.#isWaitingForToken.add(run);
    const goOn = (): void => {
      this.#isWaitingForToken.delete(run);
      run.hasToken = true;
      if (this.#holders.get(session) === run) {
        this.#advance(session, run);
        this.pump();
      }
    };
    token.then(goOn, () => {
      // The rate was torn down; what is not written goes back to its owner.
      run.stop("no_session", this.#options.clock.now());
      goOn();
    });
  }

  #refuseQueue(): void {
    const nowMs = this.#options.clock.now();
    for (const run of this.#queue.splice(0)) run.stop("no_session", nowMs);
  }
}
