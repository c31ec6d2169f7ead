import { describe, expect, it } from "vitest";
import { baselineProfile } from "../../../../src/encoding/baseline-profile.ts";
import { planMessage } from "../../../../src/encoding/plan-message.ts";
import { planOf, submission } from "../../../support/smpp-gateway.ts";
import { bind, cleanAfterEach } from "./support.ts";

cleanAfterEach();

const textOf = (pdu: { body: { short_message: Buffer } }) => pdu.body.short_message.toString("latin1");

describe("submitting over TCP", () => {
  it("writes one part and hands on the SMSC's id in both forms", async () => {
    const { gateway, session, clock } = await bind({
      messageIdForm: { response: "hex", receipt: "decimal" },
    });
    const results = gateway.submit(submission(["Hello"]));
    const submit = await session.submits.next();
    expect(submit.body).toMatchObject({
      source_addr: "Acme",
      source_addr_ton: 5,
      source_addr_npi: 0,
      destination_addr: "4790000001",
      dest_addr_ton: 1,
      dest_addr_npi: 1,
      registered_delivery: 1,
      priority_flag: 0,
      validity_period: "240102000000000+",
      schedule_delivery_time: "",
      data_coding: 0,
      esm_class: 0,
    });
    expect(textOf(submit)).toBe("Hello");
    session.answer(submit, { id: "0A1F" });
    expect(await results).toEqual([
      { kind: "accepted", number: 1, smscMessageId: "0A1F", matchKey: "2591", timeMs: clock.now() },
    ]);
  });

  it("accepts an answer without an id", async () => {
    const { gateway, session } = await bind();
    const results = gateway.submit(submission(["Hello"]));
    session.answer(await session.submits.next(), { id: "" });
    expect(await results).toMatchObject([
      { kind: "accepted", smscMessageId: undefined, matchKey: undefined },
    ]);
  });

  it("P25 sends service type, priority, protocol and a plus only when they are set", async () => {
    const { gateway, session } = await bind({ serviceType: "VMA", priorityFlag: 2, protocolId: 65 });
    void gateway.submit(submission(["Hello"], { sender: { kind: "NUMERIC", address: "12345" } }));
    expect((await session.submits.next()).body).toMatchObject({
      service_type: "VMA",
      priority_flag: 2,
      protocol_id: 65,
      source_addr: "12345",
      source_addr_ton: 3,
      source_addr_npi: 0,
    });
  });

  it("P34 writes a text in the gateway's own default alphabet", async () => {
    const profile = { ...baselineProfile, defaultAlphabet: "latin1" as const };
    const { gateway, session } = await bind({ profile });
    const planned = planMessage(
      { kind: "text", text: "@ä[" },
      { encoding: "auto", transliterate: false, maxSegments: 1 },
      gateway.profile,
    );
    if (planned.kind !== "planned") throw new TypeError(planned.kind);
    void gateway.submit(submission(["@ä["], { plan: planned.plan }));
    const submit = await session.submits.next();
    expect([submit.body.data_coding, textOf(submit)]).toEqual([0, "@ä["]);
  });

  it("P17 writes no more than the window and goes on as answers come, in order", async () => {
    const { gateway, session, listener } = await bind({ window: 2 });
    expect(gateway.room()).toBe(2);
    const results = ["a", "b", "c"].map((text) => gateway.submit(submission([text])));
    const first = await session.submits.next();
    const second = await session.submits.next();
    expect(session.submits.waiting).toEqual([]);
    expect([gateway.room(), gateway.figures().inFlight]).toEqual([0, 2]);
    session.answer(second, { id: "2" });
    const third = await session.submits.next();
    expect([first, second, third].map(textOf)).toEqual(["a", "b", "c"]);
    while (listener.rooms.waiting.length > 0) await listener.rooms.next();
    session.answer(first, { id: "1" });
    session.answer(third, { id: "3" });
    await listener.rooms.next();
    expect((await Promise.all(results)).map(([part]) => part?.kind)).toEqual([
      "accepted",
      "accepted",
      "accepted",
    ]);
    expect(gateway.room()).toBe(2);
  });

  it("tells of room with every batch of answers, also to who needs more than one place", async () => {
    const { gateway, session, listener } = await bind({ window: 4 });
    for (const text of ["a", "b", "c", "d"]) void gateway.submit(submission([text]));
    while (listener.rooms.waiting.length > 0) await listener.rooms.next();
    for (const free of [1, 2, 3]) {
      session.answer(await session.submits.next(), { id: String(free) });
      await listener.rooms.next();
      expect(gateway.room()).toBe(free);
    }
  });

  it("hands back what exceeds a full window's worth of waiting (P23)", async () => {
    const { gateway, session } = await bind({ window: 1 });
    const results = ["a", "b", "c"].map((text) => gateway.submit(submission([text])));
    expect(await results[2]).toMatchObject([{ kind: "unsent", why: "no_session" }]);
    session.answer(await session.submits.next(), { id: "1" });
    session.answer(await session.submits.next(), { id: "2" });
    expect((await Promise.all(results.slice(0, 2))).flat().map((part) => part.kind)).toEqual([
      "accepted",
      "accepted",
    ]);
  });

  it("P13 hands on each refusal by its class", async () => {
    const { gateway, session } = await bind({ statusClass: { 10: "recipient" } });
    const refusals: unknown[] = [];
    for (const status of [0x0b, 0x0a, 0x45, 0x08, 0x58, 0x14, 0x499]) {
      const results = gateway.submit(submission(["Hello"]));
      session.answer(await session.submits.next(), { status });
      const [part] = await results;
      refusals.push(part?.kind === "refused" && [part.answer.status, part.refusal]);
    }
    expect(refusals).toEqual([
      [0x0b, "recipient"],
      [0x0a, "recipient"],
      [0x45, "route"],
      [0x08, "temporary"],
      [0x58, "throttled"],
      [0x14, "throttled"],
      [0x499, "temporary"],
    ]);
  });

  it("takes a generic_nack with our sequence number for an answer, and one with 0 for none", async () => {
    const { gateway, session } = await bind();
    const results = gateway.submit(submission(["Hello"]));
    const submit = await session.submits.next();
    session.connection.nack(0, 0x03);
    session.connection.nack(submit.sequence_number, 0x03);
    expect(await results).toMatchObject([
      { kind: "refused", refusal: "route", answer: { protocol: "smpp", status: 3 } },
    ]);
  });

  it("refuses a message that needs optional parameters where the session carries none", async () => {
    const { gateway, session } = await bind({}, { interfaceVersion: undefined });
    const long = submission(["Hel", "lo"], { plan: planOf(["Hel", "lo"], "sar"), reference: 7 });
    expect(await gateway.submit(long)).toMatchObject([
      { kind: "refused", refusal: "route", answer: { status: 0xc1 } },
      { kind: "unsent", why: "stopped" },
    ]);
    expect(session.submits.waiting).toEqual([]);
  });

  it("sends SAR parameters all three, and message_payload with an empty short_message", async () => {
    const { gateway, session } = await bind({ tlvs: "always" }, { interfaceVersion: undefined });
    const tied = { plan: planOf(["a", "b"], "sar"), reference: 7, partNumbers: [1] };
    void gateway.submit(submission([], tied));
    const whole = { plan: planOf(["lo", "ng"], "payload"), partNumbers: [1] };
    void gateway.submit(submission([], whole));
    const first = await session.submits.next();
    expect(first.tlvs).toEqual({ sar_msg_ref_num: 7, sar_total_segments: 2, sar_segment_seqnum: 1 });
    const second = await session.submits.next();
    expect(second.body.short_message).toHaveLength(0);
    expect(second.tlvs.message_payload?.toString()).toBe("long");
  });

  it("sends no optional parameter to an SMSC that names no version", async () => {
    const { gateway, session } = await bind({ echoesUserMessageReference: true }, { interfaceVersion: 0x33 });
    void gateway.submit(submission(["Hello"]));
    expect((await session.submits.next()).tlvs).toEqual({});
  });

  it("does not write a part whose time is over", async () => {
    const { gateway, clock, session } = await bind();
    const results = gateway.submit(submission(["late"], { expireTimeMs: clock.now() }));
    expect(await results).toMatchObject([{ kind: "unsent", why: "expired" }]);
    expect(session.submits.waiting).toEqual([]);
  });
});
