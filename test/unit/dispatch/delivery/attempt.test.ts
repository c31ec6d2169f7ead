import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  judgeResults,
  partsToSubmit,
  type RunningAttempt,
  soleMisfortuneOf,
} from "../../../../src/dispatch/delivery/attempt.ts";
import { InHand } from "../../../../src/dispatch/delivery/in-hand.ts";
import {
  deliveryIdOf,
  type MessageId,
  toAccountId,
  toClaimantId,
  toGatewayId,
} from "../../../../src/domain/ids.ts";
import {
  type DeliveryProgress,
  type DuplicatePolicy,
  type E164,
  type Message,
  noProgress,
} from "../../../../src/domain/message.ts";
import { baselineProfile } from "../../../../src/encoding/baseline-profile.ts";
import type { Misfortune, PartResult } from "../../../../src/gateways/gateway.ts";
import { PlanMemo } from "../../../../src/routing/plan-memo.ts";
import { accepted, ambiguous, refused, unsent } from "../../../support/memory-gateway.ts";

const north = toGatewayId("north");
const messageId = "01890000-0000-7000-8000-000000000000" as MessageId;
const partCount = 5;

function messageOf(duplicatePolicy: DuplicatePolicy): Message {
  return {
    id: messageId,
    accountId: toAccountId("acme"),
    sender: { kind: "ALPHANUMERIC", address: "ACME" },
    content: { kind: "text", text: "0123456789".repeat(70) },
    lane: "NORMAL",
    duplicatePolicy,
    encoding: "auto",
    transliterate: false,
    maxSegments: 30,
    premium: false,
    clientReference: undefined,
    metadata: {},
    acceptTimeMs: 1,
    expireTimeMs: 2,
  };
}

function attemptOf(policy: DuplicatePolicy, progress: DeliveryProgress = noProgress): RunningAttempt {
  const message = messageOf(policy);
  const item = new InHand(
    message,
    {
      id: deliveryIdOf(messageId, 0),
      claimNumber: 1,
      recipient: "+41790000001" as E164,
      country: "CH",
      progress,
      reference: 7,
    },
    new PlanMemo(message),
    toClaimantId("me"),
  );
  const planned = item.plans.planFor(baselineProfile);
  if (planned.kind !== "planned") throw new Error("not planned");
  return {
    item,
    gatewayId: north,
    resume: progress.resume,
    number: progress.resume?.attempt ?? progress.attemptCount + 1,
    plan: planned.plan,
    partCount,
    reference: progress.resume?.reference ?? 7,
    startTimeMs: 1,
    trace: { leftOut: [], marks: [] },
  };
}

const anyResult: fc.Arbitrary<(number: number) => PartResult> = fc.constantFrom(
  (number: number) => accepted(number),
  (number: number) => refused(number, "temporary"),
  (number: number) => refused(number, "throttled"),
  (number: number) => refused(number, "session"),
  (number: number) => ambiguous(number),
  (number: number) => unsent(number, "no_session"),
);

describe("judgeResults", () => {
  it("P12 P14 never has a part written again that was accepted, whatever the answers", () => {
    fc.assert(
      fc.property(
        fc.constantFrom<DuplicatePolicy>("AT_MOST_ONCE", "AT_LEAST_ONCE"),
        fc.array(fc.array(anyResult, { minLength: partCount, maxLength: partCount }), { maxLength: 12 }),
        (policy, rounds) => {
          let progress: DeliveryProgress = noProgress;
          const takenFor = new Set<number>();
          const inDoubt = new Set<number>();
          for (const round of rounds) {
            const attempt = attemptOf(policy, progress);
            const parts = partsToSubmit(partCount, attempt.resume);
            for (const number of parts) {
              expect(takenFor.has(number)).toBe(false);
              if (policy === "AT_MOST_ONCE") expect(inDoubt.has(number)).toBe(false);
            }
            const results = parts.map((number) => (round[number - 1] ?? accepted)(number));
            for (const result of results) {
              if (result.kind === "accepted") takenFor.add(result.number);
              if (result.kind === "ambiguous") inDoubt.add(result.number);
            }
            const judgement = judgeResults(attempt, results);
            if (judgement.kind === "submitted") {
              expect(takenFor.size).toBe(partCount);
              return;
            }
            if (judgement.kind === "final") {
              expect(policy).toBe("AT_MOST_ONCE");
              expect(judgement.state).toBe("UNKNOWN");
              expect(takenFor.size + inDoubt.size).toBe(partCount);
              return;
            }
            progress = judgement.progress;
          }
        },
      ),
      { numRuns: 500 },
    );
  });

  it.each<[string, readonly PartResult[], unknown]>([
    [
      "a refused recipient",
      [accepted(1), refused(2, "recipient"), unsent(3)],
      { kind: "final", state: "REJECTED" },
    ],
    [
      "a refused recipient beside doubt",
      [ambiguous(1), refused(2, "recipient")],
      { kind: "final", state: "REJECTED" },
    ],
    ["parts past their time", [accepted(1), unsent(2, "expired")], { kind: "final", state: "EXPIRED" }],
    [
      "parts past their time beside doubt",
      [ambiguous(1), unsent(2, "expired")],
      { kind: "final", state: "UNKNOWN", reason: "AMBIGUOUS" },
    ],
    [
      "a refused route",
      [refused(1, "route")],
      { kind: "again", outcome: "REFUSED_ROUTE", progress: { refusedBy: ["north"], attemptCount: 1 } },
    ],
    [
      "a refused route after accepted parts",
      [accepted(1), refused(2, "route"), unsent(3)],
      { kind: "again", progress: { refusedBy: ["north"], sentBefore: "partly" } },
    ],
    [
      "a temporary refusal",
      [refused(1, "temporary")],
      { kind: "again", outcome: "TEMPORARY", progress: { temporaryRefusals: { north: 1 } } },
    ],
    [
      "throttling",
      [refused(1, "throttled")],
      { kind: "again", outcome: "THROTTLED", progress: { temporaryRefusals: {} } },
    ],
    [
      "a session lost before anything was written",
      [unsent(1, "no_session")],
      { kind: "again", outcome: "SESSION_LOST_BEFORE_WRITE", progress: { temporaryRefusals: {} } },
    ],
    [
      "doubt",
      [accepted(1), ambiguous(2)],
      {
        kind: "again",
        outcome: "AMBIGUOUS",
        progress: {
          resume: { gatewayId: "north", attempt: 1, reference: 7, acceptedParts: [1], isAmbiguous: true },
        },
      },
    ],
  ])("P13 reads %s", (_, results, expected) => {
    expect(judgeResults(attemptOf("AT_LEAST_ONCE"), results)).toMatchObject(expected as object);
  });

  it("P14 rejects under AT_MOST_ONCE what another gateway would have to write twice", () => {
    const results = [accepted(1), refused(2, "route"), unsent(3), unsent(4), unsent(5)];
    expect(judgeResults(attemptOf("AT_MOST_ONCE"), results)).toMatchObject({
      kind: "final",
      state: "REJECTED",
    });
  });
});

describe("soleMisfortuneOf", () => {
  const loss: Misfortune = { kind: "lost" };

  it.each<[string, readonly PartResult[], unknown]>([
    ["the loss behind one part", [ambiguous(1, loss)], loss],
    [
      "the loss where other parts were accepted, throttled or never written",
      [accepted(1), refused(2, "throttled"), ambiguous(3, loss), unsent(4, "no_session")],
      loss,
    ],
    ["none beside a response that never came", [ambiguous(1), ambiguous(2, loss)], undefined],
    ["none beside a temporary refusal", [refused(1, "temporary"), ambiguous(2, loss)], undefined],
    ["none beside a refused route", [ambiguous(1, loss), refused(2, "route")], undefined],
    ["none where nothing is in doubt", [accepted(1), unsent(2, "no_session")], undefined],
  ])("answers %s", (_, results, expected) => {
    expect(soleMisfortuneOf(results)).toBe(expected);
  });
});
