/**
 * Under npm and npx this process runs below a shell and npm, and a signal may end one of those and nobody else: npm hands SIGTERM to its
 * shell, which dies of it and tells no child. A process that loses its parent this way stops as if it had received the signal.
 */
import { readFileSync } from "node:fs";
import type { Environment } from "../../config/environment.ts";
import type { Clock, Timer } from "../../observability/clock.ts";

/** How soon the loss is noticed. */
const lookMs = 200;

/** Calls `stop` once the parent is no longer the one of the start. Undefined where npm is not above this process. */
export function endWithParent(
  environment: Environment,
  clock: Pick<Clock, "setInterval">,
  stop: () => void,
): Timer | undefined {
  if (environment["npm_command"] === undefined) return undefined;
  const parent = process.ppid;
  const timer = clock.setInterval(() => {
    if (process.ppid === parent) return;
    timer.cancel();
    stop();
  }, lookMs);
  return timer;
}

/** Whether npx is process 1 of a container. At SIGTERM it ends half a second after its shell, and the container with it. */
export function isNpxTheInit(environment: Environment): boolean {
  if (environment["npm_command"] !== "exec") return false;
  try {
    return parentOf(process.ppid) === 1 && /\bnpm|npx\b/.test(readFileSync("/proc/1/cmdline", "utf8"));
  } catch {
    return false;
  }
}

/** From the fourth field of its stat, the second after the name in parentheses. */
function parentOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
}
