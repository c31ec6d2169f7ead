/** What another process takes of memory and processor, from Linux's /proc. */
import { readFile } from "node:fs/promises";

const MIB = 1024;

/** MiB now, and the most that it ever was. */
export async function residentMemory(
  pid: number,
): Promise<{ readonly nowMib: number; readonly peakMib: number }> {
  const status = await readFile(`/proc/${pid}/status`, "utf8");
  const kib = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, "m").exec(status)?.[1]);
  return { nowMib: kib("VmRSS") / MIB, peakMib: kib("VmHWM") / MIB };
}

/** Ticks of the processor, of which Linux counts 100 a second, that it has used: they do not depend on what else the machine does. */
export async function processorTicks(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8");
  // proc_pid_stat(5): the second field is a name in brackets, 14 and 15 are utime and stime.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return Number(fields[11]) + Number(fields[12]);
}
