import { describe, expect, it } from "vitest";
import type { PartResult } from "../../../../src/gateways/gateway.ts";
import { submission } from "../../../support/smpp-gateway.ts";
import { bind, cleanAfterEach } from "./support.ts";

cleanAfterEach();

const textOf = (pdu: { body: { short_message: Buffer } }) => pdu.body.short_message.toString("latin1");
const kinds = (results: readonly PartResult[]) =>
  results.map((part) => (part.kind === "unsent" ? part.why : part.kind));

/** Tokens that the test gives out by hand. */
function handOutTokens() {
  const asked = Promise.withResolvers<void>();
  let give: () => void = () => {};
  let fail: (error: Error) => void = () => {};
  const takeToken = (): Promise<void> => {
    asked.resolve();
    return new Promise((resolve, reject) => {
      give = resolve;
      fail = reject;
    });
  };
  return { takeToken, asked: asked.promise, give: () => give(), fail: () => fail(new Error("closed")) };
}

describe("several parts", () => {
  it("leave in order with nothing of another delivery between them, and one result each", async () => {
    const { gateway, session } = await bind();
    const tokens = handOutTokens();
    const long = gateway.submit(submission(["1a", "1b"], { takeToken: tokens.takeToken }));
    await tokens.asked;
    const short = gateway.submit(submission(["2"]));
    const first = await session.submits.next();
    tokens.give();
    const second = await session.submits.next();
    const third = await session.submits.next();
    expect([first, second, third].map(textOf)).toEqual(["1a", "1b", "2"]);
    session.answer(second, { id: "y" });
    session.answer(third, { id: "z" });
    session.answer(first, { id: "x" });
    expect((await long).map((part) => part.kind === "accepted" && [part.number, part.smscMessageId])).toEqual(
      [
        [1, "x"],
        [2, "y"],
      ],
    );
    expect(kinds(await short)).toEqual(["accepted"]);
  });

  it("take a token for each part after the first (P16)", async () => {
    const { gateway, session } = await bind();
    let tokens = 0;
    void gateway.submit(
      submission(["a", "b", "c"], {
        takeToken: () => {
          tokens += 1;
          return undefined;
        },
      }),
    );
    for (const text of ["a", "b", "c"]) expect(textOf(await session.submits.next())).toBe(text);
    expect(tokens).toBe(2);
  });

  it("wait for room when the window is smaller than they are", async () => {
    const { gateway, session } = await bind({ window: 2 });
    const results = gateway.submit(submission(["a", "b", "c"]));
    const other = gateway.submit(submission(["d"]));
    const seen: string[] = [];
    for (let count = 0; count < 4; count += 1) {
      const submit = await session.submits.next();
      seen.push(textOf(submit));
      session.answer(submit, { id: textOf(submit) });
    }
    expect(seen).toEqual(["a", "b", "c", "d"]);
    expect(kinds([...(await results), ...(await other)])).toEqual(Array(4).fill("accepted"));
  });

  it("stop at the first definite refusal, and the session serves others at once", async () => {
    const { gateway, session } = await bind();
    const tokens = handOutTokens();
    const long = gateway.submit(submission(["a", "b", "c"], { takeToken: tokens.takeToken }));
    const waiting = gateway.submit(submission(["d"]));
    session.answer(await session.submits.next(), { status: 0x0b });
    expect(kinds(await long)).toEqual(["refused", "stopped", "stopped"]);
    const next = await session.submits.next();
    expect(textOf(next)).toBe("d");
    session.answer(next, { id: "d" });
    expect(kinds(await waiting)).toEqual(["accepted"]);
    tokens.give();
    expect(session.submits.waiting).toEqual([]);
  });

  it("go on after a temporary refusal of one", async () => {
    const { gateway, session } = await bind();
    const tokens = handOutTokens();
    const results = gateway.submit(submission(["a", "b"], { takeToken: tokens.takeToken }));
    session.answer(await session.submits.next(), { status: 0x58 });
    await tokens.asked;
    tokens.give();
    session.answer(await session.submits.next(), { id: "b" });
    expect(kinds(await results)).toEqual(["refused", "accepted"]);
  });

  it("are looked at for expiry again right before each is written", async () => {
    const { gateway, session, clock } = await bind();
    const tokens = handOutTokens();
    const fields = { takeToken: tokens.takeToken, expireTimeMs: clock.now() + 1_000 };
    const results = gateway.submit(submission(["a", "b"], fields));
    session.answer(await session.submits.next(), { id: "a" });
    await tokens.asked;
    clock.advance(1_000);
    tokens.give();
    expect(kinds(await results)).toEqual(["accepted", "expired"]);
  });

  it("hand back what waits for a token that never comes", async () => {
    const { gateway, session } = await bind();
    const tokens = handOutTokens();
    const results = gateway.submit(submission(["a", "b"], { takeToken: tokens.takeToken }));
    session.answer(await session.submits.next(), { id: "a" });
    await tokens.asked;
    tokens.fail();
    expect(kinds(await results)).toEqual(["accepted", "no_session"]);
  });

  it("stay on one session while others share the second", async () => {
    const { gateway, session, smsc, listener } = await bind({ sessions: 2, window: 4 });
    const sibling = await smsc.sessions.next();
    while (gateway.figures().boundSessions < 2) await listener.rooms.next();
    const tokens = handOutTokens();
    void gateway.submit(submission(["1a", "1b"], { takeToken: tokens.takeToken }));
    void gateway.submit(submission(["2"]));
    const seen = await Promise.all([session.submits.next(), sibling.submits.next()]);
    expect(seen.map(textOf).sort()).toEqual(["1a", "2"]);
    tokens.give();
    const holder = seen.map(textOf)[0] === "1a" ? session : sibling;
    expect(textOf(await holder.submits.next())).toBe("1b");
  });

  it("P12 P18 written parts of a lost session are ambiguous, the others unsent", async () => {
    const { gateway, session, listener } = await bind();
    const tokens = handOutTokens();
    const results = gateway.submit(submission(["a", "b"], { takeToken: tokens.takeToken }));
    await session.submits.next();
    session.socket.destroy();
    expect(kinds(await results)).toEqual(["ambiguous", "no_session"]);
    expect((await listener.statuses.next()).kind).toBe("connecting");
    expect(gateway.room()).toBe(0);
    expect(kinds(await gateway.submit(submission(["c"])))).toEqual(["no_session"]);
  });
});
