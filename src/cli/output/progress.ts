/** A progress bar on a terminal; nothing where the output goes elsewhere. */
import type { CliContext } from "../context.ts";
import { countText } from "./output.ts";

export interface Progress {
  show(done: number): void;
  /** Prints a line above the bar. */
  print(line: string): void;
  end(): void;
}

const width = 30;
const everyMs = 100;

/** A bar for `total` things. */
export function createProgress(context: CliContext, total: number): Progress {
  const { clock, progress } = context;
  const startMs = clock.monotonic();
  let drawnMs = Number.NEGATIVE_INFINITY;
  return {
    show(done) {
      const nowMs = clock.monotonic();
      if (progress === undefined || (nowMs - drawnMs < everyMs && done < total)) return;
      drawnMs = nowMs;
      const share = total === 0 ? 1 : Math.min(1, done / total);
      const full = Math.round(share * width);
      const rate = Math.round(done / Math.max(0.001, (nowMs - startMs) / 1000));
      progress(
        `[${"#".repeat(full)}${".".repeat(width - full)}] ${countText(done)} of ${countText(total)}, ${countText(rate)}/s`,
      );
    },
    print(line) {
      progress?.("");
      context.err(line);
    },
    end: () => progress?.(""),
  };
}
