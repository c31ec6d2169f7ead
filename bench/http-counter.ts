/**
 * Counts HTTP requests, as a receiver of delivery reports by webhook would. For each number on standard input it prints, when so many
 * have come since the one before, the time in milliseconds since the epoch; first of all its port.
 */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { createInterface } from "node:readline";

let read = 0;
let wanted = Number.POSITIVE_INFINITY;

function tellWhenReached(): void {
  if (read < wanted) return;
  read -= wanted;
  wanted = Number.POSITIVE_INFINITY;
  process.stdout.write(`${performance.timeOrigin + performance.now()}\n`);
}

createInterface({ input: process.stdin })
  .on("line", (line) => {
    wanted = Number(line);
    tellWhenReached();
  })
  .on("close", () => process.exit(0));
process.once("SIGTERM", () => process.exit(0));

const server = createServer((_, response) => {
  response.end("ok");
  read += 1;
  tellWhenReached();
});
server.listen(0, "127.0.0.1", () => process.stdout.write(`${(server.address() as AddressInfo).port}\n`));
