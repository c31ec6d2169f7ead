import { expect, it } from "vitest";
import { messageIdOf, toAccountId } from "../../../src/domain/ids.ts";
import { noProgress } from "../../../src/domain/message.ts";
import { firstClaimNumber } from "../../../src/store/accepting.ts";
import {
  acceptClaimed,
  acceptSubmitted,
  account,
  buildAcceptance,
  gateway,
  newMessageId,
  startMs,
} from "../../support/store-builders.ts";
import { describeStore } from "./describe-store.ts";

describeStore("cancelling", (test) => {
  const settleRetry = async (mayHaveBeenSent: boolean) => {
    const [id] = await acceptClaimed(test.store, test.claimant);
    const deliveryId = id ?? expect.fail();
    const [pending] = (await test.store.cancel(account, messageIdOf(deliveryId), startMs)) ?? [];
    expect(pending).toMatchObject({ result: "PENDING", state: "QUEUED" });
    const verdict = {
      kind: "retry",
      gatewayId: gateway,
      availableTimeMs: startMs,
      progress: noProgress,
      mayHaveBeenSent,
    } as const;
    const { claimant } = test;
    const [outcome] = await test.store.settle([
      {
        deliveryId,
        claimant,
        claimNumber: firstClaimNumber,
        timeMs: startMs,
        lane: "NORMAL",
        attempt: undefined,
        verdict,
      },
    ]);
    return outcome;
  };

  it("cancels what waits, with a final report each, and says so again", async () => {
    const { message } = buildAcceptance();
    const acceptance = buildAcceptance({ message, recipients: 3 });
    await test.store.accept([acceptance]);
    for (let round = 0; round < 2; round += 1) {
      const outcomes = await test.store.cancel(account, message.id, startMs + 1);
      expect(outcomes?.map(({ result, state, isNow }) => [result, state, isNow])).toEqual(
        Array.from({ length: 3 }, () => ["CANCELLED", "CANCELLED", round === 0]),
      );
    }
    const states = (await test.store.readReports(account, 3, 10)).map(({ state }) => state);
    expect(states).toEqual(["CANCELLED", "CANCELLED", "CANCELLED"]);
    expect((await test.store.backlog()).queued).toBe(0);
  });

  it("comes too late for what was submitted", async () => {
    const id = await acceptSubmitted(test.store, test.claimant, ["a"]);
    const outcomes = await test.store.cancel(account, messageIdOf(id), startMs);
    expect(outcomes).toMatchObject([{ deliveryId: id, result: "TOO_LATE", state: "SUBMITTED" }]);
  });

  it("cancels a claimed delivery instead of retrying it, where nothing may have been sent", async () => {
    expect(await settleRetry(false)).toEqual({ kind: "settled", state: "CANCELLED" });
  });

  it("retries a claimed delivery that may have been sent, cancelled or not", async () => {
    expect(await settleRetry(true)).toEqual({ kind: "settled", state: "QUEUED" });
  });

  it("tells another account that asks in the same batch nothing of the owner's message", async () => {
    const acceptance = buildAcceptance();
    await test.store.accept([acceptance]);
    const { id } = acceptance.message;
    // While the first is written, the others wait for one batch.
    const [, stranger, owner, strangerAgain] = await Promise.all([
      test.store.accept([buildAcceptance()]),
      test.store.cancel(toAccountId("other"), id, startMs),
      test.store.cancel(account, id, startMs),
      test.store.cancel(toAccountId("other"), id, startMs),
    ]);
    expect([stranger, strangerAgain]).toEqual([undefined, undefined]);
    expect(owner).toMatchObject([{ result: "CANCELLED", isNow: true }]);
  });

  it("knows no message of another account", async () => {
    const acceptance = buildAcceptance();
    await test.store.accept([acceptance]);
    expect(await test.store.cancel(toAccountId("other"), acceptance.message.id, startMs)).toBeUndefined();
    expect(await test.store.cancel(account, newMessageId(), startMs)).toBeUndefined();
  });
});
