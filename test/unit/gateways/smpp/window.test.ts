import { describe, expect, it } from "vitest";
import { toDeliveryId } from "../../../../src/domain/ids.ts";
import type { E164 } from "../../../../src/domain/message.ts";
import { SubmissionRun, type WrittenPart } from "../../../../src/gateways/smpp/submission-run.ts";
import { Window } from "../../../../src/gateways/smpp/window.ts";
import { createFakeClock } from "../../../support/fake-clock.ts";

const wire = {
  dataCoding: 0,
  hasUserDataHeader: false,
  shortMessage: new Uint8Array(1),
  messagePayload: undefined,
  sar: undefined,
};

function written(sequence: number): WrittenPart {
  const part = { number: 1, wire };
  const run = new SubmissionRun(
    {
      deliveryId: toDeliveryId("d"),
      sender: { kind: "NUMERIC", address: "12345" },
      recipient: "+4791234567" as E164,
      parts: [part],
      expireTimeMs: 0,
      takeToken: () => undefined,
    },
    () => {},
  );
  return { run, part, sequence, echo: undefined, deadlineMs: 0, echoedId: undefined };
}

function setup(size = 4) {
  const clock = createFakeClock();
  const events: string[] = [];
  const window = new Window({
    size,
    responseTimeoutMs: 1_000,
    holdMs: 500,
    clock,
    onOverdue: (part) => events.push(`overdue ${part.sequence}`),
    onAmbiguous: (part) => events.push(`ambiguous ${part.sequence}`),
  });
  return { clock, events, window };
}

describe("window", () => {
  it("P17 counts its free places and never holds an answered part", () => {
    const { window } = setup(2);
    window.add(written(1));
    window.add(written(2));
    expect(window.free).toBe(0);
    expect(window.take(1)?.sequence).toBe(1);
    expect(window.take(1)).toBeUndefined();
    expect(window.free).toBe(1);
  });

  it("P12 makes an unanswered part overdue, then ambiguous, each at its own time", () => {
    const { clock, events, window } = setup();
    window.add(written(1));
    clock.advance(400);
    window.add(written(2));
    clock.advance(600);
    expect(events).toEqual(["overdue 1"]);
    expect(window.inFlight).toBe(1);
    expect(window.has(1)).toBe(true);
    clock.advance(400);
    expect(events).toEqual(["overdue 1", "overdue 2"]);
    clock.advance(100);
    expect(events).toEqual(["overdue 1", "overdue 2", "ambiguous 1"]);
    clock.advance(400);
    expect(events.at(-1)).toBe("ambiguous 2");
    expect(window.isEmpty).toBe(true);
    expect(clock.waiting).toBe(0);
  });

  it("P12 gives a late answer its part within the hold", () => {
    const { clock, events, window } = setup();
    window.add(written(7));
    clock.advance(1_200);
    expect(window.take(7)?.sequence).toBe(7);
    clock.advance(10_000);
    expect(events).toEqual(["overdue 7"]);
  });

  it("does not let time pass while the socket is not read", () => {
    const { clock, events, window } = setup();
    window.add(written(1));
    clock.advance(900);
    window.pause();
    clock.advance(60_000);
    expect(events).toEqual([]);
    window.resume();
    clock.advance(99);
    expect(events).toEqual([]);
    clock.advance(1);
    expect(events).toEqual(["overdue 1"]);
  });

  it("P18 hands back all it holds on close and leaves no timer", () => {
    const { clock, window } = setup();
    window.add(written(1));
    clock.advance(1_000);
    window.add(written(2));
    expect(window.close().map((part) => part.sequence)).toEqual([1, 2]);
    expect(window.isEmpty).toBe(true);
    expect(clock.waiting).toBe(0);
  });
});
