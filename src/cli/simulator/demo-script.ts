/** What the demonstration sends, which reports it shows, and what must come of it. */
import type { DeliveryReport } from "../../gen/smsrelay/v1/delivery_report.ts";
import { Lane } from "../../gen/smsrelay/v1/message.ts";
import { type SendSmsRequest, StatusView, WaitFor } from "../../gen/smsrelay/v1/sms.ts";
import type { DeepPartial } from "../../gen/smsrelay/v1/sms_service.ts";
import { InitialStart } from "../../gen/smsrelay/v1/subscription.ts";
import type { Simulator } from "../../smsc/start-simulator.ts";
import type { ServiceClient } from "../client/client.ts";
import { type CliContext, CliFailure, exitCodes } from "../context.ts";
import { codeText, outcomeName, reasonName, stateName } from "../output/names.ts";
import { countOf, countText, tableText } from "../output/output.ts";

export interface DemoDeps {
  readonly client: ServiceClient;
  readonly context: CliContext;
  readonly north: Simulator;
  readonly south: Simulator;
}

/** One thing to send and what should become of all its deliveries. */
interface Act {
  readonly title: string;
  readonly request: DeepPartial<SendSmsRequest>;
  readonly recipients: readonly string[];
  readonly state: string;
  readonly gatewayId: string;
  readonly segmentCount: number;
}

const bulkCount = 500;
const text = (value: string) => ({ $case: "text", value }) as const;
const one = (recipient: string) => [recipient];

const acts: readonly Act[] = [
  {
    title: "one code, waiting for the gateway",
    request: { content: text("Your code is 4711"), lane: Lane.LANE_OTP, waitFor: WaitFor.WAIT_FOR_GATEWAY },
    recipients: one("+46701234567"),
    state: "DELIVERED",
    gatewayId: "north",
    segmentCount: 1,
  },
  {
    title: "a long text with emoji, cut between characters",
    request: { content: text("The parade passes your street at noon 🎉 ".repeat(4)) },
    recipients: one("+46701234568"),
    state: "DELIVERED",
    gatewayId: "north",
    segmentCount: 3,
  },
  {
    title: "a number that north refuses: south takes it",
    request: { content: text("This one takes the second way out") },
    recipients: one("+46731234567"),
    state: "DELIVERED",
    gatewayId: "south",
    segmentCount: 1,
  },
  {
    title: "a number that does not exist",
    request: { content: text("Nobody reads this") },
    recipients: one("+46701299001"),
    state: "UNDELIVERABLE",
    gatewayId: "north",
    segmentCount: 1,
  },
  {
    title: `${bulkCount} recipients in one request`,
    request: { content: text("The shop opens at nine"), lane: Lane.LANE_BULK },
    recipients: Array.from({ length: bulkCount }, (_, index) => `+4670200${String(index).padStart(4, "0")}`),
    state: "DELIVERED",
    gatewayId: "north",
    segmentCount: 1,
  },
];

/** Sends everything, shows the reports, and throws where anything is not as it should be. */
export async function runDemoScript(deps: DemoDeps): Promise<void> {
  const { context } = deps;
  const startMs = context.clock.monotonic();
  const expected = acts.reduce((sum, act) => sum + act.recipients.length, 0);
  const following = followReports(deps, expected);
  const sent = new Map<Act, string>();
  try {
    for (const act of acts) sent.set(act, await send(act, deps));
  } catch (error) {
    following.catch(() => {});
    throw error;
  }
  const reports = await following;
  const seconds = (context.clock.monotonic() - startMs) / 1_000;

  const failover = acts.find((act) => act.gatewayId === "south");
  if (failover !== undefined) await showAttempts(sent.get(failover) ?? "", deps);
  showSummary(reports, seconds, deps);
  const faults = findFaults(reports, sent, deps);
  if (faults.length > 0) throw new CliFailure(exitCodes.failed, faults.join("\n"));
  context.out(
    `Every one of ${countText(expected)} deliveries has its final report, and ${countText(reports.length)} reports have consecutive numbers.`,
  );
}

async function send(act: Act, { client, context }: DemoDeps): Promise<string> {
  const request = { sender: "SMSRELAY", recipients: [...act.recipients], ...act.request };
  const startMs = context.clock.monotonic();
  const response = await client.sms.sendSms(request, client.callOptions());
  const tookMs = (context.clock.monotonic() - startMs).toFixed(1);
  context.out(
    `→ ${act.title}: ${codeText(response.statusCode)} in ${tookMs} ms, ${countOf(response.totalSegmentCount, "segment")}`,
  );
  return response.messageId;
}

/** Reads until every delivery has its final report; shows all but those of the bulk message. */
async function followReports(
  { client, context }: DemoDeps,
  expected: number,
): Promise<readonly DeliveryReport[]> {
  const reports: DeliveryReport[] = [];
  let finals = 0;
  let bulkFinals = 0;
  const start = { initialStart: InitialStart.INITIAL_START_EARLIEST };
  for await (const page of client.sms.streamDeliveryReports({ start }, { signal: context.signal })) {
    for (const report of page.reports) {
      reports.push(report);
      const isEnd = isFinal(report);
      if (isEnd) finals++;
      if (!report.recipient.startsWith("+4670200")) context.out(reportLine(report));
      else if (isEnd && ++bulkFinals % 100 === 0) {
        context.out(
          `  ${String(report.reportNumber).padStart(5)}  ${countText(bulkFinals)} of ${bulkCount} of the bulk have ended`,
        );
      }
    }
    if (finals >= expected) return reports;
  }
  throw new CliFailure(exitCodes.failed, `The stream ended after ${finals} of ${expected} final reports.`);
}

function isFinal(report: DeliveryReport): boolean {
  return !["QUEUED", "SUBMITTED"].includes(stateName(report.state));
}

function reportLine(report: DeliveryReport): string {
  const parts = report.parts.length > 1 ? `${report.parts.length} parts` : "";
  const facts = [report.gatewayId, parts, reasonName(report.failureReason)].filter((fact) => fact !== "");
  return `  ${String(report.reportNumber).padStart(5)}  ${report.recipient}  ${stateName(report.state).padEnd(13)}  ${facts.join(", ")}`.trimEnd();
}

async function showAttempts(messageId: string, { client, context }: DemoDeps): Promise<void> {
  const { deliveries } = await client.sms.getStatus(
    { messageId, view: StatusView.STATUS_VIEW_FULL },
    client.callOptions(),
  );
  const attempts = deliveries.flatMap((delivery) => delivery.attempts);
  const rows = attempts.map((attempt) => {
    const status = attempt.parts[0]?.commandStatus ?? 0;
    const said = status === 0 ? "" : `command_status 0x${status.toString(16)}`;
    return [String(attempt.number), attempt.gatewayId, outcomeName(attempt.outcome), said];
  });
  context.out(
    `\nHow the refused one went:\n${tableText(["attempt", "gateway", "outcome", "the SMSC said"], rows)}\n`,
  );
}

function showSummary(
  reports: readonly DeliveryReport[],
  seconds: number,
  { context, north, south }: DemoDeps,
): void {
  const finals = reports.filter(isFinal);
  const tally = (names: readonly string[]) =>
    [...new Set(names)].map((name) => `${name} ${names.filter((other) => other === name).length}`).join(", ");
  const submits = north.counters().submits + south.counters().submits;
  const rows = [
    ["final states", tally(finals.map((report) => stateName(report.state)))],
    ["by gateway", tally(finals.map((report) => report.gatewayId))],
    ["submit_sm on the wire", countText(submits)],
    ["reports", countText(reports.length)],
    ["time", `${seconds.toFixed(2)} s, receipts of the SMSCs take 0.2 to 0.5 s of it`],
    [
      "rate",
      `${countText(Math.round(finals.length / seconds))} deliveries a second from request to final report`,
    ],
  ];
  context.out(`${tableText(["summary", ""], rows)}\n`);
}

/** Everything that is not as the acts say. */
function findFaults(
  reports: readonly DeliveryReport[],
  sent: ReadonlyMap<Act, string>,
  { north, south }: DemoDeps,
): readonly string[] {
  const faults: string[] = [];
  reports.forEach((report, index) => {
    if (report.reportNumber !== BigInt(index + 1))
      faults.push(`Report ${index + 1} has the number ${report.reportNumber}.`);
  });
  let parts = 0;
  for (const [act, messageId] of sent) {
    const finals = reports.filter((report) => report.messageId === messageId && isFinal(report));
    const good = finals.filter(
      (report) =>
        stateName(report.state) === act.state &&
        report.gatewayId === act.gatewayId &&
        report.segmentCount === act.segmentCount,
    );
    const recipients = new Set(good.map((report) => report.recipient));
    if (finals.length !== act.recipients.length || recipients.size !== act.recipients.length) {
      faults.push(
        `${act.title}: ${recipients.size} of ${act.recipients.length} ended ${act.state} by ${act.gatewayId} in ${countOf(act.segmentCount, "segment")}; ${finals.length} final reports.`,
      );
    }
    parts += act.recipients.length * act.segmentCount;
  }
  const accepted = north.counters().accepted + south.counters().accepted;
  if (accepted !== parts) faults.push(`The SMSCs accepted ${accepted} parts instead of ${parts}.`);
  return faults;
}
