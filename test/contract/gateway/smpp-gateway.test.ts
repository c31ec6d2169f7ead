/** The gateway port on SMPP, against an SMSC that does just what the port's description needs. */
import type { E164 } from "../../../src/domain/message.ts";
import { createSmppGateway } from "../../../src/gateways/smpp/create-smpp-gateway.ts";
import { type BindMode, smppSettings } from "../../../src/gateways/smpp/settings.ts";
import { systemClock } from "../../../src/observability/clock.ts";
import { silentLogger } from "../../../src/observability/logger.ts";
import { type ScriptedSession, startScriptedSmsc } from "../../support/scripted-smsc.ts";
import { createSignalQueue } from "../../support/signal-queue.ts";
import { gatewayId } from "../../support/smpp-gateway.ts";
import { describeGateway, type GatewayHarness } from "./describe-gateway.ts";

const recipients = {
  accepted: "+4790000001" as E164,
  refused: "+4790000002" as E164,
};

async function open(bindMode: BindMode): Promise<GatewayHarness> {
  const smsc = await startScriptedSmsc();
  const sessions = new Set<ScriptedSession>();
  const silenced = createSignalQueue<1>();
  let isSilent = false;
  /** Receipts that came before a session to carry them. */
  const undelivered: (() => void)[] = [];
  let lastId = 0xfff;

  async function serve(): Promise<void> {
    for (;;) {
      const session = await smsc.sessions.next();
      sessions.add(session);
      void session.closed.then(() => sessions.delete(session));
      void answer(session);
      for (const deliverNow of undelivered.splice(0)) deliverNow();
    }
  }

  async function answer(session: ScriptedSession): Promise<void> {
    for (;;) {
      const submit = await session.submits.next();
      const recipient = `+${submit.body.destination_addr}`;
      if (isSilent) {
        silenced.push(1);
      } else if (recipient === recipients.refused) {
        session.answer(submit, { status: 0x0b });
      } else {
        lastId += 1;
        session.answer(submit, { id: lastId.toString(16) });
        void deliver(lastId, submit.body.destination_addr);
      }
    }
  }

  async function deliver(id: number, destination: string): Promise<void> {
    const receiver = [...sessions].find(({ bind }) => bind.command !== "bind_transmitter");
    if (receiver === undefined) {
      undelivered.push(() => void deliver(id, destination));
      return;
    }
    const outcome = await receiver.deliver({
      body: {
        esm_class: 4,
        source_addr_ton: 1,
        source_addr: destination,
        short_message: Buffer.from(`id:${id} stat:DELIVRD`),
      },
    });
    if (outcome.kind === "response" && outcome.pdu.command_status !== 0) await deliver(id, destination);
  }

  void serve();
  const gateway = createSmppGateway(
    smppSettings({
      id: gatewayId,
      host: "127.0.0.1",
      port: smsc.port,
      systemId: "relay",
      password: "secret",
      bindMode,
      window: 8,
      reconnectMinMs: 2,
      reconnectMaxMs: 10,
      messageIdForm: { response: "hex", receipt: "decimal" },
    }),
    { clock: systemClock, random: () => 0.5, log: silentLogger },
  );
  return {
    gateway,
    recipients,
    cut() {
      for (const session of sessions) session.socket.destroy();
    },
    setSilent(isSilentNow) {
      isSilent = isSilentNow;
    },
    async untilSilenced(count) {
      for (let left = count; left > 0; left -= 1) await silenced.next();
    },
    stop: () => smsc.stop(),
  };
}

describeGateway("SMPP transceiver", () => open("transceiver"));
describeGateway("SMPP transmitter and receiver", () => open("transmitter+receiver"));
