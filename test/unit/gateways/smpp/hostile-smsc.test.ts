/** The gateway against the simulator's hostile behaviours: whatever the SMSC does, all is settled and the gateway comes back. */
import { afterEach, describe, expect, it } from "vitest";
import type { E164 } from "../../../../src/domain/message.ts";
import type { Gateway, PartResult } from "../../../../src/gateways/gateway.ts";
import { createSmppGateway } from "../../../../src/gateways/smpp/create-smpp-gateway.ts";
import { smppSettings } from "../../../../src/gateways/smpp/settings.ts";
import { systemClock } from "../../../../src/observability/clock.ts";
import { silentLogger } from "../../../../src/observability/logger.ts";
import type { BehaviourSpec } from "../../../../src/smsc/behaviours/spec.ts";
import { type Simulator, startSimulator } from "../../../../src/smsc/start-simulator.ts";
import {
  createRecordingListener,
  gatewayId,
  type RecordingListener,
  submission,
} from "../../../support/smpp-gateway.ts";

interface Case {
  readonly title: string;
  readonly behaviour: BehaviourSpec;
  /** What may become of a part meanwhile. */
  readonly kinds: readonly PartResult["kind"][];
}

const cases: readonly Case[] = [
  { title: "answers twice", behaviour: { kind: "double-answer" }, kinds: ["accepted"] },
  {
    title: "answers in another order",
    behaviour: { kind: "slow-answer", delayMs: 1, jitterMs: 20 },
    kinds: ["accepted"],
  },
  {
    title: "sends the receipt first (P2)",
    behaviour: { kind: "receipt-before-answer", leadMs: 5 },
    kinds: ["accepted"],
  },
  { title: "never answers (P12)", behaviour: { kind: "no-answer" }, kinds: ["ambiguous"] },
  { title: "nacks without a number", behaviour: { kind: "nack-without-sequence" }, kinds: ["ambiguous"] },
  { title: "throttles (P15)", behaviour: { kind: "throttle", perSecond: 2 }, kinds: ["accepted", "refused"] },
  {
    title: "closes the connection (P18)",
    behaviour: { kind: "drop", how: "close" },
    kinds: ["ambiguous", "unsent"],
  },
  {
    title: "resets the connection (P18)",
    behaviour: { kind: "drop", how: "reset" },
    kinds: ["ambiguous", "unsent"],
  },
  {
    title: "falls silent (P20)",
    behaviour: { kind: "drop", how: "silence" },
    kinds: ["ambiguous", "unsent"],
  },
  {
    title: "unbinds in the middle",
    behaviour: { kind: "unbind" },
    kinds: ["ambiguous", "unsent", "accepted"],
  },
  {
    title: "writes garbage (P19)",
    behaviour: { kind: "garbage", octets: 64, times: 1 },
    kinds: ["ambiguous", "unsent", "accepted"],
  },
  {
    title: "writes an absurd length (P19)",
    behaviour: { kind: "oversize", times: 1 },
    kinds: ["ambiguous", "unsent", "accepted"],
  },
  { title: "sends an unknown command (P19)", behaviour: { kind: "unknown-command" }, kinds: ["accepted"] },
];

const cleanups: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function open(
  behaviours: readonly BehaviourSpec[] = [],
): Promise<{ simulator: Simulator; gateway: Gateway; listener: RecordingListener }> {
  const simulator = await startSimulator({ port: 0, receiptDelayMs: 0, receiptRetryMs: 5, behaviours });
  cleanups.push(() => simulator.stop({ abruptly: true }));
  const gateway = createSmppGateway(
    smppSettings({
      id: gatewayId,
      host: "127.0.0.1",
      port: simulator.port,
      systemId: "relay",
      password: "secret",
      window: 16,
      reconnectMinMs: 2,
      reconnectMaxMs: 10,
      responseTimeoutMs: 100,
      ambiguityHoldMs: 20,
      enquireLinkIntervalMs: 60,
      enquireLinkTimeoutMs: 20,
    }),
    { clock: systemClock, random: () => 0.5, log: silentLogger },
  );
  cleanups.push(() => gateway.stop(0));
  const listener = createRecordingListener();
  gateway.start(listener);
  return { simulator, gateway, listener };
}

async function untilReady(gateway: Gateway, listener: RecordingListener): Promise<void> {
  while (gateway.status().kind !== "ready") await listener.statuses.next();
}

const expireTimeMs = Date.UTC(2090, 0, 1);
const send = (gateway: Gateway, texts: readonly string[]) =>
  gateway.submit(submission(texts, { expireTimeMs, recipient: "+4790000001" as E164 }));

/** A message goes out and its receipt comes: the gateway works as if nothing had been. */
async function expectWellBehaved(gateway: Gateway, listener: RecordingListener): Promise<void> {
  for (;;) {
    await untilReady(gateway, listener);
    const [part] = await send(gateway, ["after"]);
    if (part?.kind !== "accepted") {
      await new Promise(setImmediate);
      continue;
    }
    for (;;) if ((await listener.receipts.next()).smscMessageId === part.smscMessageId) return;
  }
}

describe("an SMSC that", () => {
  for (const { title, behaviour, kinds } of cases) {
    it(`${title} costs no part its result, and the gateway comes back`, async () => {
      const { simulator, gateway, listener } = await open();
      await untilReady(gateway, listener);
      simulator.behave(behaviour);
      const sent = ["a", "b", "c", "d"].map((text) => send(gateway, [text, `${text}2`]));
      const results = await Promise.all(sent);
      for (const parts of results) expect(parts.map((part) => part.number)).toEqual([1, 2]);
      for (const part of results.flat()) expect(kinds).toContain(part.kind);
      simulator.behave();
      await expectWellBehaved(gateway, listener);
    });
  }

  it("refuses binds as if the account were full for a while is bound in the end", async () => {
    const { gateway, listener } = await open([{ kind: "refuse-bind", status: 0x05, times: 2 }]);
    await expectWellBehaved(gateway, listener);
  });

  it("sends a receipt before it answers the bind keeps it, and is bound all the same", async () => {
    const { gateway, listener } = await open([{ kind: "receipt-before-bind" }]);
    await untilReady(gateway, listener);
    expect(listener.receipts.waiting).toEqual([]);
    await expectWellBehaved(gateway, listener);
  });

  it("lets subscribers forge receipts deceives nobody (P5)", async () => {
    const { simulator, gateway, listener } = await open();
    await untilReady(gateway, listener);
    simulator.behave({ kind: "forged-receipt", state: "UNDELIV" });
    await send(gateway, ["a"]);
    expect((await listener.receipts.next()).verdict).toBe("DELIVERED");
    expect((await listener.incoming.next()).text).toContain("stat:UNDELIV");
    expect(listener.receipts.waiting).toEqual([]);
  });

  for (const charset of ["ucs2", "ascii-as-ucs2"] as const) {
    it(`writes receipts as ${charset} without TLVs is understood (P7)`, async () => {
      const { simulator, gateway, listener } = await open();
      await untilReady(gateway, listener);
      simulator.behave({ kind: "receipt-charset", charset }, { kind: "no-tlvs" });
      const [part] = await send(gateway, ["a"]);
      const receipt = await listener.receipts.next();
      expect(receipt.verdict).toBe("DELIVERED");
      expect(part).toMatchObject({ kind: "accepted", matchKey: receipt.matchKey });
    });
  }
});
