/**
 * A probe, loaded with `--import`: on SIGUSR2 the main thread collects its garbage and prints `live memory` with the octets
 * that are left, in the heap and beside it. Unlike resident memory this does not depend on when V8 last found time to collect.
 */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { isMainThread } from "node:worker_threads";

if (isMainThread) {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  process.on("SIGUSR2", () => {
    collect();
    const { heapUsed, external } = process.memoryUsage();
    process.stdout.write(`live memory ${heapUsed + external}\n`);
  });
}
