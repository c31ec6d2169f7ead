/** Milliseconds of the processor that this process has used: unlike those that pass, they do not depend on what else the machine does. */
export function processorMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
}
