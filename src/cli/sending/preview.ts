/** `sms-relay preview`: how a text is coded and cut into segments, before anything is sent. */
import { type Command, Option } from "commander";
import { concatenationToJSON, type MessagePlan } from "../../gen/smsrelay/v1/message.ts";
import { PreviewSmsResponse } from "../../gen/smsrelay/v1/sms_service.ts";
import { type ClientOptions, withClient, withClientOptions } from "../client/client.ts";
import type { CliContext } from "../context.ts";
import { collectValue, parseCount } from "../option-values.ts";
import { encodingName, refusalText } from "../output/names.ts";
import { bareName, factsText, tableText } from "../output/output.ts";
import { protobufJson } from "../output/protobuf-json.ts";
import { encodingOf, type RuleOptions, rulePart, withRuleOptions } from "./message-options.ts";

interface PreviewOptions extends ClientOptions, RuleOptions {
  readonly to?: readonly string[];
  readonly from?: string;
  readonly gateway?: string;
  readonly encoding?: "gsm7" | "ucs2";
  readonly transliterate?: boolean;
  readonly maxSegments?: number;
  readonly premium?: boolean;
}

const examples = `
Examples:
  sms-relay preview "Grüße aus München"
  sms-relay preview --transliterate "“Smart” quotes cost a lot"
  sms-relay preview --gateway north "$(cat letter.txt)"`;

/** Adds the command. */
export function definePreview(program: Command, context: CliContext): void {
  const command = program
    .command("preview")
    .description("Shows how a text is coded and cut, and sends nothing.")
    .argument("<text>", "the text")
    .option("--to <number>", "plan for this recipient's gateway, may be repeated", collectValue)
    .option("--from <sender>", "the sender; needed with --to")
    .option("--gateway <id>", "plan for this gateway")
    .addOption(new Option("--encoding <encoding>", "insist on an encoding").choices(["gsm7", "ucs2"]))
    .option("--transliterate", "replace characters that the GSM alphabet lacks")
    .option("--max-segments <count>", "refuse more segments, 1 to 255 (default: 32)", parseCount)
    .option("--premium", "plan for premium gateways first")
    .addHelpText("after", examples)
    .action((text: string, options: PreviewOptions) => preview(text, options, context));
  withClientOptions(withRuleOptions(command));
}

async function preview(text: string, options: PreviewOptions, context: CliContext): Promise<void> {
  const response = await withClient(options, context, "default", (client) =>
    client.sms.previewSms(
      {
        message: {
          content: { $case: "text", value: text },
          encoding: encodingOf(options.encoding),
          transliterate: options.transliterate ?? false,
          maxSegments: options.maxSegments ?? 0,
          recipients: [...(options.to ?? [])],
          sender: options.from ?? "",
          premium: options.premium ?? false,
          ...rulePart(options),
        },
        gatewayId: options.gateway ?? "",
      },
      client.callOptions(),
    ),
  );
  if (options.json === true) {
    const json = await protobufJson("PreviewSmsResponse", PreviewSmsResponse);
    return context.out(json(response));
  }
  for (const { plan, recipients } of response.plans) {
    if (recipients.length > 0) context.out(`for ${recipients.join(", ")}`);
    if (plan !== undefined) context.out(`${planText(plan)}\n`);
  }
  for (const one of response.rejectedRecipients) context.out(`${one.recipient}  ${refusalText(one)}`);
}

const shownOnLine = 5;
/** The service lists no more of them (smsrelay/v1/message.proto). */
const mostTold = 100;

/** The first few of many, and how many more there are. */
function firstOf<Item>(items: readonly Item[], textOf: (item: Item) => string): string {
  const more = items.length - shownOnLine;
  const shown = items.slice(0, shownOnLine).map(textOf).join(", ");
  if (more <= 0) return shown;
  return `${shown}, and ${more}${items.length < mostTold ? "" : " or more"} others`;
}

function planText(plan: MessagePlan): string {
  const tied = bareName(concatenationToJSON(plan.concatenation), "CONCATENATION");
  const shift = (name: string, language: number) => (language === 0 ? "" : `${name} shift table ${language}`);
  const facts = factsText([
    ["encoding", encodingName(plan.encoding)],
    [
      "tables",
      [shift("single", plan.singleShiftLanguage), shift("locking", plan.lockingShiftLanguage)]
        .filter(Boolean)
        .join(", "),
    ],
    ["segments", `${plan.segments.length}${tied === "" ? "" : ` (${tied.toLowerCase()})`}`],
    [
      "forced by",
      firstOf(plan.forcingCharacters, (one) => `${JSON.stringify(one.character)} at ${one.offset}`),
    ],
    [
      "replaced",
      firstOf(plan.substitutions, (one) => `${one.original} → ${one.replacement} at ${one.offset}`),
    ],
  ]);
  const rows = plan.segments.map((segment, index) => [
    String(index + 1),
    String(segment.unitsUsed),
    String(segment.unitsLeft),
    segment.text === "" ? Buffer.from(segment.data).toString("hex") : JSON.stringify(segment.text),
  ]);
  return `${facts}\n\n${tableText(["#", "used", "left", "content"], rows)}`;
}
