/** The part of the port that is written once: each adapter hands in how it writes and how it reads. */
import { SmsError } from "../../domain/errors.ts";
import type { AccountId } from "../../domain/ids.ts";
import type { Refusal, Step } from "./sql.ts";
import {
  accountReads,
  commonReads,
  kindsOf,
  type RecordReads,
  type RecordWrites,
  type recordReads,
  recordWrites,
} from "./steps.ts";

type PortOf<Steps> = {
  readonly [Kind in keyof Steps]: Steps[Kind] extends (...input: infer Input) => Step<infer Outcome>
    ? (...input: Input) => Promise<Exclude<Outcome, Refusal>>
    : never;
};

/** Each step as an operation of the port; one that refuses rejects with SmsError. */
export type Records = PortOf<typeof recordWrites> & PortOf<typeof recordReads>;

export interface RecordAccess {
  write<Kind extends keyof RecordWrites>(
    kind: Kind,
    input: RecordWrites[Kind]["input"],
  ): Promise<RecordWrites[Kind]["outcome"]>;
  /** For an account, whose reads take turns with those of others; undefined for nobody's. */
  read<Kind extends keyof RecordReads>(
    kind: Kind,
    input: RecordReads[Kind]["input"],
    account: AccountId | undefined,
  ): Promise<RecordReads[Kind]["outcome"]>;
}

export function createRecords({ write, read }: RecordAccess): Records {
  const operations: Record<string, (...input: never) => Promise<unknown>> = {};
  for (const kind of kindsOf(recordWrites)) operations[kind] = (...input) => tell(write(kind, input));
  for (const kind of kindsOf(accountReads)) {
    operations[kind] = (...input: RecordReads[typeof kind]["input"]) => tell(read(kind, input, input[0]));
  }
  for (const kind of kindsOf(commonReads))
    operations[kind] = (...input) => tell(read(kind, input, undefined));
  // The lists tie each name to its arguments and its outcome.
  return operations as unknown as Records;
}

async function tell(answer: Promise<unknown>): Promise<unknown> {
  const outcome = await answer;
  if (typeof outcome !== "object" || outcome === null || !("refusal" in outcome)) return outcome;
  const { refusal, message, details } = outcome as Refusal;
  throw new SmsError(refusal, message, details);
}
