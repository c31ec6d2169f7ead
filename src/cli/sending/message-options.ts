/** The options that describe a message, shared by `send` and its bulk form. */
import { type Command, InvalidArgumentError, Option } from "commander";
import { DuplicatePolicy, Encoding } from "../../gen/smsrelay/v1/message.ts";
import type { SendSmsRequest } from "../../gen/smsrelay/v1/sms.ts";
import type { DeepPartial } from "../../gen/smsrelay/v1/sms_service.ts";
import { durationOf } from "../client/duration.ts";
import { parseCount, parseSpan } from "../option-values.ts";
import { categoryByName, laneByName, senderTypeByName } from "../output/names.ts";

/** What the rules of an account go by beside sender and recipient. */
export interface RuleOptions {
  readonly category?: string;
  readonly region?: string;
  readonly senderType?: string;
}

export interface MessageOptions extends RuleOptions {
  readonly from?: string;
  readonly lane?: string;
  readonly validity?: number;
  readonly encoding?: "gsm7" | "ucs2";
  readonly transliterate?: boolean;
  readonly maxSegments?: number;
  readonly premium?: boolean;
  readonly atMostOnce?: boolean;
  readonly reference?: string;
  readonly meta?: Readonly<Record<string, string>>;
}

/** Adds them to a command. */
export function withMessageOptions(command: Command): Command {
  return withRuleOptions(command)
    .option("--from <sender>", "what the handset shows: up to 15 digits, or up to 11 letters and digits")
    .addOption(
      new Option(
        "--lane <lane>",
        "priority class (default: normal; otp where the account sends passwords only)",
      ).choices(["otp", "normal", "bulk"]),
    )
    .option("--validity <duration>", "how long to try, 60s to 72h (default: 24h)", parseSpan)
    .addOption(new Option("--encoding <encoding>", "insist on an encoding").choices(["gsm7", "ucs2"]))
    .option("--transliterate", "replace characters that the GSM alphabet lacks")
    .option("--max-segments <count>", "refuse a text of more segments, 1 to 255 (default: 32)", parseCount)
    .option("--premium", "use premium gateways first")
    .option("--at-most-once", "rather end unknown than send a part twice")
    .option("--reference <text>", "your own reference, shown in status and reports")
    .option("--meta <key=value>", "metadata, may be repeated", collectPair);
}

/** Adds them to a command. */
export function withRuleOptions(command: Command): Command {
  return command
    .addOption(
      new Option("--category <category>", "what it is about (default: informational)").choices(
        Object.keys(categoryByName),
      ),
    )
    .option("--region <code>", "the country of recipients in national form, such as SE")
    .addOption(
      new Option("--sender-type <type>", "how the sender is meant (default: by its form)").choices(
        Object.keys(senderTypeByName),
      ),
    );
}

/** Their part of a request. */
export function rulePart({
  category = "",
  region = "",
  senderType = "",
}: RuleOptions): DeepPartial<SendSmsRequest> {
  return {
    contentCategory: categoryByName[category] ?? 0,
    regionCode: region,
    senderType: senderTypeByName[senderType] ?? 0,
  };
}

function collectPair(value: string, pairs: Readonly<Record<string, string>> = {}): Record<string, string> {
  const at = value.indexOf("=");
  if (at < 1) throw new InvalidArgumentError("It must be key=value.");
  const key = value.slice(0, at);
  if (Object.hasOwn(pairs, key)) throw new InvalidArgumentError(`The key ${key} is given twice.`);
  return { ...pairs, [key]: value.slice(at + 1) };
}

/** Their part of a request. */
export function requestPart(options: MessageOptions): DeepPartial<SendSmsRequest> {
  return {
    sender: options.from ?? "",
    lane: laneByName[options.lane ?? ""] ?? 0,
    ...(options.validity !== undefined && {
      expiration: {
        $case: "validity",
        value: durationOf(options.validity),
      },
    }),
    encoding: encodingOf(options.encoding),
    transliterate: options.transliterate ?? false,
    maxSegments: options.maxSegments ?? 0,
    premium: options.premium ?? false,
    duplicatePolicy:
      options.atMostOnce === true
        ? DuplicatePolicy.DUPLICATE_POLICY_AT_MOST_ONCE
        : DuplicatePolicy.DUPLICATE_POLICY_UNSPECIFIED,
    ...rulePart(options),
    clientReference: options.reference ?? "",
    metadata: { ...options.meta },
  };
}

/** `gsm7` → the contract's value; unspecified where none is demanded. */
export function encodingOf(name: "gsm7" | "ucs2" | undefined): Encoding {
  if (name === undefined) return Encoding.ENCODING_UNSPECIFIED;
  return name === "gsm7" ? Encoding.ENCODING_GSM7 : Encoding.ENCODING_UCS2;
}
