/** The SMPP gateway against the server of npm's `smpp`, a codec that is not ours. */
import { once } from "node:events";
import { createRequire } from "node:module";
import type { AddressInfo, Server } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { planMessage } from "../../src/encoding/plan-message.ts";
import type { SmppGatewaySettings } from "../../src/gateways/smpp/settings.ts";
import { createSignalQueue, type SignalQueue } from "../support/signal-queue.ts";
import { type StartedGateway, startGateway, submission, untilReady } from "../support/smpp-gateway.ts";

type NpmPdu = Readonly<Record<string, unknown>> & { response(fields?: object): NpmPdu };

interface NpmSession {
  on(event: string, listener: (pdu: NpmPdu) => void): void;
  send(pdu: NpmPdu): boolean;
  deliver_sm(fields: object, onAnswer: (pdu: NpmPdu) => void): boolean;
  enquire_link(fields: object, onAnswer: (pdu: NpmPdu) => void): boolean;
  unbind(onAnswer: (pdu: NpmPdu) => void): boolean;
  close(): void;
}

interface NpmSmpp {
  createServer(listener: (session: NpmSession) => void): Server;
}

const smpp = createRequire(import.meta.url)("smpp") as NpmSmpp;

interface Peer extends StartedGateway {
  readonly session: NpmSession;
  readonly submits: SignalQueue<NpmPdu>;
  readonly unbinds: SignalQueue<NpmPdu>;
}

const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function bindToNpm(settings: Partial<SmppGatewaySettings> = {}): Promise<Peer> {
  const sessions = createSignalQueue<NpmSession>();
  const submits = createSignalQueue<NpmPdu>();
  const unbinds = createSignalQueue<NpmPdu>();
  const server = smpp.createServer((session) => {
    session.on("error", () => {});
    session.on("bind_transceiver", (pdu) => {
      session.send(pdu.response({ system_id: "npm", sc_interface_version: 0x34 }));
      sessions.push(session);
    });
    session.on("submit_sm", (pdu) => submits.push(pdu));
    session.on("unbind", (pdu) => {
      session.send(pdu.response());
      unbinds.push(pdu);
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  cleanups.push(() => new Promise((resolve) => server.close(resolve)));
  const started = startGateway((server.address() as AddressInfo).port, settings);
  cleanups.push(() => started.gateway.stop(0));
  await untilReady(started);
  return { ...started, session: await sessions.next(), submits, unbinds };
}

describe("npm smpp as SMSC", () => {
  it("reads our submit_sm, and we its answer", async () => {
    const { gateway, session, submits } = await bindToNpm();
    const results = gateway.submit(submission(["Hello"]));
    const submit = await submits.next();
    expect(submit).toMatchObject({
      source_addr_ton: 5,
      source_addr: "Acme",
      dest_addr_ton: 1,
      dest_addr_npi: 1,
      destination_addr: "4790000001",
      registered_delivery: 1,
      short_message: { message: "Hello" },
    });
    expect(submit["validity_period"]).toEqual(new Date("2024-01-02T00:00:00Z"));
    session.send(submit.response({ message_id: "npm-1" }));
    expect(await results).toMatchObject([{ kind: "accepted", smscMessageId: "npm-1" }]);
  });

  it("reads both parts of a UCS-2 text with their headers", async () => {
    const { gateway, session, submits } = await bindToNpm();
    const text = "Ж".repeat(100);
    const planned = planMessage(
      { kind: "text", text },
      { encoding: "auto", transliterate: false, maxSegments: 4 },
      gateway.profile,
    );
    if (planned.kind !== "planned") throw new TypeError(planned.kind);
    const { plan } = planned;
    const results = gateway.submit(submission([], { plan, reference: 42, partNumbers: [1, 2] }));
    let read = "";
    for (const sequence of [1, 2]) {
      const submit = await submits.next();
      const { message, udh } = submit["short_message"] as { message: string; udh: Buffer[] };
      read += message;
      expect([...(udh[0] ?? [])]).toEqual([0x00, 0x03, 42, 2, sequence]);
      session.send(submit.response({ message_id: `part-${sequence}` }));
    }
    expect(read).toBe(text);
    expect((await results).map((part) => part.kind)).toEqual(["accepted", "accepted"]);
  });

  it("refuses with an empty body, and that is understood", async () => {
    const { gateway, session, submits } = await bindToNpm();
    const results = gateway.submit(submission(["Hello"]));
    session.send((await submits.next()).response({ command_status: 0x58 }));
    expect(await results).toMatchObject([{ kind: "refused", refusal: "throttled" }]);
  });

  it("delivers receipts by text and by TLV, and gets its answers", async () => {
    const { session, listener } = await bindToNpm();
    const deliver = (fields: object) =>
      new Promise<NpmPdu>((resolve) =>
        session.deliver_sm({ esm_class: 4, source_addr: "4790000001", ...fields }, resolve),
      );
    expect(await deliver({ short_message: "id:npm-1 stat:UNDELIV err:011" })).toMatchObject({
      command: "deliver_sm_resp",
      command_status: 0,
    });
    expect(await listener.receipts.next()).toMatchObject({
      smscMessageId: "npm-1",
      verdict: "UNDELIVERABLE",
      err: "011",
      recipient: "4790000001",
    });
    await deliver({ receipted_message_id: "npm-2", message_state: 2 });
    expect(await listener.receipts.next()).toMatchObject({ smscMessageId: "npm-2", verdict: "DELIVERED" });
    listener.storing = () => Promise.reject(new Error("disk full"));
    expect(await deliver({ receipted_message_id: "npm-3", message_state: 2 })).toMatchObject({
      command_status: 0x64,
    });
  });

  it("gets its enquire_link and its unbind answered", async () => {
    const { session, listener } = await bindToNpm();
    const alive = await new Promise<NpmPdu>((resolve) => session.enquire_link({}, resolve));
    expect(alive).toMatchObject({ command: "enquire_link_resp", command_status: 0 });
    const gone = await new Promise<NpmPdu>((resolve) => session.unbind(resolve));
    expect(gone).toMatchObject({ command: "unbind_resp", command_status: 0 });
    expect(await listener.statuses.next()).toMatchObject({ kind: "connecting", reason: "the SMSC unbound" });
  });

  it("sees us unbind when we stop", async () => {
    const { gateway, unbinds } = await bindToNpm();
    await gateway.stop(5_000);
    expect(await unbinds.next()).toMatchObject({ command: "unbind" });
  });
});
