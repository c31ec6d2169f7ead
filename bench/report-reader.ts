/**
 * A subscriber in a process of its own: reads final reports from now on. For each number on standard input it prints,
 * when so many have been read since the one before, the time in milliseconds since the epoch.
 */
import { createInterface } from "node:readline";
import { DeliveryState } from "../src/gen/smsrelay/v1/delivery.ts";
import { StreamDeliveryReportsRequest } from "../src/gen/smsrelay/v1/sms_service.ts";
import { InitialStart } from "../src/gen/smsrelay/v1/subscription.ts";
import { connectSmsClient } from "../test/support/sms-client.ts";

const [port = "", apiKey = ""] = process.argv.slice(2);
using client = connectSmsClient(Number(port), apiKey);

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

const request = StreamDeliveryReportsRequest.create({
  start: { initialStart: InitialStart.INITIAL_START_NOW },
  states: [
    DeliveryState.DELIVERY_STATE_DELIVERED,
    DeliveryState.DELIVERY_STATE_UNDELIVERABLE,
    DeliveryState.DELIVERY_STATE_EXPIRED,
    DeliveryState.DELIVERY_STATE_REJECTED,
    DeliveryState.DELIVERY_STATE_UNKNOWN,
  ],
});
process.once("SIGTERM", () => process.exit(0));
// The stream has begun at its place once the account's report bounds were read, well within this wait.
const responses = client.sms.streamDeliveryReports(request);
setTimeout(() => process.stdout.write("reading\n"), 1_000);
for await (const { reports } of responses) {
  read += reports.length;
  tellWhenReached();
}
