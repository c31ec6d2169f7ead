import { describe, expect, it } from "vitest";
import { type DeliveryId, toClaimantId } from "../../../../src/domain/ids.ts";
import { noProgress } from "../../../../src/domain/message.ts";
import type { LateAnswer, PartResult } from "../../../../src/gateways/gateway.ts";
import { useDispatchWorld } from "../../../support/dispatch-world.ts";
import {
  accepted,
  ambiguous,
  createLateAnswer,
  createMemoryGateway,
  type MemoryGateway,
  refused,
} from "../../../support/memory-gateway.ts";
import {
  acceptClaimed,
  buildReceipt,
  buildSubmitted,
  gateway,
  startMs,
} from "../../../support/store-builders.ts";

const open = useDispatchWorld();

/** Two GSM parts. */
const longText = "0123456789".repeat(20);

/** A gateway that never answers, and what is told to the parts that it was given, in the order of writing. */
function silent(id: string): { readonly gateway: MemoryGateway; readonly lates: LateAnswer[] } {
  const lates: LateAnswer[] = [];
  let timeMs = 0;
  const gateway = createMemoryGateway(id, {
    script: ({ partNumbers }): readonly PartResult[] =>
      partNumbers.map((number) => {
        const late = createLateAnswer();
        lates.push(late);
        return ambiguous(number, undefined, late, ++timeMs);
      }),
  });
  return { gateway, lates };
}

const only = (ids: readonly DeliveryId[]): DeliveryId => {
  const [id] = ids;
  if (id === undefined) throw new Error("nothing was sent");
  return id;
};

describe("a part that nobody answers", () => {
  it("P50 is written twice, each copy to be seen, and waits until its time where no other gateway is", async () => {
    const { gateway: north } = silent("north");
    const { send, view, advance } = await open({ gateways: [north] });
    const id = only(await send({}));
    await advance(120_000, 1_000);
    expect(north.submissions).toHaveLength(2);
    expect(await view(id)).toMatchObject({
      state: "QUEUED",
      attempts: [{ number: 1, parts: [{ outcome: "AMBIGUOUS" }, { outcome: "AMBIGUOUS" }] }],
    });
  });

  it("P50 is written as often as the gateway's setting says", async () => {
    const { gateway: north } = silent("north");
    const { send, advance } = await open({ gateways: [north], routes: { north: { maxResends: 3 } } });
    await send({});
    await advance(120_000, 1_000);
    expect(north.submissions).toHaveLength(4);
  });

  it("P50 goes to another gateway then, with all parts, a new reference and a mark", async () => {
    const { gateway: north } = silent("north");
    const south = createMemoryGateway("south");
    const { send, until, view, advance } = await open({ gateways: [north, south] });
    const id = only(await send({ text: longText }));
    await advance(20_000, 500);
    await until(id, "SUBMITTED");
    expect(north.submissions.map(({ partNumbers }) => partNumbers.length)).toEqual([2, 2]);
    expect(south.submissions.map(({ partNumbers }) => partNumbers.length)).toEqual([2]);
    const { attempts } = await view(id);
    expect(attempts[1]).toMatchObject({ gatewayId: "south", trace: { marks: ["FAILOVER_AFTER_AMBIGUITY"] } });
    expect(attempts[1]?.reference).not.toBe(attempts[0]?.reference);
  });

  it("P50 is written again after lost sessions, but not more than three times", async () => {
    const north = createMemoryGateway("north", { script: () => [ambiguous(1, { kind: "lost" })] });
    const { send, advance } = await open({ gateways: [north] });
    await send({});
    await advance(300_000, 1_000);
    expect(north.submissions).toHaveLength(4);
  });
});

describe("an answer that comes late", () => {
  it("P49 makes its delivery SUBMITTED, and the resend that waits in the store is dropped", async () => {
    const { gateway: north, lates } = silent("north");
    const { send, until, view, settledCount, advance } = await open({ gateways: [north] });
    const id = only(await send({}));
    await settledCount(1);
    lates[0]?.onAnswer(accepted(1, "late"));
    await until(id, "SUBMITTED");
    await advance(120_000, 1_000);
    expect(north.submissions).toHaveLength(1);
    expect(await view(id)).toMatchObject({ attempts: [{ parts: [{ smscMessageId: "late" }] }] });
  });

  it("P49 drops the resend that waits in memory", async () => {
    const { gateway: north, lates } = silent("north");
    const { send, until, settledCount, advance, dispatcher, quiet } = await open({ gateways: [north] });
    const id = only(await send({}));
    await settledCount(1);
    const room = north.room;
    Object.assign(north, { room: () => 0 });
    await advance(2_000);
    expect(dispatcher.figures().gateways.get(north.id)?.inMemory.NORMAL).toBe(1);
    lates[0]?.onAnswer(accepted(1, "late"));
    await until(id, "SUBMITTED");
    Object.assign(north, { room });
    await quiet();
    await advance(120_000, 1_000);
    expect(north.submissions).toHaveLength(1);
  });

  it("P49 leaves only the other parts to a resend that waits in memory", async () => {
    const { gateway: north, lates } = silent("north");
    const { send, settledCount, advance } = await open({ gateways: [north] });
    await send({ text: longText });
    await settledCount(1);
    const room = north.room;
    Object.assign(north, { room: () => 0 });
    await advance(2_000);
    lates[1]?.onAnswer(accepted(2, "late"));
    Object.assign(north, { room });
    await advance(2_000);
    expect(north.submissions.map(({ partNumbers }) => partNumbers)).toEqual([[1, 2], [1]]);
  });

  it("P49 counts while the resend is on its way, whatever becomes of that", async () => {
    const { gateway: north, lates } = silent("north");
    const { send, until, view, settledCount, advance, quiet } = await open({ gateways: [north] });
    const id = only(await send({}));
    await settledCount(1);
    const second = Promise.withResolvers<readonly PartResult[]>();
    north.script = () => second.promise;
    await advance(2_000);
    expect(north.submissions).toHaveLength(2);
    lates[0]?.onAnswer(accepted(1, "first"));
    await quiet();
    second.resolve([ambiguous(1, undefined, undefined, 99)]);
    await until(id, "SUBMITTED");
    expect((await view(id)).attempts[0]?.parts).toMatchObject([
      { outcome: "ACCEPTED", smscMessageId: "first" },
      { outcome: "AMBIGUOUS" },
    ]);
  });

  it("P49 that refuses is kept on its part, and the delivery is sent again", async () => {
    const { gateway: north, lates } = silent("north");
    const { send, until, view, settledCount, advance, quiet } = await open({ gateways: [north] });
    const id = only(await send({}));
    await settledCount(1);
    lates[0]?.onAnswer(refused(1, "temporary"));
    await quiet();
    expect((await view(id)).attempts[0]?.parts).toMatchObject([{ outcome: "TEMPORARY" }]);
    north.script = () => [accepted(1, "second")];
    await advance(2_000);
    await until(id, "SUBMITTED");
  });

  it("P49 lets the other part leave of what AT_MOST_ONCE has marked again before the answer came", async () => {
    const late = createLateAnswer();
    const north = createMemoryGateway("north", {
      script: () => [ambiguous(1, undefined, late, 1), refused(2, "temporary")],
    });
    const { send, until, settledCount, advance, markCount, store } = await open({ gateways: [north] });
    const id = only(await send({ text: longText, duplicatePolicy: "AT_MOST_ONCE" }));
    await settledCount(1);
    // There is room until its rest is marked, and none for it to leave.
    const { room } = north;
    Object.assign(north, { room: () => (markCount() < 2 ? 1 : 0) });
    await advance(5_000);
    expect(await store.readStates([id])).toEqual(["SUBMITTING"]);
    expect(north.submissions).toHaveLength(1);
    late.onAnswer(accepted(1, "late"));
    await advance(500);
    north.script = () => [accepted(2, "second")];
    Object.assign(north, { room });
    await advance(5_000);
    expect(north.submissions.map(({ partNumbers }) => partNumbers)).toEqual([[1, 2], [2]]);
    await until(id, "SUBMITTED");
  });

  it("P49 that the store has found to be enough makes it SUBMITTED when it is claimed, unsent", async () => {
    const north = createMemoryGateway(gateway);
    const { until, advance, store, dispatcher } = await open({ gateways: [north] });
    const other = toClaimantId("other");
    const id = only(await acceptClaimed(store, other));
    const accepted = { attempt: 1, gatewayId: gateway, expectsReceipts: true };
    // As a release before this one has left it after a crash.
    const verdict = {
      kind: "retry",
      gatewayId: gateway,
      availableTimeMs: startMs,
      progress: { ...noProgress, attemptCount: 2, sentBefore: "ambiguous", accepted },
      mayHaveBeenSent: true,
    } as const;
    await store.settle([buildSubmitted(id, other, [], { attempt: undefined, verdict })]);
    dispatcher.wake(gateway);
    await advance(1_000);
    await until(id, "SUBMITTED");
    expect(north.submissions).toEqual([]);
  });

  it("P49 leaves UNKNOWN what AT_MOST_ONCE has ended, and keeps its id for receipts", async () => {
    const { gateway: north, lates } = silent("north");
    const { send, until, view, quiet } = await open({ gateways: [north] });
    const id = only(await send({ duplicatePolicy: "AT_MOST_ONCE" }));
    await until(id, "UNKNOWN");
    lates[0]?.onAnswer(accepted(1, "late"));
    await quiet();
    expect(await view(id)).toMatchObject({
      state: "UNKNOWN",
      attempts: [{ parts: [{ outcome: "ACCEPTED", smscMessageId: "late" }] }],
    });
  });

  it("P49 makes a delivery SUBMITTED that another gateway throttles meanwhile, and sends no more of it", async () => {
    const { gateway: north, lates } = silent("north");
    const south = createMemoryGateway("south");
    const { send, until, view, advance, quiet } = await open({ gateways: [north, south] });
    const answer = Promise.withResolvers<readonly PartResult[]>();
    south.script = () => answer.promise;
    const id = only(await send({}));
    await advance(20_000, 500);
    expect(south.submissions).toHaveLength(1);
    lates[0]?.onAnswer(accepted(1, "late"));
    await quiet();
    answer.resolve([refused(1, "throttled")]);
    await until(id, "SUBMITTED");
    await advance(120_000, 1_000);
    expect(south.submissions).toHaveLength(1);
    expect(await view(id)).toMatchObject({ gatewayId: "north" });
  });

  it("P49 that is followed by its receipt ends the delivery, and what another gateway says is only kept", async () => {
    const { gateway: north, lates } = silent("north");
    const south = createMemoryGateway("south");
    const { send, until, view, advance, quiet, store, dispatcher } = await open({ gateways: [north, south] });
    const answer = Promise.withResolvers<readonly PartResult[]>();
    south.script = () => answer.promise;
    const id = only(await send({}));
    await advance(20_000, 500);
    lates[0]?.onAnswer(accepted(1, "late"));
    await quiet();
    const [outcome] = await store.recordReceipts([buildReceipt("late", { gatewayId: north.id })]);
    expect(outcome).toMatchObject({ state: "DELIVERED", isOvertaking: true });
    dispatcher.drop(id);
    answer.resolve([refused(1, "throttled")]);
    await until(id, "DELIVERED");
    await advance(120_000, 1_000);
    expect([north.submissions.length, south.submissions.length]).toEqual([2, 1]);
    expect(await view(id)).toMatchObject({ state: "DELIVERED", gatewayId: "north" });
  });
});
