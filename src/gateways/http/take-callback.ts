/** Takes what a provider calls back with: known by its address, read by the profile, answered once it is on disk. */
import type { Clock } from "../../observability/clock.ts";
import { readReceipt } from "../../providers/receipt-rules.ts";
import type { Callback, CallbackAnswer } from "../callback.ts";
import type { GatewayListener } from "../gateway.ts";
import { type CallbackSettings, isProof } from "./callback-address.ts";
import type { ReferenceDesk } from "./reference-desk.ts";
import type { HttpGatewaySettings } from "./settings.ts";

export interface TakeCallbackDeps {
  readonly settings: HttpGatewaySettings;
  readonly callbacks: CallbackSettings | undefined;
  readonly references: ReferenceDesk;
  readonly clock: Clock;
  readonly listener: () => GatewayListener | undefined;
}

/** `addressedTo` is the gateway's id in the address: its own, or one that it had when the message left. */
export async function takeCallback(
  { settings, callbacks, references, clock, listener }: TakeCallbackDeps,
  callback: Callback,
  addressedTo: string,
): Promise<CallbackAnswer> {
  const { receipts } = settings.provider;
  if (callbacks === undefined || receipts === "none" || !isProof(callbacks, addressedTo, callback)) {
    return { kind: "refused" };
  }
  const owner = listener();
  if (owner === undefined) throw new Error("the gateway has not begun");
  const arrivalTimeMs = clock.now();
  const read = readReceipt(callback, receipts);
  const raw = receipts.format === "query" ? Buffer.from(callback.query) : callback.body;
  if (read === undefined) {
    await owner.onUnparsableReceipt(settings.id, raw, arrivalTimeMs);
  } else {
    const { id, recipient, verdict, stat, err, doneTimeMs } = read;
    await owner.onReceipt({
      gatewayId: settings.id,
      smscMessageId: id ?? callback.reference,
      matchKey: callback.reference,
      otherId: undefined,
      recipient,
      sender: undefined,
      submitTimeMs: undefined,
      verdict,
      stat,
      err,
      networkError: undefined,
      doneTimeMs,
      carrier: undefined,
      arrivalTimeMs,
      waitMs: settings.responseTimeoutMs + settings.ambiguityHoldMs,
      raw,
      coversAllParts: false,
    });
    references.hear(callback.reference, id);
  }
  return { kind: "taken", body: receipts.answer };
}
