/** Bulk sending: the rows of a CSV file over one SendSmsStream, with progress, and safe to repeat. */
import {
  type DeepPartial,
  type SendSmsStreamRequest,
  SendSmsStreamResponse,
} from "../../gen/smsrelay/v1/sms_service.ts";
import { SmsStatusCode } from "../../gen/smsrelay/v1/status_code.ts";
import { timeoutMsOf, withClient } from "../client/client.ts";
import { type CliContext, CliFailure, exitCodes, ToldFailure, usageFault } from "../context.ts";
import { type RereadableFile, spoolInput } from "../input/spool-input.ts";
import { codeText } from "../output/names.ts";
import { countOf, countText, jsonLine } from "../output/output.ts";
import { createProgress } from "../output/progress.ts";
import { protobufJson } from "../output/protobuf-json.ts";
import { rowsOf, surveyRows } from "./csv-rows.ts";
import { requestPart } from "./message-options.ts";
import type { SendOptions } from "./send-options.ts";
import { createSilence } from "./silence.ts";

/** Refusals that are printed one by one; beyond these only their number is. */
const refusalsShown = 20;

/** The column that a violation is about. */
const columnOf = new Map([
  ["recipients[0]", "recipient"],
  ["client_reference", "reference"],
]);

/** Sends every row and prints what became of them. Exits with 1 where a row was refused. */
export async function sendFile(
  file: string,
  text: string | undefined,
  options: SendOptions,
  context: CliContext,
): Promise<void> {
  if (options.to !== undefined || options.wait === true || options.requestId !== undefined) {
    throw usageFault("--file goes without --to, --wait and --request-id.");
  }
  await using source = await spoolInput(file, context);
  const { rowCount, digest, repeatedCount, firstRepeated } = await surveyRows(source, text, options.from);
  const batch = options.batch ?? digest.slice(0, 20);
  if (!/^[A-Za-z0-9._-]{1,50}$/.test(batch)) {
    throw usageFault("--batch must be 1 to 50 letters, digits, dots, dashes and underscores.");
  }
  if (repeatedCount > 0) {
    context.err(
      `Repeated, with the same text to the same recipient: ${countOf(repeatedCount, "row")}, the first on line ${firstRepeated}. Each row is a message.`,
    );
  }
  const { clock } = context;
  const startMs = clock.monotonic();
  const progress = createProgress(context, rowCount);
  const sum = { answered: 0, accepted: 0, replayed: 0, refused: 0, segments: 0 };
  const refusals = new Map<string, number>();
  let isOtherContent = false;

  const json =
    options.json === true ? await protobufJson("SendSmsStreamResponse", SendSmsStreamResponse) : undefined;

  const take = (response: SendSmsStreamResponse): void => {
    sum.answered++;
    const line = Number(response.requestId.slice(batch.length + 1));
    const { outcome } = response;
    if (outcome?.$case === "response") {
      if (outcome.value.replayed) sum.replayed++;
      else sum.accepted++;
      sum.segments += outcome.value.totalSegmentCount;
    } else if (outcome?.$case === "failure") {
      sum.refused++;
      if (outcome.value.statusCode === SmsStatusCode.SMS_STATUS_CODE_REQUEST_ID_REUSED) isOtherContent = true;
      const code = codeText(outcome.value.statusCode);
      refusals.set(code, (refusals.get(code) ?? 0) + 1);
      const faults = outcome.value.violations.map(
        ({ field, description }) => `${columnOf.get(field) ?? field}: ${description}`,
      );
      const sentence = faults.length === 0 ? outcome.value.text : faults.join("; ");
      if (json === undefined && sum.refused <= refusalsShown)
        progress.print(`line ${line}: ${code}: ${sentence}`);
    }
    if (json !== undefined) context.out(`{"line":${line},"answer":${json(response)}}`);
    progress.show(sum.answered);
  };
  const tellSum = () => {
    const seconds = Math.max(0.001, (clock.monotonic() - startMs) / 1000);
    const summary = { rows: rowCount, ...sum, batch, seconds: Number(seconds.toFixed(3)) };
    const isDryRun = options.dryRun === true;
    if (options.json === true) context.out(jsonLine({ summary }));
    else
      context.out(
        `${isDryRun ? "Dry run, nothing was sent: " : ""}${countText(sum.accepted)} accepted, ${countText(sum.replayed)} accepted before, ${countText(sum.refused)} refused ` +
          `in ${seconds.toFixed(1)} s (${countText(Math.round(sum.answered / seconds))}/s), ${countOf(sum.segments, "segment")}.`,
      );
  };

  const silence = createSilence(timeoutMsOf(options), context);
  try {
    await withClient(options, context, "default", async (client) => {
      const requests = requestsOf(source, text, options, batch);
      for await (const response of client.sms.sendSmsStream(requests, { signal: silence.signal })) {
        silence.begin();
        take(response);
      }
    });
    if (sum.answered < rowCount) {
      throw new CliFailure(
        exitCodes.unreachable,
        "The service ended the stream before it had answered every row.",
      );
    }
  } catch (error) {
    progress.end();
    context.err(
      `${countText(sum.answered)} of ${countOf(rowCount, "row")} were answered. The same command again goes on without sending twice.`,
    );
    if (options.json === true) tellSum();
    throw silence.isOver() ? unanswered(options) : error;
  } finally {
    silence.end();
  }
  progress.end();
  if (sum.refused === 0) return tellSum();
  const kinds = [...refusals].map(([code, count]) => `${countText(count)} × ${code}`).join(", ");
  const fault = `${countText(sum.refused)} of ${countOf(rowCount, "row")} ${options.dryRun === true ? "would be" : "were"} refused: ${kinds}.`;
  const advice = options.dryRun === true ? [] : adviceOf(batch, isOtherContent);
  context.err(["sms-relay:", fault, ...advice].join(" "), {
    error: fault,
    refusals: Object.fromEntries(refusals),
    batch,
    advice,
  });
  tellSum();
  throw new ToldFailure(exitCodes.failed, "Rows were refused.");
}

/** How to go on, so that nobody gets a message twice. */
function adviceOf(batch: string, isOtherContent: boolean): readonly string[] {
  return [
    `Correct these rows on the lines where they are, and send the file with --batch ${batch}: rows that were accepted are then not sent again.`,
    ...(isOtherContent
      ? [
          "4106: such a row was accepted before with another content or other options (--lane, --validity, …). With those of then it is answered as before; under another --batch it is sent once more.",
        ]
      : []),
  ];
}

const unanswered = (options: SendOptions) =>
  new CliFailure(
    exitCodes.unreachable,
    `The service did not answer within ${timeoutMsOf(options) / 1_000} s.`,
  );

async function* requestsOf(
  source: RereadableFile,
  text: string | undefined,
  options: SendOptions,
  batch: string,
): AsyncGenerator<DeepPartial<SendSmsStreamRequest>> {
  const shared = requestPart(options);
  for await (const row of rowsOf(source)) {
    yield {
      request: {
        ...shared,
        ...(row.sender !== undefined && { sender: row.sender }),
        ...(row.reference !== undefined && { clientReference: row.reference }),
        recipients: [row.recipient],
        content: { $case: "text", value: row.text ?? text ?? "" },
        requestId: `${batch}-${row.line}`,
        dryRun: options.dryRun ?? false,
      },
    };
  }
}
