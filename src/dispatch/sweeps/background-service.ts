/** A piece of work that is done again and again, one tick at a time; stopping waits for the tick that is running. */
import type { Clock, Timer } from "../../observability/clock.ts";
import type { Logger } from "../../observability/logger.ts";

export interface BackgroundService {
  /** Harmless when repeated. */
  start(): void;
  /** Waits for the tick that is running; harmless when repeated, and before `start`. */
  stop(): Promise<void>;
}

export interface BackgroundWork {
  /** For log lines, for instance `expirer`. */
  readonly name: string;
  /** Wait after a tick that found nothing more to do. */
  readonly everyMs: number;
  /** One bounded step; true where more is waiting, so that the next one follows without delay. */
  readonly tick: (signal: AbortSignal) => Promise<boolean>;
}

/** Runs `work` until it is stopped. A tick that throws is tried again after its time; a fault that lasts is logged once. */
export function createBackgroundService(
  work: BackgroundWork,
  { clock, log }: { readonly clock: Clock; readonly log: Logger },
): BackgroundService {
  const aborter = new AbortController();
  let timer: Timer | undefined;
  let running: Promise<void> | undefined;
  let fault: string | undefined;

  async function run(): Promise<void> {
    try {
      while (!aborter.signal.aborted && (await work.tick(aborter.signal)));
      if (fault !== undefined) log.info({ service: work.name }, "A background step works again.");
      fault = undefined;
    } catch (err) {
      const found = String(err);
      if (found !== fault)
        log.error({ err, service: work.name }, "A background step fails; it is tried again and again.");
      fault = found;
    }
    running = undefined;
    schedule();
  }

  function schedule(): void {
    if (aborter.signal.aborted) return;
    timer = clock.setTimeout(() => {
      timer = undefined;
      running = run();
    }, work.everyMs);
  }

  return {
    start() {
      if (timer !== undefined || running !== undefined || aborter.signal.aborted) return;
      running = run();
    },
    async stop() {
      aborter.abort();
      timer?.cancel();
      timer = undefined;
      await running;
    },
  };
}
