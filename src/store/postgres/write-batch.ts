/**
 * Runs one batch of operations in one transaction. Those of one kind go together, and the kinds in an order in which locks are always
 * taken: request ids, deliveries by id, what is taken without waiting (SKIP LOCKED), references, small tables, counters last.
 */
import type { ClaimantId, GatewayId } from "../../domain/ids.ts";
import { readOptOut } from "../../domain/opt-out.ts";
import type { Claim, ClaimRef } from "../accepting.ts";
import { stateCodes } from "../codes.ts";
import type { LaneEnd } from "../commit-order.ts";
import type { AppendedReports, FollowedAccounts } from "../fresh-reports.ts";
import { countAccepted } from "../records/message-counts.ts";
import { takeOptOut } from "../records/opt-outs.ts";
import { firstWrites, kindsOf, lastWrites, type RecordWrites } from "../records/steps.ts";
import type { StoredIncoming } from "../settling.ts";
import { nothingOverdue } from "../state-counts.ts";
import { planAccept } from "./accept.ts";
import { appendReports } from "./append-reports.ts";
import { cancel } from "./cancel.ts";
import { type ClaimPlan, planClaim } from "./claim.ts";
import { countResume } from "./divide-sessions.ts";
import { driveStep, driveWrite } from "./drive-step.ts";
import { cancelKey, loadRows } from "./load-rows.ts";
import type { DeliveryRow } from "./locked-rows.ts";
import type { WriteOperation, WriteSteps } from "./operations.ts";
import { findDueReceipts, renameReceipts } from "./parked-receipts.ts";
import type { QueueEnds } from "./queue-ends.ts";
import { type NewIncomingId, recordIncoming } from "./record-incoming.ts";
import { recordReceipt, takeParked } from "./record-receipts.ts";
import { join, rescue, voidClaim } from "./recover.ts";
import { settle } from "./settle.ts";
import type { Connection } from "./statement.ts";
import { isConnectionKept, sqlStateOf, UnknownCommitError } from "./store-error.ts";
import { adoptOrphans, endSilent, expireDue } from "./sweep.ts";
import { type ReferenceRequest, takeReferences } from "./take-references.ts";
import { beginTransaction, send, type Transaction } from "./transaction.ts";
import { sendRows } from "./write-rows.ts";

/** What is known to the writer between transactions. */
export interface WriterState {
  laneEnds: readonly LaneEnd[];
  readonly queueEnds: QueueEnds;
  readonly newIncomingId: NewIncomingId;
  readonly random: () => number;
  readonly followed: FollowedAccounts;
}

export interface BatchOptions {
  /** Whether new claims under this name are worth anything: the lease is held. */
  readonly mayClaim: (claimant: ClaimantId) => boolean;
  readonly monotonicMs: number;
}

/** What a committed batch answers. */
export interface CommittedBatch {
  readonly outcomes: readonly unknown[];
  readonly reports: AppendedReports;
  /** Queues that got waiting rows. */
  readonly wokenQueues: readonly GatewayId[];
}

export async function writeBatch(
  connection: Connection,
  state: WriterState,
  batch: readonly WriteOperation[],
  options: BatchOptions,
): Promise<CommittedBatch> {
  const tx = beginTransaction(connection, state.laneEnds, state.followed);
  const outcomes: unknown[] = new Array(batch.length).fill(undefined);
  let isCommitting = false;
  try {
    // The first to be sent: what went out before it would be committed by itself.
    const begun = connection.command("BEGIN");
    const [{ finish, act }] = await Promise.all([perform(tx, state, batch, outcomes, options), begun]);
    // Sent together: a statement that failed turns the commit into a rollback, and rejects here.
    const finished = finish();
    if (act !== undefined) {
      await finished;
      await act();
    }
    for (const count of tx.counts.sorted()) send(tx, driveStep(connection, countAccepted(count)));
    const appended = appendReports(connection, tx.reports, state.followed);
    isCommitting = true;
    const [reports] = await Promise.all([appended, finished, connection.command("COMMIT"), ...tx.sent]);
    state.laneEnds = tx.laneEnds;
    for (const move of tx.queueMoves) state.queueEnds.advance(move);
    return { outcomes, reports, wokenQueues: [...tx.wokenQueues] };
  } catch (error) {
    const isKept = isConnectionKept(error);
    if (isKept) await connection.command("ROLLBACK");
    // What the server said of a statement, it said before it committed.
    const mayBeCommitted = isCommitting && !(isKept && sqlStateOf(error) !== undefined);
    if (mayBeCommitted && tx.claimed.length > 0) throw new UnknownCommitError(tx.claimed, error);
    throw error;
  }
}

/** What is left of a batch. */
interface Rest {
  /** The last statements, to be sent together with the reports and the commit. */
  readonly finish: () => Promise<unknown>;
  /** What reads what it locks, between them and the reports; undefined where nothing does. */
  readonly act: (() => Promise<void>) | undefined;
}

async function perform(
  tx: Transaction,
  state: WriterState,
  batch: readonly WriteOperation[],
  outcomes: unknown[],
  { mayClaim, monotonicMs }: BatchOptions,
): Promise<Rest> {
  const { connection } = tx;
  const { queueEnds } = state;
  const inputsOf = createInputs(batch);
  async function each<Kind extends keyof WriteSteps>(
    kind: Kind,
    step: (
      input: WriteSteps[Kind]["input"],
    ) => Promise<WriteSteps[Kind]["outcome"]> | WriteSteps[Kind]["outcome"],
  ): Promise<void> {
    for (const { index, input } of inputsOf(kind)) {
      outcomes[index] = await step(input);
      // What looks for rows next must not find those that this one has ended: two rescues of one batch ended a delivery twice.
      sendRows(tx);
    }
  }

  const accepts = inputsOf("accept");
  // Side by side, which saves their waiting for each other; request ids are the first to be locked all the same.
  const accepting =
    accepts.length === 0
      ? undefined
      : planAccept(
          tx,
          queueEnds,
          accepts.map(({ input }) => input),
          { mayClaim, monotonicMs },
        );
  const changing = changeLocked(tx, state, inputsOf, outcomes);
  // Where one of them fails, the other has come to its end too: nothing is sent behind the ROLLBACK.
  await Promise.allSettled([accepting, changing]);
  const [accept] = await Promise.all([accepting, changing]);
  accepts.forEach(({ index }, position) => {
    outcomes[index] = accept?.outcomes[position];
  });

  await each("join", (request) => join(tx, queueEnds, request));
  await each("rescue", (request) => rescue(tx, queueEnds, request));
  await each("expireDue", (request) => expireDue(tx, request));
  await each("endSilent", (request) => endSilent(tx, request));
  await each("adoptOrphans", (request) => adoptOrphans(tx, queueEnds, request));
  await each("renameReceipts", (request) => renameReceipts(connection, request));
  const claimPlans: ClaimPlan[] = [];
  const claims = inputsOf("claim").filter(({ index, input }) => {
    if (mayClaim(input.claimant)) return true;
    outcomes[index] = nothingClaimed(input.nowMs);
    return false;
  });
  for (const { input } of claims) claimPlans.push(await planClaim(tx, queueEnds, input, monotonicMs));

  const wanted: ReferenceRequest[] = [...(accept?.references ?? [])];
  for (const plan of claimPlans) wanted.push(...plan.references);
  const asked = inputsOf("takeReference");
  wanted.push(...asked.map(({ input }) => input));
  const references = await takeReferences(connection, wanted, state.random);
  asked.forEach(({ index }, position) => {
    outcomes[index] = references[references.length - asked.length + position];
  });

  await each("recordIncoming", (part) => recordIncoming(tx, state.newIncomingId, part));
  const writeAll = async (kinds: readonly (keyof RecordWrites)[]) => {
    for (const kind of kinds)
      if (inputsOf(kind).length > 0) await each(kind, (input) => driveWrite(connection, kind, input));
  };
  await writeAll(kindsOf(firstWrites));
  const lastKinds = kindsOf(lastWrites).filter((kind) => inputsOf(kind).length > 0);
  const optOuts = inputsOf("recordIncoming").filter(({ input }) => readOptOut(input) !== undefined);
  const act = async () => {
    // First: they lock the counter of acts, behind which others lock their rows.
    for (const { index, input } of optOuts) {
      const optedOut = await driveStep(connection, takeOptOut(input));
      if (optedOut.length > 0) outcomes[index] = { ...(outcomes[index] as StoredIncoming), optedOut };
    }
    await writeAll(lastKinds);
    for (const { input } of inputsOf("setPaused")) {
      const [, gatewayId, pause] = input;
      if (pause === undefined) await countResume(connection, gatewayId);
    }
  };

  const finish = async () => {
    let used = accept?.references.length ?? 0;
    const sent: Promise<unknown>[] = [];
    if (accept !== undefined) sent.push(accept.finish(references.slice(0, used)));
    claimPlans.forEach((plan, position) => {
      const own = references.slice(used, used + plan.references.length);
      used += own.length;
      const claimed = plan.finish(own).then((claim) => {
        outcomes[claims[position]?.index ?? -1] = claim;
      });
      sent.push(claimed);
    });
    await Promise.all(sent);
  };
  return { finish, act: lastKinds.length === 0 && optOuts.length === 0 ? undefined : act };
}

/** The steps that work on locked rows in memory. */
async function changeLocked(
  tx: Transaction,
  { queueEnds }: WriterState,
  inputsOf: InputsOf,
  outcomes: unknown[],
): Promise<void> {
  const settlements = inputsOf("settle");
  const receipts = inputsOf("recordReceipt");
  const takes = inputsOf("takeParked");
  const marks = inputsOf("markSubmitting");
  const releases = inputsOf("release");
  const cancels = inputsOf("cancel");
  for (const { input } of inputsOf("recordUnparsableReceipt")) {
    tx.rows.strays.push({
      gateway_id: input.gatewayId,
      why: "UNPARSABLE",
      smsc_message_id: null,
      arrival_time: input.arrivalTimeMs,
      raw: input.raw,
    });
  }
  const [take] = takes;
  const due =
    take === undefined ? [] : await findDueReceipts(tx.connection, take.input.nowMs, take.input.limit);
  const cancelled = await loadRows(tx, {
    settlements: settlements.map(({ input }) => input),
    receipts: receipts.map(({ input }) => input),
    parked: due,
    marked: [
      ...marks.map(({ input }) => input.id),
      ...releases.flatMap(({ input }) => input.claims.map(({ id }) => id)),
    ],
    cancels: cancels.map(({ input }) => input),
  });
  for (const { index, input } of releases) {
    outcomes[index] = input.claims.flatMap(({ id }) => (tx.rows.deliveries.has(id) ? [] : [id]));
    for (const claim of input.claims) {
      const row = heldRow(tx, claim, input.claimant);
      // Nobody learned of the claim, so that nothing of it can have left.
      if (row?.state === stateCodes.QUEUED) voidClaim(tx, row, false, input.nowMs);
    }
    queueEnds.reset();
  }
  for (const { index, input } of marks) outcomes[index] = markSubmitting(tx, input);
  for (const { index, input } of settlements) outcomes[index] = settle(tx, queueEnds, input);
  // A settlement may have taken some of them.
  const gone = new Set([...tx.rows.unparked].map(({ id }) => id));
  const left = due.filter(
    ({ id, pair }) => !gone.has(id) && (pair === null || !tx.rows.unparkedPairs.has(pair)),
  );
  const taken = take === undefined ? [] : left.flatMap((row) => takeParked(tx, row, take.input.nowMs) ?? []);
  takes.forEach(({ index, input }, position) => {
    outcomes[index] = { taken: position === 0 ? taken : [], hasMore: due.length >= input.limit };
  });
  for (const { index, input } of receipts) outcomes[index] = recordReceipt(tx, input);
  for (const { index, input } of cancels)
    outcomes[index] = cancel(tx, input, cancelled.get(cancelKey(input)));
  sendRows(tx);
}

/** The delivery's row where this claim of it stands. */
function heldRow(
  { rows }: Transaction,
  { id, claimNumber }: ClaimRef,
  claimant: ClaimantId,
): DeliveryRow | undefined {
  const row = rows.deliveries.get(id);
  return row?.claimed_by === claimant && row.claim_number === claimNumber ? row : undefined;
}

function markSubmitting(
  tx: Transaction,
  { claimant, ...claim }: ClaimRef & { readonly claimant: ClaimantId },
): boolean {
  const row = heldRow(tx, claim, claimant);
  if (row?.state !== stateCodes.QUEUED || row.is_cancel_requested === 1) return false;
  row.state = stateCodes.SUBMITTING;
  tx.rows.changedDeliveries.add(row);
  return true;
}

const nothingClaimed = (nowMs: number): Claim => ({
  messages: [],
  deliveries: [],
  overdue: nothingOverdue,
  nextAvailableTimeMs: nowMs + 1_000,
});

interface Indexed<Input> {
  /** Place in the batch. */
  readonly index: number;
  readonly input: Input;
}

type InputsOf = <Kind extends keyof WriteSteps>(kind: Kind) => readonly Indexed<WriteSteps[Kind]["input"]>[];

function createInputs(batch: readonly WriteOperation[]): InputsOf {
  const byKind = new Map<keyof WriteSteps, Indexed<unknown>[]>();
  batch.forEach(({ kind, input }, index) => {
    const known = byKind.get(kind);
    if (known === undefined) byKind.set(kind, [{ index, input }]);
    else known.push({ index, input });
  });
  // The operations' own type ties each kind to its input.
  return <Kind extends keyof WriteSteps>(kind: Kind) =>
    (byKind.get(kind) ?? []) as readonly Indexed<WriteSteps[Kind]["input"]>[];
}
