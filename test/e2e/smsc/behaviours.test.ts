import { afterEach, describe, expect, it } from "vitest";
import type { IncomingRequest } from "../../../src/smpp/connection-options.ts";
import { type Inbound, readInbound } from "../../../src/smpp/read-inbound.ts";
import type { BehaviourSpec } from "../../../src/smsc/behaviours/spec.ts";
import type { SimulatorOptions } from "../../../src/smsc/options.ts";
import { type Simulator, startSimulator } from "../../../src/smsc/start-simulator.ts";
import { connectEsme, type Esme, idOf, submitTo } from "../../support/esme.ts";

const running: Simulator[] = [];
afterEach(async () => {
  await Promise.all(running.splice(0).map((simulator) => simulator.stop()));
});

async function setUp(behaviours: readonly BehaviourSpec[], options: SimulatorOptions = {}) {
  const simulator = await startSimulator({ port: 0, receiptDelayMs: 0, behaviours, ...options });
  running.push(simulator);
  const { esme, bound } = await connectEsme({ port: simulator.port });
  return { simulator, esme, bound };
}

function inboundOf(request: IncomingRequest): Inbound {
  if (request.command !== "deliver_sm") throw new Error(`a ${request.command}`);
  return readInbound(request);
}

async function nextReceipt(esme: Esme) {
  const request = await esme.next();
  const inbound = inboundOf(request);
  if (inbound.kind === "handset") throw new Error("no receipt");
  return { ...inbound.receipt, pdu: request };
}

const NUMBER = "4790000001";

describe("behaviours at binding", () => {
  it("refuse-bind refuses as often as it is told", async () => {
    const { bound, simulator } = await setUp([{ kind: "refuse-bind", status: 0x0e, times: 1 }]);
    expect(bound).toMatchObject({ pdu: { command_status: 0x0e } });
    const again = await connectEsme({ port: simulator.port });
    expect(again.bound).toMatchObject({ pdu: { command_status: 0 } });
    expect(simulator.counters()).toMatchObject({ binds: 1, bindsRefused: 1 });
  });

  it("receipt-before-bind sends a receipt before bind_resp", async () => {
    const { bound, esme } = await setUp([{ kind: "receipt-before-bind" }]);
    expect(bound).toMatchObject({ pdu: { command_status: 0 } });
    expect(esme.requests).toHaveLength(1);
    expect(await nextReceipt(esme)).toMatchObject({ messageId: "0" });
  });
});

describe("behaviours at a submit", () => {
  it("throttle refuses what exceeds the rate", async () => {
    const { esme, simulator } = await setUp([{ kind: "throttle", perSecond: 20 }]);
    const outcomes = await Promise.all(
      Array.from({ length: 10 }, () => esme.connection.request(submitTo(NUMBER))),
    );
    const statuses = outcomes.map((o) => (o.kind === "response" ? o.pdu.command_status : o.kind));
    expect(statuses.slice(0, 2)).toEqual([0, 0]);
    expect(new Set(statuses.slice(3))).toEqual(new Set([0x58]));
    expect(simulator.counters().refused).toBeGreaterThanOrEqual(7);
  });

  it("refuse-submit refuses a share, after some, and can be switched off", async () => {
    const { esme, simulator } = await setUp([{ kind: "refuse-submit", after: 1, times: 1 }]);
    const status = async () => {
      const outcome = await esme.connection.request(submitTo(NUMBER));
      return outcome.kind === "response" ? outcome.pdu.command_status : outcome.kind;
    };
    expect([await status(), await status(), await status()]).toEqual([0, 0x14, 0]);
    simulator.behave({ kind: "refuse-submit", status: 0x08 });
    expect([await status(), await status()]).toEqual([8, 8]);
    simulator.behave();
    expect(await status()).toBe(0);
  });

  it("slow-answer delays, no-answer never answers, double-answer answers twice", async () => {
    const { esme, simulator } = await setUp([{ kind: "slow-answer", delayMs: 30 }]);
    const begun = performance.now();
    idOf(await esme.connection.request(submitTo(NUMBER)));
    expect(performance.now() - begun).toBeGreaterThanOrEqual(29);

    simulator.behave({ kind: "no-answer" });
    void esme.connection.request(submitTo(NUMBER));
    await simulator.waitUntil(
      ({ accepted, receiptsAcknowledged }) => accepted === 2 && receiptsAcknowledged === 2,
    );
    expect(simulator.counters().answered).toBe(1);
    expect(esme.connection.inFlight).toBe(1);

    simulator.behave({ kind: "double-answer" });
    idOf(await esme.connection.request(submitTo(NUMBER)));
    await simulator.waitUntil(({ receiptsAcknowledged }) => receiptsAcknowledged === 3);
    expect(esme.faults).toMatchObject([{ kind: "unexpected-answer", pdu: { command: "submit_sm_resp" } }]);
  });

  it("nack-without-sequence answers nothing", async () => {
    const { esme, simulator } = await setUp([{ kind: "nack-without-sequence" }]);
    void esme.connection.request(submitTo(NUMBER));
    await simulator.waitUntil(({ receiptsAcknowledged }) => receiptsAcknowledged === 1);
    expect(esme.faults).toMatchObject([{ pdu: { command: "generic_nack", sequence_number: 0 } }]);
    expect(esme.connection.inFlight).toBe(1);
  });

  it("P2 receipt-before-answer sends the receipt first", async () => {
    const { esme } = await setUp([{ kind: "receipt-before-answer" }]);
    const order: string[] = [];
    const answer = esme.connection.request(submitTo(NUMBER)).then((outcome) => {
      order.push("answer");
      return idOf(outcome);
    });
    const receipt = await nextReceipt(esme);
    order.push("receipt");
    expect(receipt.messageId).toBe(await answer);
    expect(order).toEqual(["receipt", "answer"]);
  });

  it.each([
    ["close", "ended"],
    ["reset", "error"],
  ] as const)("drop by %s leaves the ESME in doubt, and the message is on its way", async (how, reason) => {
    const { esme, simulator } = await setUp([{ kind: "drop", how, times: 1 }]);
    expect(await esme.connection.request(submitTo(NUMBER))).toEqual({ kind: "lost", written: true });
    expect((await esme.closed).kind).toBe(reason);
    const again = await connectEsme({ port: simulator.port });
    expect(await nextReceipt(again.esme)).toMatchObject({ verdict: "delivered" });
  });

  it("drop by silence leaves the socket open and says nothing more", async () => {
    const { esme, simulator } = await setUp([{ kind: "drop", how: "silence", times: 1 }]);
    void esme.connection.request(submitTo(NUMBER));
    await simulator.waitUntil(({ accepted }) => accepted === 1);
    esme.connection.writeRaw(Buffer.from("00000010000000150000000000000009", "hex"));
    const again = await connectEsme({ port: simulator.port });
    expect(await nextReceipt(again.esme)).toMatchObject({ verdict: "delivered" });
    expect(esme.connection.inFlight).toBe(1);
    expect(esme.faults).toEqual([]);
    expect(esme.socket.closed).toBe(false);
  });

  it("unbind ends the session in the middle of a window, answering what came before", async () => {
    const { esme } = await setUp([{ kind: "unbind", after: 2, times: 1 }]);
    const outcomes = await Promise.all(
      Array.from({ length: 3 }, () => esme.connection.request(submitTo(NUMBER))),
    );
    expect(outcomes.slice(0, 2).map(({ kind }) => kind)).toEqual(["response", "response"]);
    expect(await esme.closed).toEqual({ kind: "unbound", by: "peer" });
  });

  it("P19 oversize and garbage end the ESME's session, unknown-command is nacked", async () => {
    const { esme, simulator } = await setUp([{ kind: "unknown-command" }]);
    idOf(await esme.connection.request(submitTo(NUMBER)));
    expect(esme.faults).toMatchObject([{ kind: "malformed", answer: "generic_nack", command_status: 3 }]);
    simulator.behave({ kind: "oversize" });
    void esme.connection.request(submitTo(NUMBER));
    expect(await esme.closed).toEqual({ kind: "impossible-length", command_length: 0x7fffffff });
    simulator.behave({ kind: "garbage" });
    const { esme: other } = await connectEsme({ port: simulator.port });
    const outcome = other.connection.request(submitTo(NUMBER));
    expect((await other.closed).kind).toBe("impossible-length");
    expect(await outcome).toEqual({ kind: "lost", written: true });
  });
});

describe("behaviours of receipts", () => {
  it("P1 message-ids writes other notations", async () => {
    const ids: BehaviourSpec = { kind: "message-ids", response: "padded", receipt: "hex" };
    const { esme, simulator } = await setUp([ids], { firstMessageNumber: 2591 });
    expect(idOf(await esme.connection.request(submitTo(NUMBER)))).toBe("00000000000000002591");
    expect(await nextReceipt(esme)).toMatchObject({ messageId: "a1f" });
    simulator.behave({ ...ids, response: "empty" });
    expect(idOf(await esme.connection.request(submitTo(NUMBER)))).toBe("");
  });

  it("double-receipt, no-receipt and shuffle-receipts change number and order", async () => {
    const { esme, simulator } = await setUp([{ kind: "double-receipt" }]);
    const id = idOf(await esme.connection.request(submitTo(NUMBER)));
    expect((await nextReceipt(esme)).messageId).toBe(id);
    expect((await nextReceipt(esme)).messageId).toBe(id);
    simulator.behave({ kind: "no-receipt" });
    await esme.connection.request(submitTo(NUMBER));
    await simulator.waitUntil(({ finished }) => finished === 2);
    simulator.behave({ kind: "shuffle-receipts", jitterMs: 40 });
    const sent: string[] = [];
    for (let i = 0; i < 10; i++) sent.push(idOf(await esme.connection.request(submitTo(NUMBER))));
    const got: (string | undefined)[] = [];
    for (let i = 0; i < 10; i++) got.push((await nextReceipt(esme)).messageId);
    expect(got).not.toEqual(sent);
    expect([...got].sort()).toEqual([...sent].sort());
  });

  it("P6 no-tlvs and no-fields leave out what an ESME would like to have", async () => {
    const { esme } = await setUp([
      { kind: "no-tlvs" },
      { kind: "no-fields", fields: ["sub", "err", "text"] },
    ]);
    const id = idOf(await esme.connection.request(submitTo(NUMBER)));
    const receipt = await nextReceipt(esme);
    expect(receipt).toMatchObject({
      messageId: id,
      err: undefined,
      messageState: undefined,
      pdu: { tlvs: {} },
    });
    expect(receipt.rawText).toMatch(/^id:\d+ dlvrd:001 submit date:\d+ done date:\d+ stat:DELIVRD$/);
  });

  it("state-first and contradict send a second state", async () => {
    const { esme, simulator } = await setUp([{ kind: "state-first", leadMs: 1 }]);
    await esme.connection.request(submitTo(NUMBER));
    expect((await nextReceipt(esme)).stat).toBe("ACCEPTD");
    expect(await nextReceipt(esme)).toMatchObject({ stat: "DELIVRD", messageState: 2 });
    simulator.behave({ kind: "contradict", state: "UNDELIV", delayMs: 1 });
    await esme.connection.request(submitTo(NUMBER));
    expect((await nextReceipt(esme)).stat).toBe("DELIVRD");
    expect(await nextReceipt(esme)).toMatchObject({ stat: "UNDELIV", messageState: 5 });
  });

  it("P5 forged-receipt sends a subscriber's text that looks like one", async () => {
    const { esme } = await setUp([{ kind: "forged-receipt" }]);
    const id = idOf(await esme.connection.request(submitTo(NUMBER)));
    const forged = await esme.next();
    expect(inboundOf(forged)).toEqual({ kind: "handset", origin: "message" });
    expect(forged.command === "deliver_sm" && forged.body.short_message.toString()).toContain(
      `id:${id} sub:001`,
    );
    expect((await nextReceipt(esme)).verdict).toBe("delivered");
  });

  it("P7 receipt-charset writes UCS-2, or claims to", async () => {
    const { esme, simulator } = await setUp([
      { kind: "receipt-charset", charset: "ucs2" },
      { kind: "no-tlvs" },
    ]);
    for (let i = 0; i < 2; i++) {
      const id = idOf(await esme.connection.request(submitTo(NUMBER)));
      const receipt = await nextReceipt(esme);
      expect(receipt).toMatchObject({ messageId: id, pdu: { body: { data_coding: 8 } } });
      expect(receipt.rawText).toContain("stat:DELIVRD");
      simulator.behave({ kind: "receipt-charset", charset: "ascii-as-ucs2" }, { kind: "no-tlvs" });
    }
  });

  it("P8 one-receipt-for-all-parts sends a receipt for the last part only", async () => {
    const { esme } = await setUp([{ kind: "one-receipt-for-all-parts" }]);
    const ids: string[] = [];
    for (const part of [1, 2, 3]) {
      const short_message = Buffer.from([5, 0, 3, 9, 3, part, 0x41]);
      ids.push(idOf(await esme.connection.request(submitTo(NUMBER, { esm_class: 0x40, short_message }))));
    }
    expect((await nextReceipt(esme)).messageId).toBe(ids[2]);
    expect(esme.requests).toHaveLength(1);
  });
});
