import { describe, expect, it } from "vitest";
import type { PartResult } from "../../../../src/gateways/gateway.ts";
import { createSignalQueue } from "../../../support/signal-queue.ts";
import { submission } from "../../../support/smpp-gateway.ts";
import { bind, cleanAfterEach } from "./support.ts";

cleanAfterEach();

const kinds = (results: readonly PartResult[]) => results.map((part) => part.kind);
const lossesOf = (results: readonly PartResult[]) =>
  results.map((part) => {
    if (part.kind !== "ambiguous") throw new Error(`the part is ${part.kind}`);
    return part.misfortune;
  });

describe("a part whose fate nobody knows (P12)", () => {
  it("P12 is settled by a response that comes late but within the hold", async () => {
    const { gateway, session, clock, events } = await bind({
      responseTimeoutMs: 1_000,
      ambiguityHoldMs: 500,
    });
    const results = gateway.submit(submission(["Hello"]));
    const submit = await session.submits.next();
    clock.advance(1_000);
    session.answer(submit, { id: "late" });
    expect(await results).toMatchObject([{ kind: "accepted", smscMessageId: "late" }]);
    expect(events).toEqual(["overdue_response", "late_response"]);
  });

  it("P12 is ambiguous once the hold is over, and gives its place in the window free for one probe", async () => {
    const { gateway, session, clock, events } = await bind({
      responseTimeoutMs: 1_000,
      ambiguityHoldMs: 500,
    });
    const results = gateway.submit(submission(["Hello"]));
    const submit = await session.submits.next();
    clock.advance(1_000);
    await Promise.resolve();
    expect(gateway.room()).toBe(1);
    clock.advance(500);
    expect(kinds(await results)).toEqual(["ambiguous"]);
    const after = gateway.submit(submission(["next"]));
    session.answer(await session.submits.next(), { id: "next" });
    expect(kinds(await after)).toEqual(["accepted"]);
    expect(gateway.room()).toBe(64);
    expect(submit.body.destination_addr).toBe("4790000001");
    expect(events).toEqual(["overdue_response"]);
  });

  it("P49 is told once what became of it when its response comes after the hold, accepted or refused", async () => {
    const { gateway, session, clock, events } = await bind({
      responseTimeoutMs: 1_000,
      ambiguityHoldMs: 500,
      messageIdForm: { response: "hex", receipt: "decimal" },
    });
    const results = ["a", "b"].map((text) => gateway.submit(submission([text])));
    const submits = [await session.submits.next(), await session.submits.next()];
    clock.advance(1_000);
    await Promise.resolve();
    clock.advance(500);
    const late = createSignalQueue<PartResult>();
    for (const [part] of await Promise.all(results)) {
      if (part?.kind !== "ambiguous" || part.late === undefined) throw new Error("nothing can come late");
      part.late.onAnswer = (result) => late.push(result);
    }
    clock.advance(45_000);
    session.answer(submits[0] as never, { id: "0A" });
    expect(await late.next()).toMatchObject({ kind: "accepted", smscMessageId: "0A", matchKey: "10" });
    session.answer(submits[0] as never, { id: "0A" });
    session.answer(submits[1] as never, { status: 0x0b });
    expect(await late.next()).toMatchObject({
      kind: "refused",
      refusal: "recipient",
      answer: { status: 0x0b },
    });
    expect(late.waiting).toEqual([]);
    expect(events.filter((event) => event === "late_response")).toHaveLength(2);
  });

  it("P49 is known in its submission when its late response comes while another part still waits", async () => {
    const { gateway, session, clock } = await bind({ responseTimeoutMs: 1_000, ambiguityHoldMs: 0 });
    const results = gateway.submit(
      submission(["a", "b"], { takeToken: () => new Promise((resolve) => clock.setTimeout(resolve, 1_500)) }),
    );
    const first = await session.submits.next();
    clock.advance(1_000);
    await new Promise(setImmediate);
    clock.advance(500);
    const second = await session.submits.next();
    session.answer(first, { id: "first" });
    session.answer(second, { id: "second" });
    expect(await results).toMatchObject([
      { kind: "accepted", smscMessageId: "first" },
      { kind: "accepted", smscMessageId: "second" },
    ]);
  });

  it("P49 is told of a receipt that echoes it after the hold, though its session went", async () => {
    const { gateway, session, smsc, clock } = await bind({
      echoesUserMessageReference: true,
      ambiguityHoldMs: 500,
    });
    const results = gateway.submit(submission(["Hello"]));
    const { tlvs } = await session.submits.next();
    session.socket.destroy();
    while (gateway.figures().boundSessions > 0) await new Promise(setImmediate);
    clock.advance(500);
    const [part] = await results;
    if (part?.kind !== "ambiguous" || part.late === undefined) throw new Error("nothing can come late");
    const told = Promise.withResolvers<PartResult>();
    part.late.onAnswer = told.resolve;
    clock.advance(1_000);
    const next = await smsc.sessions.next();
    await next.deliver({
      body: { esm_class: 4, source_addr: "4790000001", short_message: Buffer.from("id:77 stat:DELIVRD") },
      tlvs: { user_message_reference: tlvs.user_message_reference },
    });
    expect(await told.promise).toMatchObject({ kind: "accepted", smscMessageId: "77" });
  });

  it("P12 can also turn out refused by a late response", async () => {
    const { gateway, session, clock } = await bind({ responseTimeoutMs: 1_000 });
    const results = gateway.submit(submission(["Hello"]));
    const submit = await session.submits.next();
    clock.advance(1_000);
    session.answer(submit, { status: 0x0b });
    expect(await results).toMatchObject([{ kind: "refused", refusal: "recipient" }]);
  });

  it("P12 is ambiguous at once when its session goes and receipts echo nothing", async () => {
    const { gateway, session, clock } = await bind({ responseTimeoutMs: 1_000 });
    const written = gateway.submit(submission(["a"]));
    await session.submits.next();
    clock.advance(1_000);
    const overdue = gateway.submit(submission(["b"]));
    await session.submits.next();
    session.socket.destroy();
    expect(kinds([...(await written), ...(await overdue)])).toEqual(["ambiguous", "ambiguous"]);
  });

  it("P12 names the one loss of its session, unless its response was overdue before", async () => {
    const { gateway, session, smsc, clock } = await bind({ responseTimeoutMs: 1_000, reconnectMinMs: 10 });
    const overdue = gateway.submit(submission(["a"]));
    await session.submits.next();
    clock.advance(500);
    const lost = gateway.submit(submission(["b", "c"]));
    await session.submits.next();
    await session.submits.next();
    clock.advance(500);
    session.socket.destroy();
    expect(lossesOf(await overdue)).toEqual([undefined]);
    const [first, second] = lossesOf(await lost);
    expect(first).toBeDefined();
    expect(second).toBe(first);
    clock.advance(10);
    const next = await smsc.sessions.next();
    while (gateway.room() === 0) await new Promise(setImmediate);
    const again = gateway.submit(submission(["d"]));
    await next.submits.next();
    next.socket.destroy();
    const [other] = lossesOf(await again);
    expect(other).toBeDefined();
    expect(other).not.toBe(first);
  });

  it("P12 still names the loss when the hold for an echo is over", async () => {
    const { gateway, session, clock } = await bind({
      echoesUserMessageReference: true,
      ambiguityHoldMs: 500,
    });
    const results = Promise.all([gateway.submit(submission(["a"])), gateway.submit(submission(["b"]))]);
    await session.submits.next();
    await session.submits.next();
    session.socket.destroy();
    while (gateway.figures().boundSessions > 0) await new Promise(setImmediate);
    await Promise.resolve();
    clock.advance(500);
    const [first, second] = lossesOf((await results).flat());
    expect(first).toBeDefined();
    expect(second).toBe(first);
  });

  it("P12 is settled by a receipt that echoes its reference, on any session", async () => {
    const { gateway, session, smsc, clock, events, listener } = await bind({
      sessions: 2,
      echoesUserMessageReference: true,
      messageIdForm: { response: "hex", receipt: "decimal" },
    });
    const sibling = await smsc.sessions.next();
    while (gateway.figures().boundSessions < 2) await listener.rooms.next();
    const results = gateway.submit(submission(["Hello"]));
    const [holder, other] = await Promise.race([
      session.submits.next().then((submit) => [{ session, submit }, sibling] as const),
      sibling.submits.next().then((submit) => [{ session: sibling, submit }, session] as const),
    ]);
    const reference = holder.submit.tlvs.user_message_reference;
    expect(reference).toBeTypeOf("number");
    holder.session.socket.destroy();
    while (gateway.figures().boundSessions > 1) await new Promise(setImmediate);
    clock.advance(5_000);
    const answer = await other.deliver({
      body: {
        esm_class: 4,
        source_addr_ton: 1,
        source_addr: "4790000001",
        destination_addr: "Acme",
        short_message: Buffer.from("id:2591 stat:DELIVRD err:000"),
      },
      tlvs: { user_message_reference: reference },
    });
    expect(answer).toMatchObject({ kind: "response", pdu: { command_status: 0 } });
    expect(await results).toMatchObject([{ kind: "accepted", smscMessageId: "2591", matchKey: "2591" }]);
    expect(events).toContain("echo_settled");
  });

  it.each([
    ["004790000001", "Acme"],
    ["+4790000001", "Acme"],
    ["090000001", "Acme"],
    ["90000001 ", "Acme"],
    ["Acme", "4790000001"],
  ])(
    "P54 is settled by an echo whose source is written %s and whose destination is %s",
    async (source, to) => {
      const { gateway, session, clock } = await bind({
        echoesUserMessageReference: true,
        responseTimeoutMs: 1_000,
      });
      const results = gateway.submit(submission(["Hello"]));
      const { tlvs } = await session.submits.next();
      clock.advance(1_000);
      await session.deliver({
        body: {
          esm_class: 4,
          source_addr: source,
          destination_addr: to,
          short_message: Buffer.from("id:77 stat:DELIVRD"),
        },
        tlvs: { user_message_reference: tlvs.user_message_reference },
      });
      expect(await results).toMatchObject([{ kind: "accepted", smscMessageId: "77" }]);
    },
  );

  it("P12 is not settled by an echo for another destination, and ends ambiguous after the hold", async () => {
    const { gateway, session, clock } = await bind({
      echoesUserMessageReference: true,
      responseTimeoutMs: 1_000,
      ambiguityHoldMs: 500,
    });
    const results = gateway.submit(submission(["Hello"]));
    const { tlvs } = await session.submits.next();
    clock.advance(1_000);
    await session.deliver({
      body: { esm_class: 4, source_addr: "4790000009", short_message: Buffer.from("id:1 stat:DELIVRD") },
      tlvs: { user_message_reference: tlvs.user_message_reference },
    });
    clock.advance(500);
    expect(kinds(await results)).toEqual(["ambiguous"]);
  });

  it("P2 takes an echo that comes before the response as proof when the response then stays away", async () => {
    const { gateway, session } = await bind({ echoesUserMessageReference: true });
    const results = gateway.submit(submission(["Hello"]));
    const { tlvs } = await session.submits.next();
    await session.deliver({
      body: { esm_class: 4, source_addr: "4790000001", short_message: Buffer.from("id:77 stat:DELIVRD") },
      tlvs: { user_message_reference: tlvs.user_message_reference },
    });
    session.socket.destroy();
    expect(await results).toMatchObject([{ kind: "accepted", smscMessageId: "77" }]);
  });

  it("P12 is no such part that certainly never left: it is unsent", async () => {
    const { gateway, session } = await bind();
    const results = gateway.submit(submission(["a"]));
    await gateway.stop(0);
    expect(await results).toMatchObject([{ kind: "unsent", why: "no_session" }]);
    expect(session.submits.waiting).toEqual([]);
  });

  it("P12 is ambiguous at its own time, not with the first", async () => {
    const { gateway, session, clock } = await bind({ responseTimeoutMs: 1_000, ambiguityHoldMs: 500 });
    const first = gateway.submit(submission(["a"]));
    await session.submits.next();
    clock.advance(400);
    const second = gateway.submit(submission(["b"]));
    const late = await session.submits.next();
    clock.advance(600);
    await Promise.resolve();
    clock.advance(400);
    await Promise.resolve();
    clock.advance(100);
    expect(kinds(await first)).toEqual(["ambiguous"]);
    session.answer(late, { id: "late" });
    expect(kinds(await second)).toEqual(["accepted"]);
  });

  it("P18 is settled when the gateway stops without grace, echo or not", async () => {
    const { gateway, session, clock } = await bind({ echoesUserMessageReference: true });
    const results = gateway.submit(submission(["Hello"]));
    await session.submits.next();
    await gateway.stop(0);
    expect(kinds(await results)).toEqual(["ambiguous"]);
    expect(clock.waiting).toBe(0);
  });
});
