/** An SMSC in a process of its own, so that it can be killed: `simulator.ts PORT [RECORD_TO]`; prints its port. */
import { startSimulator } from "../../../src/smsc/start-simulator.ts";

const [port = "0", recordTo] = process.argv.slice(2);
const simulator = await startSimulator({
  port: Number(port),
  receiptDelayMs: 50,
  receiptJitterMs: 100,
  window: 500,
  maxReceived: 1_000,
  rules: [],
  ...(recordTo === undefined ? {} : { recordTo }),
});
process.stdout.write(`${simulator.port}\n`);
process.once("SIGTERM", () => void simulator.stop().then(() => process.exit(0)));
