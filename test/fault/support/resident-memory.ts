/** The memory of another process, from Linux's /proc. */
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
