import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { toAccountId, toDeliveryId, toGatewayId } from "../../../src/domain/ids.ts";
import type { E164 } from "../../../src/domain/message.ts";
import { baselineProfile } from "../../../src/encoding/baseline-profile.ts";
import { compileRoutes } from "../../../src/routing/compile-routes.ts";
import { PlanMemo } from "../../../src/routing/plan-memo.ts";
import type { GatewayHealth, RouteGateway } from "../../../src/routing/route-gateway.ts";
import type { RouteRules } from "../../../src/routing/route-rules.ts";
import { type RouteRequest, refusalCodeOf, selectGateways } from "../../../src/routing/select-gateways.ts";

const ready = (): GatewayHealth => ({ kind: "ready" });

function gateway(
  id: string,
  overrides: Partial<Omit<RouteGateway, "rules">> = {},
  rules: Partial<RouteRules> = {},
): RouteGateway {
  return {
    id: toGatewayId(id),
    priority: 1,
    weight: 1,
    rules: { premium: false, senderKinds: ["NUMERIC", "ALPHANUMERIC"], ...rules },
    profile: baselineProfile,
    ...overrides,
  };
}

function request(
  overrides: Partial<RouteRequest> & { text?: string; maxSegments?: number } = {},
): RouteRequest {
  const { text = "hello", maxSegments = 30, ...rest } = overrides;
  return {
    deliveryId: toDeliveryId("01890000-0000-7000-8000-000000000000.0000"),
    accountId: toAccountId("acme"),
    sender: { kind: "ALPHANUMERIC", address: "ACME" },
    recipient: "+41790000000" as E164,
    country: "CH",
    premium: false,
    lane: "NORMAL",
    refusedBy: [],
    plans: new PlanMemo({
      content: { kind: "text", text },
      encoding: "auto",
      transliterate: false,
      maxSegments,
    }),
    ...rest,
  };
}

const idsOf = (entries: readonly { readonly gatewayId: string }[]) => entries.map((entry) => entry.gatewayId);

describe("selectGateways", () => {
  it("orders by priority, the lower number first", () => {
    const table = compileRoutes([gateway("c", { priority: 3 }), gateway("a"), gateway("b", { priority: 2 })]);
    expect(idsOf(selectGateways(request(), table, ready).candidates)).toEqual(["a", "b", "c"]);
  });

  it("leaves out gateways that do not serve the lane of the message", () => {
    const table = compileRoutes([gateway("codes", {}, { lanes: ["OTP"] }), gateway("all", { priority: 2 })]);
    const normal = selectGateways(request(), table, ready);
    expect(idsOf(normal.candidates)).toEqual(["all"]);
    expect(normal.leftOut).toEqual([{ gatewayId: "codes", reason: "LANE" }]);
    expect(idsOf(selectGateways(request({ lane: "OTP" }), table, ready).candidates)).toEqual([
      "codes",
      "all",
    ]);
  });

  it("leaves premium gateways out unless they are asked for, and then puts them first", () => {
    const table = compileRoutes([gateway("plain"), gateway("premium", { priority: 9 }, { premium: true })]);
    const slow = selectGateways(request(), table, ready);
    expect(idsOf(slow.candidates)).toEqual(["plain"]);
    expect(slow.leftOut).toEqual([{ gatewayId: "premium", reason: "NOT_REQUESTED" }]);
    expect(idsOf(selectGateways(request({ premium: true }), table, ready).candidates)).toEqual([
      "premium",
      "plain",
    ]);
  });

  it.each<[string, Partial<RouteRules>]>([
    ["ACCOUNT", { accounts: ["other"] }],
    ["COUNTRY", { countries: { allow: ["DE"] } }],
    ["COUNTRY", { countries: { deny: ["CH"] } }],
    ["PREFIX", { prefixes: { allow: ["49"] } }],
    ["PREFIX", { prefixes: { allow: ["+41"], deny: ["4179"] } }],
    ["SENDER", { senderKinds: ["NUMERIC"] }],
    ["SENDER", { senders: ["OTHER"] }],
  ])("leaves a gateway out with %s where its rule says so: %j", (reason, rule) => {
    const selection = selectGateways(request(), compileRoutes([gateway("a", {}, rule)]), ready);
    expect(selection.candidates).toEqual([]);
    expect(selection.head).toBeUndefined();
    expect(selection.leftOut).toEqual([{ gatewayId: "a", reason }]);
    expect(refusalCodeOf(selection.leftOut)).toBe("NO_ROUTE");
  });

  it("takes what the allowing rules name", () => {
    const table = compileRoutes([
      gateway(
        "a",
        {},
        {
          accounts: ["acme"],
          countries: { allow: ["CH"] },
          prefixes: { allow: ["41"] },
          senders: ["ACME"],
        },
      ),
    ]);
    expect(idsOf(selectGateways(request(), table, ready).candidates)).toEqual(["a"]);
  });

  it("lets a number of no known country pass only where no country is listed", () => {
    const table = compileRoutes([
      gateway("listed", {}, { countries: { allow: ["CH"] } }),
      gateway("denying", {}, { countries: { deny: ["CH"] } }),
    ]);
    const selection = selectGateways(request({ country: undefined }), table, ready);
    expect(idsOf(selection.candidates)).toEqual(["denying"]);
  });

  it("leaves out what cannot carry the text, and tells 4026 only where segments were the reason", () => {
    const table = compileRoutes([
      gateway("ascii", { profile: { ...baselineProfile, supportsUcs2: false } }),
      gateway("short", { priority: 2, profile: { ...baselineProfile, maxSegments: 1 } }),
    ]);
    const long = selectGateways(request({ text: "ж".repeat(100) }), table, ready);
    expect(long.leftOut).toEqual([
      { gatewayId: "ascii", reason: "ENCODING" },
      { gatewayId: "short", reason: "TOO_MANY_SEGMENTS" },
    ]);
    expect(refusalCodeOf(long.leftOut)).toBe("MAX_SMS_PER_MESSAGE_EXCEEDED");
  });

  it("leaves out what refused the delivery before", () => {
    const table = compileRoutes([gateway("a"), gateway("b", { priority: 2 })]);
    const selection = selectGateways(request({ refusedBy: [toGatewayId("a")] }), table, ready);
    expect(selection.leftOut).toEqual([{ gatewayId: "a", reason: "REFUSED_BEFORE" }]);
    expect(selection.head?.gatewayId).toBe("b");
  });

  it.each<[string, GatewayHealth]>([
    ["DOWN", { kind: "connecting", reason: "binding" }],
    ["DOWN", { kind: "stopped", reason: "wrong password" }],
    ["PAUSED", { kind: "paused", reason: "works" }],
    ["CIRCUIT_OPEN", { kind: "circuit_open", reason: "12 of 20 failed" }],
  ])(
    "keeps a gateway a candidate that cannot send now (%s), and puts the head elsewhere",
    (notNow, health) => {
      const table = compileRoutes([gateway("a"), gateway("b", { priority: 2 })]);
      const selection = selectGateways(request(), table, (id) => (id === "a" ? health : { kind: "ready" }));
      expect(selection.candidates.map(({ gatewayId, notNow }) => [gatewayId, notNow])).toEqual([
        ["a", notNow],
        ["b", undefined],
      ]);
      expect(selection.head?.gatewayId).toBe("b");
      expect(selectGateways(request(), table, () => health).head?.gatewayId).toBe("a");
    },
  );

  it("plans once for gateways with equal profiles, however many deliveries there are", () => {
    let plans = 0;
    const table = compileRoutes([gateway("a"), gateway("b", { profile: structuredClone(baselineProfile) })]);
    const memo = new PlanMemo({
      content: { kind: "text", text: "hi" },
      get encoding() {
        plans++;
        return "auto" as const;
      },
      transliterate: false,
      maxSegments: 30,
    });
    for (let i = 0; i < 500; i++) selectGateways(request({ plans: memo }), table, ready);
    const first = plans;
    selectGateways(request({ plans: memo }), table, ready);
    expect(first).toBeGreaterThan(0);
    expect(first).toBeLessThan(10);
    expect(plans).toBe(first);
  });

  it("repeats itself for the same delivery, whatever the order of the configuration", () => {
    fc.assert(
      fc.property(
        fc.uuid({ version: 7 }),
        fc.uniqueArray(fc.string({ minLength: 1 }), { minLength: 1, maxLength: 8 }),
        fc.integer({ min: 0, max: 9999 }),
        (message, ids, position) => {
          const deliveryId = toDeliveryId(`${message}.${String(position).padStart(4, "0")}`);
          const gateways = ids.map((id, index) => gateway(id, { weight: 1 + (index % 3) }));
          const one = selectGateways(request({ deliveryId }), compileRoutes(gateways), ready);
          const other = selectGateways(request({ deliveryId }), compileRoutes(gateways.toReversed()), ready);
          expect(idsOf(other.candidates)).toEqual(idsOf(one.candidates));
          expect(one.candidates).toHaveLength(ids.length);
        },
      ),
      { numRuns: 200 },
    );
  });

  it("shares between equal priorities by weight", () => {
    const weights = { a: 1, b: 2, c: 5 };
    const table = compileRoutes(Object.entries(weights).map(([id, weight]) => gateway(id, { weight })));
    const counts: Record<string, number> = { a: 0, b: 0, c: 0 };
    const total = 20_000;
    for (let i = 0; i < total; i++) {
      const message = `01890000-${(i >> 4).toString(16).padStart(4, "0")}-7000-8000-${i.toString(16).padStart(12, "0")}`;
      const { head } = selectGateways(request({ deliveryId: toDeliveryId(`${message}.0000`) }), table, ready);
      if (head !== undefined) counts[head.gatewayId] = (counts[head.gatewayId] ?? 0) + 1;
    }
    for (const [id, weight] of Object.entries(weights)) {
      expect((counts[id] ?? 0) / total).toBeCloseTo(weight / 8, 1);
      expect(Math.abs((counts[id] ?? 0) / total - weight / 8)).toBeLessThan(0.02);
    }
  });

  it("shares between equal priorities also among the positions of one message", () => {
    const table = compileRoutes([gateway("a"), gateway("b")]);
    let atA = 0;
    for (let i = 0; i < 1000; i++) {
      const deliveryId = toDeliveryId(`01890000-0000-7000-8000-000000000000.${String(i).padStart(4, "0")}`);
      if (selectGateways(request({ deliveryId }), table, ready).head?.gatewayId === "a") atA++;
    }
    expect(atA).toBeGreaterThan(430);
    expect(atA).toBeLessThan(570);
  });

  it("moves only the share of the gateway that cannot send", () => {
    const table = compileRoutes([gateway("a"), gateway("b"), gateway("c")]);
    for (let i = 0; i < 500; i++) {
      const deliveryId = toDeliveryId(`01890000-0000-7000-8000-000000000000.${String(i).padStart(4, "0")}`);
      const before = selectGateways(request({ deliveryId }), table, ready).head?.gatewayId;
      const after = selectGateways(request({ deliveryId }), table, (id) =>
        id === "c" ? { kind: "paused", reason: "" } : { kind: "ready" },
      ).head?.gatewayId;
      if (before !== "c") expect(after).toBe(before);
      else expect(after).not.toBe("c");
    }
  });
});
