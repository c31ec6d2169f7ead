import { describe, expect, it } from "vitest";
import type { LateAnswer, Misfortune } from "../../../src/gateways/gateway.ts";
import { useDispatchWorld } from "../../support/dispatch-world.ts";
import { accepted, ambiguous, createMemoryGateway, refused, unsent } from "../../support/memory-gateway.ts";

const open = useDispatchWorld();

/** Five GSM parts. */
const longText = "0123456789".repeat(70);

describe("a gateway's circuit in dispatch", () => {
  it("opens a circuit on failures and closes it after probes", async () => {
    const north = createMemoryGateway("north", { script: () => [refused(1, "route")] });
    const south = createMemoryGateway("south");
    const { send, until, dispatcher, clock } = await open({ gateways: [north, south] });
    const ids = await send(...Array.from({ length: 30 }, () => ({})));
    for (const id of ids) await until(id, "SUBMITTED");
    expect(dispatcher.health(north.id).kind).toBe("circuit_open");
    const refusedCount = north.submissions.length;
    for (const id of await send({}, {})) await until(id, "SUBMITTED");
    expect(north.submissions).toHaveLength(refusedCount);
    north.script = ({ partNumbers }) =>
      partNumbers.map((number) => accepted(number, `late${north.submissions.length}`));
    clock.advance(10_000);
    expect(dispatcher.figures().gateways.get(north.id)?.circuit).toBe("half_open");
    for (let i = 0; i < 4; i++) for (const id of await send({})) await until(id, "SUBMITTED");
    expect(dispatcher.figures().gateways.get(north.id)?.circuit).toBe("closed");
    expect(north.submissions).toHaveLength(refusedCount + 4);
  });

  it("keeps a circuit closed when one lost session leaves many attempts in doubt", async () => {
    const loss = { kind: "lost" } as const;
    let isLost = false;
    const north = createMemoryGateway("north", {
      script: ({ partNumbers }) =>
        partNumbers.map((number) => (isLost ? ambiguous(number, loss) : accepted(number, `n${++idCount}`))),
    });
    let idCount = 0;
    const { send, until, dispatcher, settledCount, advance } = await open({ gateways: [north] });
    isLost = true;
    const ids = await send(...Array.from({ length: 40 }, () => ({})));
    await settledCount(40);
    isLost = false;
    expect(dispatcher.health(north.id).kind).toBe("ready");
    await advance(2_000);
    for (const id of ids) await until(id, "SUBMITTED");
  });

  it("counts all that shared one call without an answer as one silence, and each in doubt once", async () => {
    let call: Misfortune = { kind: "unanswered" };
    const north = createMemoryGateway("north", {
      script: ({ partNumbers }) => partNumbers.map((number) => ambiguous(number, call)),
    });
    const { send, dispatcher, settledCount, advance } = await open({ gateways: [north] });
    await send(...Array.from({ length: 40 }, () => ({})));
    await settledCount(40);
    expect(dispatcher.health(north.id).kind).toBe("ready");
    call = { kind: "unanswered" };
    await advance(2_000);
    expect([dispatcher.health(north.id).kind, north.submissions.length]).toEqual(["ready", 80]);
    // They have been written as often as an unanswered part may be.
    await advance(30_000, 1_000);
    expect(north.submissions).toHaveLength(80);
    call = { kind: "unanswered" };
    await send({});
    await settledCount(81);
    expect(dispatcher.health(north.id).kind).toBe("circuit_open");
  });

  it("opens a circuit when as many responses never come", async () => {
    const north = createMemoryGateway("north", {
      script: ({ partNumbers }) => partNumbers.map((number) => ambiguous(number)),
    });
    const { send, dispatcher, settledCount } = await open({ gateways: [north] });
    await send(...Array.from({ length: 20 }, () => ({})));
    await settledCount(20);
    expect(dispatcher.health(north.id).kind).toBe("circuit_open");
  });

  it("opens a circuit when few responses never come and nothing else is answered, and not where one comes late", async () => {
    const late: LateAnswer = { onAnswer: () => {} };
    const north = createMemoryGateway("north", {
      script: ({ partNumbers }) => partNumbers.map((number) => ambiguous(number, undefined, late)),
    });
    const { send, dispatcher, settledCount } = await open({ gateways: [north] });
    await send({}, {});
    await settledCount(2);
    late.onAnswer(refused(1, "temporary"));
    await send({}, {});
    await settledCount(4);
    expect(dispatcher.health(north.id).kind).toBe("ready");
    await send({});
    await settledCount(5);
    expect(dispatcher.health(north.id)).toMatchObject({
      kind: "circuit_open",
      reason: "the last 3 attempts were not answered, nor was anything else",
    });
  });

  it("opens a circuit again when a probe is lost with its session, and closes it when probes succeed", async () => {
    const north = createMemoryGateway("north", {
      script: ({ partNumbers }) => partNumbers.map((number) => ambiguous(number)),
    });
    const { send, dispatcher, settledCount, quiet, clock } = await open({ gateways: [north] });
    const circuit = () => dispatcher.figures().gateways.get(north.id)?.circuit;
    await send(...Array.from({ length: 20 }, () => ({})));
    await settledCount(20);
    const before = north.submissions.length;
    const session = Promise.withResolvers<Misfortune>();
    north.script = async ({ partNumbers }) => {
      const loss = await session.promise;
      return partNumbers.map((number) => ambiguous(number, loss));
    };
    clock.advance(10_000);
    await quiet();
    expect([circuit(), north.submissions.length - before]).toEqual(["half_open", 1]);
    session.resolve({ kind: "lost" });
    await quiet();
    expect(circuit()).toBe("open");
    let idCount = 0;
    north.script = ({ partNumbers }) => partNumbers.map((number) => accepted(number, `p${++idCount}`));
    clock.advance(20_000);
    await settledCount(41);
    await quiet();
    expect(circuit()).toBe("closed");
  });

  it("P14 counts as a success what accepts the rest of a message that stays in doubt", async () => {
    let idCount = 0;
    const loss = { kind: "lost" } as const;
    const north = createMemoryGateway("north", {
      script: ({ partNumbers }) =>
        partNumbers.map((number) => {
          if (partNumbers.length < 5) return accepted(number, `r${++idCount}`);
          return number === 1 ? ambiguous(number, loss) : unsent(number, "no_session");
        }),
    });
    const { send, until, dispatcher, advance } = await open({ gateways: [north] });
    const ids = await send(
      ...Array.from({ length: 30 }, () => ({ text: longText, duplicatePolicy: "AT_MOST_ONCE" as const })),
    );
    await advance(3_000);
    for (const id of ids) await until(id, "UNKNOWN");
    expect(dispatcher.health(north.id).kind).toBe("ready");
    expect(north.submissions).toHaveLength(60);
  });
});
