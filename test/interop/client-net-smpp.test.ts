/** The whole service against an SMSC on Debian's Net::SMPP, a codec that is neither ours nor JavaScript. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { expect, it } from "vitest";
import { DeliveryState } from "../../src/gen/smsrelay/v1/delivery.ts";
import { describeWithPackage, isInstalled } from "../support/debian-package.ts";
import { startServiceWorld } from "../support/service-world.ts";

const program = join(import.meta.dirname, "programs/net-smpp-smsc.pl");
const LONG = "A long text that needs several parts. ".repeat(10);
const ids = { messageIdForm: { response: "hex", receipt: "decimal" } };

type PerlPdu = Readonly<Record<string, string>>;

/** Starts the SMSC; `next` answers each PDU that it read, its values as Perl holds them. */
async function startNetSmpp() {
  const child = spawn("perl", [program], { stdio: ["pipe", "pipe", "pipe"] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  let complaints = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    complaints += text;
  });
  const ended = once(child, "exit");
  const next = async (): Promise<PerlPdu> => {
    const { value, done } = await lines.next();
    if (done === true) throw new Error(`Net::SMPP ended: ${complaints}`);
    return Object.fromEntries(value.split(" ").map((pair) => pair.split("=")));
  };
  return {
    port: Number((await next())["port"]),
    next,
    async nextOf(command: string): Promise<PerlPdu> {
      for (;;) {
        const pdu = await next();
        if (pdu["command"] === command) return pdu;
      }
    },
    complaints: () => complaints.replace(/^(premature eof|error) .*\n/gm, ""),
    async [Symbol.asyncDispose]() {
      child.stdin.end();
      child.kill("SIGTERM");
      await ended;
    },
  };
}

/** Perl's strings come as the hexadecimal of their octets; its numbers as that of their digits. */
const octetsOf = (pdu: PerlPdu, field: string) => Buffer.from(pdu[field] ?? "", "hex");
const textOf = (pdu: PerlPdu, field: string) => octetsOf(pdu, field).toString("latin1");

describeWithPackage(
  "libnet-smpp-perl",
  isInstalled("perl", "-MNet::SMPP", "-e", "1"),
  "Net::SMPP as SMSC",
  () => {
    it("P1 P25 P26 binds us, reads our submit_sm, and its receipt finds its way although ids change their notation", async () => {
      await using smsc = await startNetSmpp();
      await using world = await startServiceWorld([{ port: smsc.port, gateway: ids }]);
      const bind = await smsc.nextOf("bind_transceiver");
      expect([
        textOf(bind, "system_id"),
        textOf(bind, "password"),
        textOf(bind, "interface_version"),
      ]).toEqual(["relay", "secret", "52"]);
      const sent = await world.send({ text: "Hello [world] €" });
      const submit = await smsc.nextOf("submit_sm");
      expect(textOf(submit, "source_addr")).toBe("Acme");
      expect(textOf(submit, "source_addr_ton")).toBe("5");
      expect(textOf(submit, "destination_addr")).toBe("4790000001");
      expect(textOf(submit, "registered_delivery")).toBe("1");
      expect(textOf(submit, "validity_period")).toMatch(/^\d{12}000\+$/);
      expect(octetsOf(submit, "short_message").toString("hex")).toBe("48656c6c6f201b3c776f726c641b3e201b65");
      expect(await world.ended(sent)).toMatchObject({
        state: DeliveryState.DELIVERY_STATE_DELIVERED,
        parts: [{ gatewayMessageId: "A1F", receipt: { stat: "DELIVRD", err: "000" } }],
      });
      expect(smsc.complaints()).toBe("");
    });

    it.each(["udh8", "udh16", "sar", "payload"])("P24 reads long messages by %s", async (concatenation) => {
      await using smsc = await startNetSmpp();
      await using world = await startServiceWorld([
        { port: smsc.port, gateway: { ...ids, profile: { concatenation } } },
      ]);
      const sent = await world.send({ text: LONG });
      const total = concatenation === "payload" ? 1 : 3;
      let text = "";
      for (let sequence = 1; sequence <= total; sequence++) {
        const submit = await smsc.nextOf("submit_sm");
        const short = octetsOf(submit, "short_message");
        const headerOctets = textOf(submit, "esm_class") === "64" ? 1 + short.readUInt8(0) : 0;
        text += short.subarray(headerOctets).toString("latin1") + textOf(submit, "message_payload");
        if (concatenation === "sar") {
          expect(octetsOf(submit, "sar_msg_ref_num")).toHaveLength(2);
          expect([
            ...octetsOf(submit, "sar_total_segments"),
            ...octetsOf(submit, "sar_segment_seqnum"),
          ]).toEqual([3, sequence]);
        } else if (concatenation !== "payload") {
          expect([...short.subarray(headerOctets - 2, headerOctets)]).toEqual([3, sequence]);
        }
      }
      expect(text).toBe(LONG);
      expect(await world.ended(sent)).toMatchObject({ state: DeliveryState.DELIVERY_STATE_DELIVERED });
      expect(smsc.complaints()).toBe("");
    });

    it("P20 is asked, answers, and sees us unbind when the service stops", async () => {
      await using smsc = await startNetSmpp();
      const world = await startServiceWorld([
        { port: smsc.port, gateway: { ...ids, enquireLinkInterval: "1s" } },
      ]);
      await smsc.nextOf("bind_transceiver");
      await world.untilGateway("north", ({ boundSessionCount }) => boundSessionCount === 1);
      world.clock.jump(1_000);
      await smsc.nextOf("enquire_link");
      await world[Symbol.asyncDispose]();
      await smsc.nextOf("unbind");
    });
  },
);
