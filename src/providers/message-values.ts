/** What a profile's names stand for in one message: the plan's text, numbers in the provider's form, and its time as far as the provider takes it. */
import { assertNever } from "../domain/assert-never.ts";
import type { E164, Sender } from "../domain/message.ts";
import { defaultShortCodeDigits, senderTypeOf, withoutStoredPrefix } from "../domain/sender.ts";
import type { MessagePlan } from "../encoding/message-plan.ts";
import type { ProviderProfile } from "./profile.ts";
import type { Values } from "./template.ts";

export interface MessageFacts {
  /** Ours for this handing over. */
  readonly reference: string;
  /** Undefined where nobody can call back. */
  readonly callbackUrl: string | undefined;
  readonly sender: Sender;
  readonly recipient: E164;
  readonly plan: MessagePlan;
  /** Of the plan, numbered from 1. */
  readonly partNumber: number;
  readonly expireTimeMs: number;
  readonly nowMs: number;
}

/** `account` holds the gateway's own values by their names. */
export function valuesOf(
  facts: MessageFacts,
  profile: Pick<ProviderProfile, "number" | "validity" | "words">,
  account: Readonly<Record<string, string>>,
): Values {
  const { plan, sender, recipient, nowMs } = facts;
  const leftSeconds = Math.floor((facts.expireTimeMs - nowMs) / 1_000);
  const seconds = Math.min(Math.max(leftSeconds, profile.validity.min), profile.validity.max);
  const senderKind = senderTypeOf(sender, defaultShortCodeDigits);
  const encoding = plan.encoding === "ucs2" ? "ucs2" : "gsm7";
  return {
    text: textOf(plan, facts.partNumber),
    sender:
      senderKind === "INTERNATIONAL"
        ? inForm(withoutStoredPrefix(sender.address), profile.number)
        : sender.address,
    recipient: inForm(recipient.slice(1), profile.number),
    reference: facts.reference,
    callbackUrl: facts.callbackUrl ?? "",
    receipts:
      facts.callbackUrl === undefined
        ? (profile.words.receipts?.unwanted ?? "")
        : (profile.words.receipts?.wanted ?? ""),
    encoding: profile.words.encoding?.[encoding] ?? encoding,
    senderKind: profile.words.senderKind?.[senderKind] ?? senderKind,
    segmentCount: plan.concatenation === "payload" ? plan.segments.length : 1,
    validitySeconds: seconds,
    validityMinutes: Math.max(1, Math.floor(seconds / 60)),
    expireTime: new Date(nowMs + seconds * 1_000).toISOString(),
    ...Object.fromEntries(Object.entries(account).map(([name, value]) => [`account.${name}`, value])),
  };
}

/** The whole text where the provider cuts it, else that of one part. */
function textOf({ concatenation, segments }: MessagePlan, partNumber: number): string {
  if (concatenation !== "payload") return segments[partNumber - 1]?.text ?? "";
  return segments.map(({ text }) => text).join("");
}

function inForm(digits: string, form: ProviderProfile["number"]): string {
  switch (form) {
    case "e164":
      return `+${digits}`;
    case "digits":
      return digits;
    case "00":
      return `00${digits}`;
    default:
      return assertNever(form);
  }
}
