/** The written form of behaviours: which settings each kind has, and within which bounds. */
import { z } from "zod";
import { MESSAGE_STATES } from "../../smpp/message-state.ts";
import { MESSAGE_ID_NOTATIONS } from "../message-id.ts";
import type { BehaviourSpec } from "./spec.ts";

const count = z.int().min(0);
const unsigned32 = z.int().min(0).max(0xffff_ffff);
const delay = z.number().min(0).max(86_400_000);
const state = z.enum(MESSAGE_STATES.map(({ stat }) => stat));
const notation = z.enum(MESSAGE_ID_NOTATIONS);
const receiptField = z.enum(["id", "sub", "dlvrd", "submitDate", "doneDate", "stat", "err", "text"]);

/** What every kind takes besides its own settings. */
const frequency = {
  share: z.number().min(0).max(1).optional(),
  after: count.optional(),
  times: count.optional(),
};

const settingsByKind: Readonly<Record<BehaviourSpec["kind"], z.ZodRawShape>> = {
  "refuse-bind": { status: unsigned32.optional() },
  "receipt-before-bind": {},
  throttle: { perSecond: z.number().positive(), status: unsigned32.optional() },
  "refuse-submit": { status: unsigned32.optional() },
  "slow-answer": { delayMs: delay, jitterMs: delay.optional() },
  "no-answer": {},
  "double-answer": {},
  "nack-without-sequence": {},
  "receipt-before-answer": { leadMs: delay.optional() },
  "message-ids": { response: notation, receipt: notation },
  "double-receipt": { delayMs: delay.optional() },
  "shuffle-receipts": { jitterMs: delay },
  "no-tlvs": {},
  "no-fields": { fields: z.array(receiptField).min(1) },
  "state-first": { state: state.optional(), leadMs: delay.optional() },
  contradict: { state, delayMs: delay.optional() },
  "forged-receipt": { state: state.optional() },
  "receipt-charset": { charset: z.enum(["ucs2", "ascii-as-ucs2"]) },
  "one-receipt-for-all-parts": {},
  "no-receipt": {},
  drop: { how: z.enum(["close", "reset", "silence"]).optional() },
  unbind: {},
  garbage: { octets: z.int().min(1).max(1_048_576).optional() },
  oversize: { commandLength: unsigned32.optional() },
  "unknown-command": {},
};

/** All kinds, in the order of docs/simulator.md. */
export const behaviourKinds = Object.keys(settingsByKind);

/** The schema of one kind; undefined where there is none of that name. */
export function behaviourSchema(kind: string): z.ZodObject | undefined {
  const settings = Object.entries(settingsByKind).find(([name]) => name === kind)?.[1];
  return settings && z.strictObject({ kind: z.literal(kind), ...settings, ...frequency });
}
