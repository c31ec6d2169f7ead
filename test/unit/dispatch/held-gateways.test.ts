import { describe, expect, it } from "vitest";
import type { GatewayStatus } from "../../../src/gateways/gateway.ts";
import { useDispatchWorld } from "../../support/dispatch-world.ts";
import { acceptAll, createMemoryGateway, refused } from "../../support/memory-gateway.ts";

const open = useDispatchWorld();
const held: GatewayStatus = { kind: "held", reason: "asked to wait" };

describe("a gateway that is held", () => {
  it("is passed over at once, with that reason, for one that can send", async () => {
    const north = createMemoryGateway("north");
    const south = createMemoryGateway("south");
    const { send, until, view } = await open({ gateways: [north, south] });
    north.setStatus(held);
    const [id] = await send({});
    if (id === undefined) throw new Error("nothing was sent");
    await until(id, "SUBMITTED");
    expect((await view(id)).attempts).toMatchObject([
      { gatewayId: "south", trace: { leftOut: [{ gatewayId: "north", reason: "HELD" }] } },
    ]);
  });

  it("P22 is not stuck, has nothing claimed for it, and sends what waited when it is free again", async () => {
    const north = createMemoryGateway("north");
    const { send, until, advance, dispatcher, claims, quiet } = await open({ gateways: [north] });
    north.setStatus(held);
    const [id] = await send({});
    if (id === undefined) throw new Error("nothing was sent");
    await quiet();
    const claimsBefore = claims.length;
    await advance(120_000, 1_000);
    expect([dispatcher.stuck(), north.submissions, claims.length - claimsBefore]).toEqual([[], [], 0]);
    expect(dispatcher.health(north.id)).toEqual(held);
    north.setStatus({ kind: "ready" });
    expect(await until(id, "SUBMITTED")).toBe("SUBMITTED");
  });
});

describe("a refused account", () => {
  const refusing = (id: string) => createMemoryGateway(id, { script: () => [refused(1, "account")] });

  it.each([
    ["that is held then", held],
    ["that could go on", { kind: "ready" } as const],
  ])("P13 leaves the message to another gateway, after one %s", async (_, next) => {
    const north = refusing("north");
    const south = createMemoryGateway("south");
    const { send, until, view } = await open({ gateways: [north, south] });
    north.script = () => {
      north.setStatus(next);
      return [refused(1, "account")];
    };
    const [id] = await send({});
    if (id === undefined) throw new Error("nothing was sent");
    await until(id, "SUBMITTED");
    expect((await view(id)).attempts).toMatchObject([
      { gatewayId: "north", outcome: "REFUSED_ACCOUNT" },
      { gatewayId: "south", outcome: "ACCEPTED" },
    ]);
    expect(north.submissions).toHaveLength(1);
  });

  it("P13 costs the message nothing where no other gateway may carry it: it waits, and is sent in the end", async () => {
    const north = refusing("north");
    const { send, view, until, advance, dispatcher } = await open({ gateways: [north] });
    const [id] = await send({ lane: "OTP" });
    if (id === undefined) throw new Error("nothing was sent");
    await advance(30_000, 1_000);
    expect(north.submissions.length).toBeGreaterThan(3);
    expect((await view(id)).state).toBe("QUEUED");
    expect(dispatcher.health(north.id).kind).toBe("ready");
    north.script = acceptAll;
    await advance(5_000, 1_000);
    expect(await until(id, "SUBMITTED")).toBe("SUBMITTED");
  });

  it("P12 stays with its gateway under AT_MOST_ONCE once a part may have left", async () => {
    const north = createMemoryGateway("north", {
      script: ({ partNumbers }) =>
        partNumbers.map((number) => (number === 1 ? acceptOne(number) : refused(number, "account"))),
    });
    const south = createMemoryGateway("south");
    const { send, settledCount, view } = await open({ gateways: [north, south] });
    const [id] = await send({ text: "0123456789".repeat(20), duplicatePolicy: "AT_MOST_ONCE" });
    if (id === undefined) throw new Error("nothing was sent");
    await settledCount(1);
    expect(await view(id)).toMatchObject({ state: "QUEUED", gatewayId: "north" });
    expect(south.submissions).toEqual([]);
  });
});

const acceptOne = (number: number) =>
  ({ kind: "accepted", number, smscMessageId: "one", matchKey: "one", timeMs: 1 }) as const;
