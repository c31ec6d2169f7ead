import { afterEach, describe, expect, it } from "vitest";
import { type ScriptedSmsc, startScriptedSmsc } from "../../../support/scripted-smsc.ts";
import { type StartedGateway, startGateway, submission, untilReady } from "../../../support/smpp-gateway.ts";

const cleanups: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function setup(settings: Parameters<typeof startGateway>[1] = {}): Promise<{
  smsc: ScriptedSmsc;
  started: StartedGateway;
}> {
  const smsc = await startScriptedSmsc();
  cleanups.push(() => smsc.stop());
  const started = startGateway(smsc.port, settings);
  cleanups.push(() => started.gateway.stop(0));
  await untilReady(started);
  return { smsc, started };
}

describe("submitting over TCP", () => {
  it("writes one part and hands on the SMSC's id in both forms", async () => {
    const { smsc, started } = await setup({ messageIdForm: { response: "hex", receipt: "decimal" } });
    const session = await smsc.sessions.next();
    const results = started.gateway.submit(submission(["Hello"]));
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
      data_coding: 0,
      esm_class: 0,
    });
    expect(submit.body.short_message.toString()).toBe("Hello");
    session.answer(submit, { id: "0A1F" });
    expect(await results).toEqual([
      {
        kind: "accepted",
        number: 1,
        smscMessageId: "0A1F",
        matchKey: "2591",
        timeMs: started.clock.now(),
      },
    ]);
  });
});
