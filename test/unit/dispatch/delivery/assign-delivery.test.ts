import { describe, expect, it } from "vitest";
import { assignDelivery, decideRetry, traceOf } from "../../../../src/dispatch/delivery/assign-delivery.ts";
import { toGatewayId } from "../../../../src/domain/ids.ts";
import { type DeliveryProgress, type DuplicatePolicy, noProgress } from "../../../../src/domain/message.ts";
import { baselineProfile } from "../../../../src/encoding/baseline-profile.ts";
import { planMessage } from "../../../../src/encoding/plan-message.ts";
import { compileRoutes } from "../../../../src/routing/compile-routes.ts";
import { PlanMemo, type PlannedMessage } from "../../../../src/routing/plan-memo.ts";
import { defaultRetrySettings } from "../../../../src/routing/retry-policy.ts";
import type { NotNowReason } from "../../../../src/routing/route-gateway.ts";
import type { Selection } from "../../../../src/routing/select-gateways.ts";
import { routeOf } from "../../../support/dispatch-world.ts";
import { createMemoryGateway } from "../../../support/memory-gateway.ts";

const north = toGatewayId("north");
const south = toGatewayId("south");
const message: PlannedMessage = {
  content: { kind: "text", text: "hi" },
  encoding: "auto",
  transliterate: false,
  maxSegments: 30,
};
const planned = planMessage(message.content, message, baselineProfile);
const table = compileRoutes([routeOf(createMemoryGateway("north"), 0)]);
if (planned.kind !== "planned") throw new Error("not planned");
const { plan } = planned;

function selectionOf(states: Readonly<Record<string, NotNowReason | "ready">>): Selection {
  const candidates = Object.entries(states).map(([id, state]) => ({
    gatewayId: toGatewayId(id),
    plan,
    notNow: state === "ready" ? undefined : state,
  }));
  return { candidates, leftOut: [], head: candidates[0] };
}

const begun: DeliveryProgress = {
  ...noProgress,
  attemptCount: 1,
  resume: { gatewayId: north, attempt: 1, reference: 9, acceptedParts: [1], isAmbiguous: true },
};
const place = (
  progress: DeliveryProgress,
  selection: Selection,
  policy: DuplicatePolicy = "AT_LEAST_ONCE",
  unableMs = 3_000,
) =>
  assignDelivery(
    { lane: "NORMAL", policy, progress, message, plans: new PlanMemo(message) },
    selection,
    table,
    north,
    defaultRetrySettings,
    () => unableMs,
  );

describe("assignDelivery", () => {
  it("resumes at the gateway that has the other parts", () => {
    expect(place(begun, selectionOf({ south: "ready", north: "ready" }))).toMatchObject({
      kind: "send",
      candidate: { gatewayId: "north" },
      resume: { reference: 9 },
      marks: ["RESUMED"],
    });
  });

  it("P12 waits for that gateway until it could not send for 3 s", () => {
    const selection = selectionOf({ north: "DOWN", south: "ready" });
    expect(place(begun, selection, "AT_LEAST_ONCE", 1_000)).toEqual({
      kind: "wait",
      gatewayId: "north",
      delayMs: 2_000,
    });
  });

  it("P50 leaves a delivery to another gateway, or to its time, where all copies that may be are written", () => {
    const spent = { ...begun, doubts: { north: { unanswered: 2, lost: 0 } } };
    expect(place(spent, selectionOf({ north: "ready", south: "ready" }))).toMatchObject({
      kind: "send",
      candidate: { gatewayId: "south" },
      marks: ["FAILOVER_AFTER_AMBIGUITY"],
    });
    expect(place(spent, selectionOf({ north: "ready" }))).toEqual({ kind: "park", gatewayId: "north" });
    expect(place(spent, selectionOf({ north: "ready" }), "AT_MOST_ONCE")).toMatchObject({ kind: "send" });
  });

  it("P12 begins anew elsewhere, with a mark, only where that gateway cannot send", () => {
    expect(place(begun, selectionOf({ north: "DOWN", south: "ready" }))).toEqual({
      kind: "send",
      candidate: expect.objectContaining({ gatewayId: "south" }),
      resume: undefined,
      marks: ["FAILOVER_AFTER_AMBIGUITY"],
    });
    expect(place(begun, selectionOf({ north: "DOWN", south: "PAUSED" }))).toEqual({
      kind: "wait",
      gatewayId: "north",
    });
  });

  it("P12 waits for its gateway under AT_MOST_ONCE", () => {
    expect(place(begun, selectionOf({ north: "DOWN", south: "ready" }), "AT_MOST_ONCE")).toEqual({
      kind: "wait",
      gatewayId: "north",
    });
  });

  it("marks the first attempt after a crash that may have sent it, and no later one", () => {
    const crashed = { ...noProgress, attemptCount: 1, afterCrash: 1 };
    const both = selectionOf({ north: "ready", south: "ready" });
    expect(place(crashed, both)).toMatchObject({ kind: "send", marks: ["AFTER_CRASH"] });
    expect(place({ ...crashed, attemptCount: 2 }, both)).toMatchObject({ kind: "send", marks: [] });
    expect(place({ ...crashed, sentBefore: "ambiguous" }, both)).toMatchObject({
      marks: ["FAILOVER_AFTER_AMBIGUITY", "AFTER_CRASH"],
    });
  });

  it("refuses a content that its gateway cannot carry any more as accepting would have refused it", () => {
    const forced: PlannedMessage = {
      ...message,
      content: { kind: "text", text: "Привет" },
      encoding: "gsm7",
    };
    const delivery = {
      lane: "NORMAL",
      policy: "AT_LEAST_ONCE",
      progress: noProgress,
      message: forced,
      plans: new PlanMemo(forced),
    } as const;
    const selection: Selection = {
      candidates: [],
      leftOut: [{ gatewayId: north, reason: "ENCODING" }],
      head: undefined,
    };
    expect(assignDelivery(delivery, selection, table, north, defaultRetrySettings, () => 0)).toEqual({
      kind: "refused",
      code: "INVALID_MESSAGE_TYPE",
      reason: "NO_ROUTE",
    });
  });

  it("waits where nobody can send, and refuses where nobody may", () => {
    expect(place(noProgress, selectionOf({ south: "CIRCUIT_OPEN", north: "DOWN" }))).toEqual({
      kind: "wait",
      gatewayId: "north",
    });
    expect(place(noProgress, selectionOf({}))).toEqual({
      kind: "refused",
      code: "NO_ROUTE",
      reason: "NO_ROUTE",
    });
    expect(place({ ...noProgress, attemptCount: 2 }, selectionOf({}))).toEqual({
      kind: "refused",
      code: "ALL_GATEWAYS_FAILED",
      reason: "REFUSED",
    });
  });
});

describe("decideRetry", () => {
  const context = { outcome: "TEMPORARY", gatewayId: north, throttleDelayMs: 1_000, random: 0 } as const;
  const decide = (
    progress: DeliveryProgress,
    selection: Selection,
    outcome: "TEMPORARY" | "AMBIGUOUS" = "TEMPORARY",
  ) =>
    decideRetry(
      { lane: "NORMAL", policy: "AT_LEAST_ONCE", progress },
      selection,
      table,
      { ...context, outcome },
      defaultRetrySettings,
    );
  const both = selectionOf({ north: "ready", south: "ready" });

  it("P14 gives up what it began when its gateway has used up its retries, and remembers that", () => {
    const spent = { ...begun, temporaryRefusals: { north: 3 } };
    const next = decide(spent, both);
    expect(next).toMatchObject({
      kind: "retry",
      gatewayId: "south",
      delayMs: 0,
      progress: { sentBefore: "ambiguous" },
    });
    expect(next.kind === "retry" && "resume" in next.progress).toBe(false);
    if (next.kind !== "retry") return;
    expect(place(next.progress, both)).toMatchObject({ marks: ["FAILOVER_AFTER_AMBIGUITY"] });
  });

  it("P12 stays after an ambiguity while its gateway can send", () => {
    const spent = { ...begun, temporaryRefusals: { north: 3 } };
    expect(decide(spent, both, "AMBIGUOUS")).toMatchObject({ gatewayId: "north", delayMs: 2_000 });
  });

  it("P50 counts copies without an answer and lost sessions apart, and each gateway has its own", () => {
    const afterDoubts = (unanswered: number, lost: number) =>
      decide({ ...begun, doubts: { north: { unanswered, lost } } }, both, "AMBIGUOUS");
    expect(afterDoubts(1, 3)).toMatchObject({ kind: "retry", gatewayId: "north" });
    expect(afterDoubts(2, 0)).toMatchObject({ kind: "retry", gatewayId: "south" });
    expect(afterDoubts(0, 4)).toMatchObject({ kind: "retry", gatewayId: "south" });
    const everywhere = { north: { unanswered: 2, lost: 0 }, south: { unanswered: 0, lost: 4 } };
    expect(decide({ ...begun, doubts: everywhere }, both, "AMBIGUOUS")).toMatchObject({ kind: "park" });
  });

  it("waits longer with each refusal, and not at all for a gateway that has not refused", () => {
    expect(decide({ ...noProgress, temporaryRefusals: { north: 1 } }, both)).toMatchObject({
      gatewayId: "north",
      delayMs: 500,
    });
    expect(decide({ ...noProgress, temporaryRefusals: { north: 2 } }, both)).toMatchObject({
      gatewayId: "north",
      delayMs: 1_000,
    });
    expect(decide({ ...noProgress, temporaryRefusals: { north: 3 } }, both)).toMatchObject({
      gatewayId: "south",
      delayMs: 0,
    });
  });
});

describe("traceOf", () => {
  it("tells why earlier candidates were passed over, and shares one object where there is nothing to tell", () => {
    const selection = selectionOf({ north: "DOWN", south: "ready" });
    expect(traceOf(selection, south, ["RESUMED"])).toEqual({
      leftOut: [{ gatewayId: "north", reason: "DOWN" }],
      marks: ["RESUMED"],
    });
    const alone = selectionOf({ north: "ready" });
    expect(traceOf(alone, north, [])).toBe(traceOf(alone, north, []));
  });
});
