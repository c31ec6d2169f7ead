/** The SMSC of the end-to-end benchmark in a process of its own; prints its port and serves until it is ended. */
import { startSimulator } from "../src/smsc/start-simulator.ts";

const simulator = await startSimulator({
  port: 0,
  receiptDelayMs: 100,
  window: 500,
  maxReceived: 1_000,
  rules: [],
});
process.stdout.write(`${simulator.port}\n`);
process.once("SIGTERM", () => {
  process.stderr.write(`${JSON.stringify(simulator.counters())}\n`);
  void simulator.stop().then(() => process.exit(0));
});
