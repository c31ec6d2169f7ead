import { describe, expect, it } from "vitest";
import type { Taken } from "../../../../src/app/calls/taken.ts";
import { acceptMessage, type DirectClaims } from "../../../../src/app/sending/accept-message.ts";
import { SmsError } from "../../../../src/domain/errors.ts";
import { type DeliveryId, type GatewayId, toClaimantId } from "../../../../src/domain/ids.ts";
import { PlanMemo } from "../../../../src/routing/plan-memo.ts";
import type { Acceptance, AcceptOutcome } from "../../../../src/store/accepting.ts";
import { buildAcceptance, gateway, recipientAt } from "../../../support/store-builders.ts";

const room = 2;

/** A dispatcher with room for two deliveries, which writes down what it is told. */
function setUp(answer: (entry: Acceptance) => Promise<AcceptOutcome>) {
  const told: string[] = [];
  const claims: DirectClaims = {
    reserve(_gateway: GatewayId, lane, count) {
      told.push(`reserve ${lane} ${count}`);
      return Math.min(count, room);
    },
    release: (_gateway, lane, count) => void told.push(`release ${lane} ${count}`),
    take: (_gateway, _message, works) => void told.push(`take ${works.map((work) => work.reference)}`),
    wake: () => void told.push("wake"),
    onSettled: () => () => {},
  };
  const { message, deliveries, recipientOutcomes } = buildAcceptance({ recipients: 4 });
  const entries: Acceptance[] = [];
  const store = {
    async accept([entry]: readonly Acceptance[]) {
      if (entry === undefined) throw new Error("nothing to accept");
      entries.push(entry);
      return [await answer(entry)];
    },
  };
  const accept = (taken?: Taken) =>
    acceptMessage(
      { store, claims, claimant: () => toClaimantId("me") },
      undefined,
      message,
      { deliveries, outcomes: recipientOutcomes, refusals: new Map(), plans: new PlanMemo(message) },
      taken,
    );
  return { told, entries, accept };
}

const claimedOf = (entry: Acceptance, count: number) =>
  entry.deliveries
    .filter((delivery) => delivery.wantsClaim)
    .slice(0, count)
    .map(({ id }, index) => ({ id: id as DeliveryId, reference: index }));

describe("acceptMessage", () => {
  it("asks for as many claims as there is room, in order, and hands over what was granted", async () => {
    const { told, entries, accept } = setUp(async (entry) => ({
      kind: "accepted",
      claimed: claimedOf(entry, 2),
    }));
    expect(await accept()).toMatchObject({ kind: "accepted" });
    expect(entries[0]?.deliveries.map(({ wantsClaim, recipient }) => [recipient, wantsClaim])).toEqual([
      [recipientAt(0), true],
      [recipientAt(1), true],
      [recipientAt(2), false],
      [recipientAt(3), false],
    ]);
    expect(told).toEqual(["reserve NORMAL 4", "take 0,1", "wake"]);
    expect(gateway).toBe(entries[0]?.deliveries[0]?.admission.kind === "queued" ? gateway : undefined);
  });

  it("gives room back that the store did not grant, because something older waits", async () => {
    const { told, accept } = setUp(async (entry) => ({ kind: "accepted", claimed: claimedOf(entry, 1) }));
    await accept();
    expect(told).toEqual(["reserve NORMAL 4", "release NORMAL 1", "take 0", "wake"]);
  });

  it("gives all room back after a replay and after a failure", async () => {
    const replay = setUp(async (entry) => ({
      kind: "known",
      messageId: entry.message.id,
      hash: "",
    }));
    await replay.accept();
    expect(replay.told).toEqual(["reserve NORMAL 4", "release NORMAL 2"]);
    const failure = setUp(() => Promise.reject(new Error("the disk is gone")));
    await expect(failure.accept()).rejects.toThrow("the disk is gone");
    expect(failure.told).toEqual(["reserve NORMAL 4", "release NORMAL 2"]);
  });

  it("tells limits what is stored, and doubts that it is not unless the store had no room for it", async () => {
    const outcomeOf = async (answer: (entry: Acceptance) => Promise<AcceptOutcome>) => {
      const told: string[] = [];
      const taken = {
        counting: [],
        stored: (count: number) => void told.push(`stored ${count}`),
        doubt: () => void told.push("doubt"),
        end: () => {},
      };
      await setUp(answer)
        .accept(taken)
        .catch(() => {});
      return told;
    };
    const fail = (error: Error) => () => Promise.reject(error);
    expect(await outcomeOf(async () => ({ kind: "accepted", claimed: [] }))).toEqual(["stored 4"]);
    expect(await outcomeOf(fail(new SmsError("SERVICE_UNAVAILABLE")))).toEqual(["doubt"]);
    expect(await outcomeOf(fail(new Error("lost")))).toEqual(["doubt"]);
    expect(await outcomeOf(fail(new SmsError("OVERLOADED")))).toEqual([]);
  });
});
