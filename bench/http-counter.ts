/**
 * Counts HTTP requests, as a receiver of delivery reports by webhook would. First it prints its port; then, for each number on standard
 * input, how many have come since the one before and when the last of them came (milliseconds since the epoch): once so many have
 * come, or no more for a while.
 */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { createInterface } from "node:readline";

const quietMs = 3_000;
const now = () => performance.timeOrigin + performance.now();

let read = 0;
let wanted = Number.POSITIVE_INFINITY;
let lastMs = 0;

function tell(): void {
  process.stdout.write(`${read} ${lastMs}\n`);
  read = 0;
  wanted = Number.POSITIVE_INFINITY;
}

createInterface({ input: process.stdin })
  .on("line", (line) => {
    wanted = Number(line);
    if (read >= wanted) tell();
  })
  .on("close", () => process.exit(0));
process.once("SIGTERM", () => process.exit(0));

const server = createServer((_, response) => {
  response.end("ok");
  read += 1;
  lastMs = now();
  if (read >= wanted) tell();
});
server.listen(0, "127.0.0.1", () => process.stdout.write(`${(server.address() as AddressInfo).port}\n`));
setInterval(() => {
  if (Number.isFinite(wanted) && read > 0 && now() - lastMs > quietMs) tell();
}, 500).unref();
