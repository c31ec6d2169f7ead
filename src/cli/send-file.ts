/** Bulk sending: the rows of a CSV file over one SendSmsStream, with progress, and safe to repeat. */
import { createHash } from "node:crypto";
import { CsvError, parse } from "csv-parse";
import {
  type DeepPartial,
  type SendSmsStreamRequest,
  SendSmsStreamResponse,
} from "../gen/smsrelay/v1/sms_service.ts";
import { withClient } from "./client.ts";
import { type CliContext, CliFailure, exitCodes, ToldFailure, usageFault } from "./context.ts";
import { requestPart } from "./message-options.ts";
import { codeText } from "./names.ts";
import { countText, jsonLine } from "./output.ts";
import { createProgress } from "./progress.ts";
import { protobufJson } from "./protobuf-json.ts";
import type { SendOptions } from "./send-options.ts";
import { type RereadableFile, spoolInput } from "./spool-input.ts";

/** One row with its line in the file. */
interface Row {
  readonly line: number;
  readonly recipient: string;
  readonly text: string | undefined;
  readonly sender: string | undefined;
  readonly reference: string | undefined;
}

const columns = new Set(["recipient", "text", "sender", "reference"]);

/** Refusals that are printed one by one; beyond them only their number is told. */
const refusalsShown = 20;

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
  const { rowCount, digest } = await survey(source, text, options);
  const batch = options.batch ?? digest.slice(0, 20);
  if (!/^[A-Za-z0-9._-]{1,50}$/.test(batch)) {
    throw usageFault("--batch must be 1 to 50 letters, digits, dots, dashes and underscores.");
  }
  const startMs = context.clock.monotonic();
  const progress = createProgress(context, rowCount);
  const sum = { answered: 0, accepted: 0, replayed: 0, refused: 0, segments: 0 };
  const refusals = new Map<string, number>();

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
      const code = codeText(outcome.value.statusCode);
      refusals.set(code, (refusals.get(code) ?? 0) + 1);
      const faults = outcome.value.violations.map(({ field, description }) => `${field}: ${description}`);
      const sentence = faults.length === 0 ? outcome.value.text : faults.join("; ");
      if (json === undefined && sum.refused <= refusalsShown)
        progress.print(`line ${line}: ${code}: ${sentence}`);
    }
    if (json !== undefined) context.out(`{"line":${line},"answer":${json(response)}}`);
    progress.show(sum.answered);
  };

  try {
    await withClient(options, context, "default", async (client) => {
      const requests = requestsOf(source, text, options, batch);
      for await (const response of client.sms.sendSmsStream(requests, { signal: context.signal }))
        take(response);
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
      `${countText(sum.answered)} of ${countText(rowCount)} rows were answered. The same command again goes on without sending twice.`,
    );
    throw error;
  }
  progress.end();
  const isDryRun = options.dryRun === true;
  const seconds = Math.max(0.001, (context.clock.monotonic() - startMs) / 1000);
  if (sum.refused > 0) {
    const kinds = [...refusals].map(([code, count]) => `${countText(count)} × ${code}`).join(", ");
    context.err(
      `sms-relay: ${countText(sum.refused)} of ${countText(rowCount)} rows ${isDryRun ? "would be" : "were"} refused: ${kinds}.`,
    );
  }
  const summary = { rows: rowCount, ...sum, batch, seconds: Number(seconds.toFixed(3)) };
  if (options.json === true) context.out(jsonLine({ summary }));
  else {
    context.out(
      `${isDryRun ? "Dry run, nothing was sent: " : ""}${countText(sum.accepted)} accepted, ${countText(sum.replayed)} accepted before, ${countText(sum.refused)} refused ` +
        `in ${seconds.toFixed(1)} s (${countText(Math.round(sum.answered / seconds))}/s), ${countText(sum.segments)} segments.`,
    );
  }
  if (sum.refused > 0) throw new ToldFailure(exitCodes.failed, "Rows were refused.");
}

/** Reads the file once before anything is sent: its faults, its length, and the name of its sending. */
async function survey(source: RereadableFile, text: string | undefined, options: SendOptions) {
  const hash = createHash("sha256");
  hash.update(JSON.stringify([text ?? null, options.from ?? null]));
  let rowCount = 0;
  for await (const row of rowsOf(source)) {
    if (row.text === undefined && text === undefined)
      throw usageFault(`Line ${row.line} has no text, and the command gives none.`);
    hash.update(JSON.stringify([row.recipient, row.text ?? null, row.sender ?? null, row.reference ?? null]));
    rowCount++;
  }
  if (rowCount === 0) throw usageFault(`${source.name} has no rows.`);
  return { rowCount, digest: hash.digest("hex") };
}

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

async function* rowsOf({ read, name }: RereadableFile): AsyncGenerator<Row> {
  const parser = parse({ bom: true, columns: checkedHead, skip_empty_lines: true, trim: true, info: true });
  const source = read();
  source.on("error", (error) => parser.destroy(error));
  try {
    for await (const entry of source.pipe(parser)) {
      const { record, info } = entry as { record: Record<string, string>; info: { lines: number } };
      const given = (column: string) => (record[column] === "" ? undefined : record[column]);
      yield {
        line: info.lines,
        recipient: record["recipient"] ?? "",
        text: given("text"),
        sender: given("sender"),
        reference: given("reference"),
      };
    }
  } catch (error) {
    if (error instanceof CliFailure) throw error;
    if (error instanceof CsvError) throw usageFault(`${name} is not a CSV file: ${error.message}`);
    throw usageFault(`${name} cannot be read (${error instanceof Error ? error.message : error}).`);
  } finally {
    source.destroy();
  }
}

function checkedHead(head: readonly string[]): string[] {
  const names = head.map((name) => name.trim().toLowerCase());
  if (!names.includes("recipient"))
    throw usageFault("The CSV file's head line must name the column recipient.");
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw usageFault(`The CSV file has the column ${twice} twice.`);
  const unknown = names.find((name) => !columns.has(name));
  if (unknown !== undefined) {
    throw usageFault(`The CSV file has the column ${unknown}; known are ${[...columns].join(", ")}.`);
  }
  return names;
}
