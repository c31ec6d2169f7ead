import { describe, expect, it } from "vitest";
import { NarrowedWindow } from "../../../../src/gateways/smpp/narrowed-window.ts";
import { submission } from "../../../support/smpp-gateway.ts";
import { bind, cleanAfterEach } from "./support.ts";

cleanAfterEach();

describe("a window that the SMSC finds too wide", () => {
  it("P56 halves once for all that was under way, and grows by one a second up to its full size", () => {
    const window = new NarrowedWindow(64);
    window.halve(20, 0);
    expect(window.places(0)).toBe(32);
    for (let count = 0; count < 19; count++) {
      window.answered();
      window.halve(0, 0);
    }
    expect(window.places(0)).toBe(32);
    window.answered();
    window.halve(0, 0);
    expect(window.places(0)).toBe(16);
    expect(window.places(10_000)).toBe(26);
    expect(window.places(1_000_000)).toBe(64);
    expect(window.isFull).toBe(true);
  });

  it("keeps one place at least", () => {
    const window = new NarrowedWindow(2);
    for (let count = 0; count < 5; count++) window.halve(0, 0);
    expect(window.places(0)).toBe(1);
  });

  it.each([0x14, 0x58])(
    "P56 is told by a generic_nack %i, which throttles as a response does",
    async (status) => {
      const { session, gateway, clock } = await bind({ window: 8 });
      const results = Array.from({ length: 8 }, () => gateway.submit(submission(["Hello"])));
      expect(gateway.room()).toBe(0);
      const [first, ...rest] = await Promise.all(results.map(() => session.submits.next()));
      if (first === undefined) throw new TypeError("no submit");
      session.connection.nack(first.sequence_number, status);
      expect(await results[0]).toMatchObject([
        { kind: "refused", refusal: "throttled", answer: { protocol: "smpp", status } },
      ]);
      for (const submit of rest) session.answer(submit, { id: "1" });
      await Promise.all(results);
      expect(gateway.room()).toBe(4);
      clock.advance(2_000);
      expect(gateway.room()).toBe(6);
    },
  );

  it("P56 stays as it is where a response throttles, or a nack says something else", async () => {
    const { session, gateway } = await bind({ window: 8 });
    const throttled = gateway.submit(submission(["Hello"]));
    session.answer(await session.submits.next(), { status: 0x58 });
    expect(await throttled).toMatchObject([{ refusal: "throttled" }]);
    const nobody = gateway.submit(submission(["Hello"]));
    session.connection.nack((await session.submits.next()).sequence_number, 0x0b);
    expect(await nobody).toMatchObject([{ refusal: "recipient" }]);
    expect(gateway.room()).toBe(8);
  });
});
