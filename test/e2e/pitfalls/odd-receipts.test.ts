/** Receipts that an SMSC's vendor thought up (P1, P5, P6, P7, P53, P54), octet by octet, through the whole service. */
import { describe, expect, it } from "vitest";
import { DeliveryState } from "../../../src/gen/smsrelay/v1/delivery.ts";
import type { PduContent } from "../../../src/smpp/pdu.ts";
import { type ScriptedSession, startScriptedSmsc } from "../../support/scripted-smsc.ts";
import { type ServiceWorld, startServiceWorld } from "../../support/service-world.ts";

const { DELIVERY_STATE_DELIVERED: DELIVERED, DELIVERY_STATE_UNDELIVERABLE: UNDELIVERABLE } = DeliveryState;
const { DELIVERY_STATE_EXPIRED: EXPIRED, DELIVERY_STATE_REJECTED: REJECTED } = DeliveryState;

type Deliver = Omit<PduContent<"deliver_sm">, "command">;

/** A world whose SMSC does what the test says. */
async function startScripted(gateway: Readonly<Record<string, unknown>> = {}) {
  await using parts = new AsyncDisposableStack();
  const smsc = await startScriptedSmsc();
  parts.defer(() => smsc.stop());
  const world = await startServiceWorld([{ port: smsc.port, gateway }]);
  parts.defer(() => world[Symbol.asyncDispose]());
  const session = await smsc.sessions.next();
  const running = parts.move();
  return { world, session, [Symbol.asyncDispose]: () => running.disposeAsync() };
}

/** Sends a message and has it accepted under an id. */
async function sendAs(id: string, world: ServiceWorld, session: ScriptedSession) {
  const sent = await world.send();
  session.answer(await session.submits.next(), { id });
  await world.reported(sent, DeliveryState.DELIVERY_STATE_SUBMITTED);
  return sent;
}

const text = (words: string, fields: Deliver["body"] = {}): Deliver => ({
  body: { esm_class: 4, short_message: Buffer.from(words, "latin1"), ...fields },
});

const isAnsweredOk = { kind: "response", pdu: { command_status: 0 } };

describe("an odd receipt", () => {
  it.each<[string, Deliver, DeliveryState]>([
    ["in another order", text("err:000 stat:DELIVRD id:a-1"), DELIVERED],
    ["in other letters", text("ID:a-1 Stat:delivrd"), DELIVERED],
    ["with a blank after each colon", text("id: a-1 stat: DELIVRD err: 000"), DELIVERED],
    ["with commas", text("id:a-1,sub:001,stat:DELIVRD,err:000"), DELIVERED],
    ["with FAILED, which has six letters", text("id:a-1 stat:FAILED err:1"), UNDELIVERABLE],
    [
      "with dates of another world",
      text("id:a-1 submit date:99-99-9999 done date:yesterday stat:EXPIRED"),
      EXPIRED,
    ],
    ["that ends with a zero octet", text("id:a-1 stat:DELIVRD err:000\0"), DELIVERED],
    ["whose text quotes another", text("id:a-1 stat:REJECTD err:1 text:id:b-2 stat:DELIVRD"), REJECTED],
    ["with a header before it", text("\x03\x70\x01\x00id:a-1 stat:DELIVRD", { esm_class: 0x44 }), DELIVERED],
    [
      "in message_payload",
      { body: { esm_class: 4 }, tlvs: { message_payload: Buffer.from("id:a-1 stat:DELIVRD") } },
      DELIVERED,
    ],
    [
      "of TLVs alone, without the bits of a receipt",
      { body: {}, tlvs: { receipted_message_id: "a-1", message_state: 2 } },
      DELIVERED,
    ],
    [
      "whose TLVs and text disagree",
      { ...text("id:b-2 stat:DELIVRD"), tlvs: { receipted_message_id: "a-1", message_state: 5 } },
      UNDELIVERABLE,
    ],
    [
      "with a network_error_code of one octet",
      { ...text("id:a-1 stat:UNDELIV"), rawTlvs: [{ tag: 0x0423, value: Buffer.from([3]) }] },
      UNDELIVERABLE,
    ],
    [
      "with a TLV that nobody knows",
      { ...text("id:a-1 stat:DELIVRD"), rawTlvs: [{ tag: 0x1501, value: Buffer.alloc(40) }] },
      DELIVERED,
    ],
    ["marked as UCS-2 in ASCII", text("id:a-1 stat:DELIVRD", { data_coding: 8 }), DELIVERED],
    ["marked as binary", text("id:a-1 stat:DELIVRD", { data_coding: 4 }), DELIVERED],
  ])("P6 %s still ends its delivery", async (_name, content, state) => {
    await using on = await startScripted();
    const sent = await sendAs("a-1", on.world, on.session);
    expect(await on.session.deliver(content)).toMatchObject(isAnsweredOk);
    expect(await on.world.ended(sent)).toMatchObject({ state });
  });

  it.each<[string, Deliver]>([
    ["nothing", text("")],
    ["noise", text("\x00\xff\x80\x1b\x1b")],
    ["no id", text("stat:DELIVRD err:000")],
    ["an id that nobody knows", text("id:zzz stat:DELIVRD")],
    ["a state that nobody knows", text("id:a-1 stat:BLUE")],
    ["ENROUTE", text("id:a-1 stat:ENROUTE")],
    ["an intermediate notification of delivery", text("id:a-1 stat:DELIVRD", { esm_class: 0x20 })],
    ["a handset's own acknowledgement", text("id:a-1 stat:DELIVRD", { esm_class: 0x08 })],
  ])("P6 P5 of %s is confirmed, kept, and ends nothing", async (_name, content) => {
    await using on = await startScripted();
    const sent = await sendAs("a-1", on.world, on.session);
    expect(await on.session.deliver(content)).toMatchObject(isAnsweredOk);
    expect(await on.world.status(sent)).toMatchObject({ state: DeliveryState.DELIVERY_STATE_SUBMITTED });
    expect(await on.session.deliver(text("id:a-1 stat:DELIVRD"))).toMatchObject(isAnsweredOk);
    expect(await on.world.ended(sent)).toMatchObject({ state: DELIVERED });
  });

  it("P6 by data_sm counts like one by deliver_sm", async () => {
    await using on = await startScripted();
    const sent = await sendAs("a-1", on.world, on.session);
    const receipt = { body: { esm_class: 4 }, tlvs: { receipted_message_id: "a-1", message_state: 2 } };
    expect(await on.session.connection.request({ command: "data_sm", ...receipt })).toMatchObject(
      isAnsweredOk,
    );
    expect(await on.world.ended(sent)).toMatchObject({ state: DELIVERED });
  });

  it("P1 P53 for an id that begins again means the newest message, where nothing else tells, and says so", async () => {
    await using on = await startScripted();
    const [old, fresh] = [await sendAs("7", on.world, on.session), await sendAs("7", on.world, on.session)];
    expect(await on.session.deliver(text("id:7 stat:UNDELIV"))).toMatchObject(isAnsweredOk);
    expect(await on.world.ended(fresh)).toMatchObject({ state: UNDELIVERABLE });
    expect(await on.world.status(old)).toMatchObject({ state: DeliveryState.DELIVERY_STATE_SUBMITTED });
    expect(on.world.sentences).toContain(
      "A receipt's id is that of several parts, and nothing else tells them apart; the newest took it.",
    );
  });

  it("P53 P54 for an id of two recipients is told by its address, however that is spelled", async () => {
    await using on = await startScripted();
    const first = await sendAs("SAME-7", on.world, on.session);
    const sent = await on.world.send({ to: "+4790000002" });
    on.session.answer(await on.session.submits.next(), { id: "SAME-7" });
    await on.world.reported(sent, DeliveryState.DELIVERY_STATE_SUBMITTED);
    await on.session.deliver(text("id:SAME-7 stat:DELIVRD", { source_addr: "004790000001" }));
    await on.session.deliver(text("id:SAME-7 stat:UNDELIV", { source_addr: "90000002" }));
    expect(await on.world.ended(first)).toMatchObject({ state: DELIVERED });
    expect(await on.world.ended(sent)).toMatchObject({ state: UNDELIVERABLE });
  });

  it("P53 whose receipted_message_id leads nowhere is found by the id in its text", async () => {
    await using on = await startScripted();
    const sent = await sendAs("1007", on.world, on.session);
    await on.session.deliver({
      ...text("id:1007 sub:001 dlvrd:001 stat:DELIVRD"),
      tlvs: { receipted_message_id: "77aa-other", message_state: 2 },
    });
    expect(await on.world.ended(sent)).toMatchObject({ state: DELIVERED });
  });

  it.each<[string, string, Deliver]>([
    ["a closing NUL behind its last word", "1007", text("id:1007 stat:DELIVRD\0")],
    ["NUL between its fields", "1007", text("id:1007\0stat:DELIVRD\0\0")],
    ["a closing NUL, marked as UCS-2", "1007", text("id:1007 stat:DELIVRD\0", { data_coding: 8 })],
    ["blanks behind the id of the answer", "1007  ", text("id:1007 stat:DELIVRD")],
    ["blanks before the id of the answer", "  1007", text("id:1007 stat:DELIVRD")],
    [
      "blanks behind the id of its TLV",
      "1007",
      { body: { esm_class: 4 }, tlvs: { receipted_message_id: "1007  ", message_state: 2 } },
    ],
  ])("P54 with %s still ends its delivery", async (_name, id, content) => {
    await using on = await startScripted();
    const sent = await sendAs(id, on.world, on.session);
    expect(await on.session.deliver(content)).toMatchObject(isAnsweredOk);
    expect(await on.world.ended(sent)).toMatchObject({ state: DELIVERED });
  });

  it("P2 P53 before its response is no repetition of an earlier one of that id", async () => {
    await using on = await startScripted();
    const old = await sendAs("1", on.world, on.session);
    await on.session.deliver(text("id:1 stat:UNDELIV"));
    expect(await on.world.ended(old)).toMatchObject({ state: UNDELIVERABLE });
    const fresh = await on.world.send();
    const submit = await on.session.submits.next();
    expect(await on.session.deliver(text("id:1 stat:DELIVRD"))).toMatchObject(isAnsweredOk);
    on.session.answer(submit, { id: "1" });
    expect(await on.world.ended(fresh)).toMatchObject({ state: DELIVERED });
  });

  it("P9 that comes again after all waiting is kept on its part and contradicts, said", async () => {
    await using on = await startScripted({ responseTimeout: "10m" });
    const sent = await sendAs("1", on.world, on.session);
    await on.session.deliver(text("id:1 stat:UNDELIV"));
    expect(await on.world.ended(sent)).toMatchObject({ state: UNDELIVERABLE });
    await on.session.deliver(text("id:1 stat:DELIVRD"));
    on.world.clock.jump(600_000);
    await expect
      .poll(() => on.world.sentences)
      .toContain("A receipt contradicts the final state of its delivery; the state stays.");
    expect(await on.world.status(sent)).toMatchObject({ state: UNDELIVERABLE });
  });

  it("that comes two hundred times within a minute is told twice, and counted each time", async () => {
    await using on = await startScripted();
    for (let count = 0; count < 200; count++)
      expect(await on.session.deliver(text("a receipt that names nothing"))).toMatchObject(isAnsweredOk);
    const lines = () => on.world.sentences.filter((said) => said.startsWith("A receipt could not be read"));
    expect(lines()).toHaveLength(1);
    on.world.clock.jump(60_000);
    expect(lines()).toHaveLength(2);
    expect((await on.world.get("/metrics")).text).toContain(
      'sms_relay_receipts_total{gateway="north",outcome="unparsable"} 200',
    );
  });

  it("P1 for an id that was used before means the message that is still open", async () => {
    await using on = await startScripted();
    const first = await sendAs("7", on.world, on.session);
    await on.session.deliver(text("id:7 stat:DELIVRD"));
    expect(await on.world.ended(first)).toMatchObject({ state: DELIVERED });
    const second = await sendAs("7", on.world, on.session);
    await on.session.deliver(text("id:7 stat:UNDELIV"));
    expect(await on.world.ended(second)).toMatchObject({ state: UNDELIVERABLE });
    expect(await on.world.status(first)).toMatchObject({ state: DELIVERED });
  });

  it.each([
    ["64 digits", "9".repeat(64), "9".repeat(64)],
    ["blanks and signs", "AB-12/x.y@z", "AB-12/x.y@z"],
    ["a number beyond 64 bits", "FFFFFFFFFFFFFFFFFFFF", "1208925819614629174706175"],
  ])("P1 finds ids of %s", async (_name, answered, receipted) => {
    const isNumber = answered.startsWith("F");
    await using on = await startScripted(
      isNumber ? { messageIdForm: { response: "hex", receipt: "decimal" } } : {},
    );
    const sent = await sendAs(answered, on.world, on.session);
    await on.session.deliver(text(`id:${receipted} stat:DELIVRD`));
    expect(await on.world.ended(sent)).toMatchObject({
      state: DELIVERED,
      parts: [{ gatewayMessageId: answered }],
    });
  });
});
