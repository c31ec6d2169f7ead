/**
 * Under npm and npx there are a shell and npm above this process, and a signal to one of those may end it and nobody else: npm hands
 * SIGTERM to its shell, which dies of it and tells no child. A process that has lost its parent so is to stop as if it had been told.
 */
import { readFileSync } from "node:fs";
import type { Environment } from "../../config/environment.ts";
import type { Clock, Timer } from "../../observability/clock.ts";

/** How soon it is noticed. */
const lookMs = 200;

/** Calls `stop` once the parent is another than at the start. Undefined where no npm stands above. */
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

/** From the fourth field of its stat, which stands behind the name in parentheses. */
function parentOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
}
