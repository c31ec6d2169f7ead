/** `sms-relay send`: one message, or with --file one for each row of a CSV file. */
import { randomUUID } from "node:crypto";
import type { Command } from "commander";
import { leavesDoubt } from "../../client/leaves-doubt.ts";
import { type SendSmsRequest, WaitFor } from "../../gen/smsrelay/v1/sms.ts";
import { type DeepPartial, SendSmsResponse } from "../../gen/smsrelay/v1/sms_service.ts";
import { withClient, withClientOptions } from "../client/client.ts";
import { OutcomeUnknown } from "../client/outcome-unknown.ts";
import { type CliContext, CliFailure, exitCodes, usageFault } from "../context.ts";
import { collectValue } from "../option-values.ts";
import { codeText, encodingName, refusalText, stateName } from "../output/names.ts";
import { factsText, tableText, timeText } from "../output/output.ts";
import { protobufJson } from "../output/protobuf-json.ts";
import { requestPart, withMessageOptions } from "./message-options.ts";
import { sendFile } from "./send-file.ts";
import type { SendOptions } from "./send-options.ts";

/** 2,000 UTF-16 code units are the limit, and take at most three octets each; a little more gets the service's own refusal. */
const mostTextOctets = 64 * 1024;

const examples = `
Examples:
  sms-relay send --from ACME --to +46701234567 "Your parcel is here"
  sms-relay send --from ACME --to +46701234567 --lane otp --wait "Your code is 4711"
  sms-relay send --from ACME --to +46701234567 - < letter.txt
  sms-relay send --from ACME --file recipients.csv "The shop opens at nine"
  sms-relay send --from ACME --file recipients.csv --dry-run "The shop opens at nine"

A CSV file has a head line with the column recipient; the columns text, sender and reference may follow and win over the
options. Every row is a message of its own. Sending the same file again sends nothing twice: rows that were accepted
before answer with their first message.`;

/** Adds the command. */
export function defineSend(program: Command, context: CliContext): void {
  const command = program
    .command("send")
    .description("Sends a message, or many from a CSV file.")
    .argument("[text]", "the text; - reads what is piped in, less a line break at its end")
    .option("--to <number>", "recipient in E.164 form, may be repeated", collectValue)
    .option("--request-id <id>", "the same id never sends twice (default: a new one)")
    .option("--allow-partial", "leave malformed recipients out instead of refusing all")
    .option("--wait", "answer when a gateway has taken or refused it, or after --timeout, at most 30 s")
    .option("--dry-run", "check everything and send nothing")
    .option("--file <csv>", "send a message for each row; - reads what is piped in")
    .option("--batch <name>", "names the file's sending, so that another file can go on with it")
    .addHelpText("after", examples)
    .action(async (text: string | undefined, options: SendOptions) => {
      if (options.file !== undefined) {
        if (text !== "-") return sendFile(options.file, text, options, context);
        if (options.file === "-") throw usageFault("The text and the rows cannot both be piped in.");
        return sendFile(options.file, await readText(context), options, context);
      }
      if (options.to === undefined) throw usageFault("Say to whom with --to, or give a --file.");
      if (text === undefined)
        throw usageFault("Say what to send: sms-relay send --from ACME --to +46… 'text'.");
      return sendOne(text === "-" ? await readText(context) : text, options, context);
    });
  withClientOptions(withMessageOptions(command));
}

/** The piped text. Octets that are not UTF-8 are a fault, and so is more than any message can hold. */
async function readText(context: CliContext): Promise<string> {
  const pieces: Buffer[] = [];
  let lengthOctets = 0;
  for await (const piece of context.input()) {
    const octets = Buffer.from(piece);
    pieces.push(octets);
    lengthOctets += octets.length;
    if (lengthOctets > mostTextOctets) throw usageFault("The piped text is longer than any message.");
  }
  try {
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: false }).decode(Buffer.concat(pieces));
    return text.replace(/\r?\n$/, "");
  } catch (cause) {
    throw new CliFailure(exitCodes.usage, "The piped text is not UTF-8.", { cause });
  }
}

async function sendOne(text: string, options: SendOptions, context: CliContext): Promise<void> {
  // Made here where none is given, so that a call without an answer can be repeated.
  const requestId = options.requestId ?? randomUUID();
  const request: DeepPartial<SendSmsRequest> = {
    ...requestPart(options),
    recipients: [...(options.to ?? [])],
    content: { $case: "text", value: text },
    requestId,
    allowPartial: options.allowPartial ?? false,
    waitFor: options.wait === true ? WaitFor.WAIT_FOR_GATEWAY : WaitFor.WAIT_FOR_ACCEPTED,
    dryRun: options.dryRun ?? false,
  };
  const response = await withClient(options, context, "default", async (client) => {
    try {
      return await client.sms.sendSms(request, client.callOptions());
    } catch (error) {
      if (options.dryRun === true || !leavesDoubt(error)) throw error;
      throw new OutcomeUnknown(requestId, options.requestId !== undefined, error);
    }
  });
  if (options.json === true) {
    const json = await protobufJson("SendSmsResponse", SendSmsResponse);
    return context.out(json(response));
  }
  context.out(
    factsText([
      ["message", response.messageId === "" ? "(dry run: nothing was stored)" : response.messageId],
      ["status", `${codeText(response.statusCode)}${response.replayed ? ", sent before" : ""}`],
      ["segments", String(response.totalSegmentCount)],
      ["expires", timeText(response.expireTime)],
    ]),
  );
  const rows = response.outcomes.map((one) => [
    one.recipient,
    stateName(one.state),
    refusalText(one),
    encodingName(one.encoding),
    String(one.segmentCount),
  ]);
  context.out(`\n${tableText(["recipient", "state", "code", "encoding", "segments"], rows)}`);
}
