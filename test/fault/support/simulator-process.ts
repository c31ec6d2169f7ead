/** The SMSC in a process of its own. */
import { join } from "node:path";
import { type NodeProcess, startNode } from "../../support/node-process.ts";

const program = join(import.meta.dirname, "../programs/simulator.ts");

export interface SimulatorProcess extends NodeProcess {
  readonly port: number;
}

/** Starts it on a port, 0 for any, and waits until it listens. */
export async function startSimulatorProcess(port: number, recordTo?: string): Promise<SimulatorProcess> {
  const args = recordTo === undefined ? [`${port}`] : [`${port}`, recordTo];
  const child = startNode(program, args);
  return { ...child, port: Number(await child.nextLine()) };
}
