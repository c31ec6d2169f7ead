/**
 * Cold data that every call asks for, held in memory as it was at the last look: what another process writes is in effect here within a
 * second. It has no timer of its own; compose/background looks.
 */
import type { Clock } from "../observability/clock.ts";

export interface FollowedDeps<Value> {
  /** What is held before the first look. */
  readonly initial: Value;
  /** Reads the store. `held` is answered as it is where nothing has changed, or together with what has. */
  readonly load: (held: Value) => Promise<Value>;
  /** Whether other processes write it too. */
  readonly isShared: boolean;
  readonly clock: Pick<Clock, "monotonic">;
}

export interface Looking {
  look(): Promise<void>;
}

export interface Followed<Value> extends Looking {
  readonly value: Value;
  /** Whether `value` may be gone by without a look: nothing older counts where others write it too. */
  isFresh(maxAgeMs?: number): boolean;
  /** Takes what was just written here. A look that is under way may not have seen it, and looks again. */
  change(edit: (value: Value) => Value): void;
  /** Resolves when `value` is what the store held at this call, or `maxAgeMs` before it. */
  look(maxAgeMs?: number): Promise<void>;
  /** Calls back whenever `value` has become another one. */
  onChange(listener: () => void): void;
}

/** Of what is gone by without a look. Looks come more often. */
export const trustMs = 900;
export const lookEveryMs = 500;

export function createFollowed<Value>(deps: FollowedDeps<Value>): Followed<Value> {
  const { load, isShared, clock } = deps;
  const listeners: (() => void)[] = [];
  let value = deps.initial;
  let lookedAtMs = Number.NEGATIVE_INFINITY;
  let revision = 0;
  let looking: { readonly beganMs: number; readonly done: Promise<void> } | undefined;

  function replace(next: Value): void {
    if (next === value) return;
    value = next;
    for (const listener of listeners) listener();
  }

  async function read(): Promise<void> {
    for (;;) {
      const beganMs = clock.monotonic();
      const seen = revision;
      const found = await load(value);
      if (seen !== revision) continue;
      lookedAtMs = beganMs;
      replace(found);
      return;
    }
  }

  return {
    get value() {
      return value;
    },
    // Asked at every call: where nobody else writes it, no clock is.
    isFresh: (maxAgeMs = trustMs) =>
      isShared ? clock.monotonic() - lookedAtMs < maxAgeMs : lookedAtMs !== Number.NEGATIVE_INFINITY,
    change(edit) {
      revision += 1;
      replace(edit(value));
    },
    async look(maxAgeMs = 0) {
      if (looking !== undefined && clock.monotonic() - looking.beganMs >= maxAgeMs)
        await looking.done.catch(() => undefined);
      // What was begun meanwhile was begun after this call.
      looking ??= {
        beganMs: clock.monotonic(),
        done: read().finally(() => {
          looking = undefined;
        }),
      };
      await looking.done;
    },
    onChange(listener) {
      listeners.push(listener);
    },
  };
}
