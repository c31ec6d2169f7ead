import { describe, expect, it } from "vitest";
import { createReceiptRecorder } from "../../../../src/app/reports/record-receipt.ts";
import { gatewayNames } from "../../../../src/domain/gateway-names.ts";
import { toGatewayId } from "../../../../src/domain/ids.ts";
import type { Receipt } from "../../../../src/domain/receipt.ts";
import { silentLogger } from "../../../../src/observability/logger.ts";
import type { ReceiptOutcome } from "../../../../src/store/settling.ts";
import { buildReceipt } from "../../../support/store-builders.ts";

/** `answer` tells what becomes of the next receipt. */
function setUp(answer: () => Promise<ReceiptOutcome>, names = gatewayNames([])) {
  const recorded: Receipt[] = [];
  const warnings: string[] = [];
  const overtaken: string[] = [];
  const recorder = createReceiptRecorder({
    store: {
      async recordReceipts(receipts) {
        recorded.push(...receipts);
        return [await answer()];
      },
      recordUnparsableReceipt: () => Promise.resolve(),
      recordIncoming: () => Promise.resolve([]),
    },
    names: () => names,
    onOvertaken: (id) => overtaken.push(id),
    onOptedOut: () => expect.fail("no handset said anything"),
    log: {
      ...silentLogger,
      often: { ...silentLogger.often, warn: (_fields, sentence) => warnings.push(sentence) },
    },
  });
  return { recorder, recorded, warnings, overtaken };
}

const parked = async () => ({ kind: "parked" }) as const;
/** One after the other. */
const inTurn = (outcomes: readonly ReceiptOutcome[]) => {
  const left = [...outcomes];
  return async () => left.shift() ?? expect.fail();
};

describe("createReceiptRecorder", () => {
  it("rejects, so that the SMSC keeps its message, when the store refuses, and goes on afterwards", async () => {
    let isAway = true;
    const { recorder } = setUp(() => (isAway ? Promise.reject(new Error("the store is away")) : parked()));
    const both = [recorder.onReceipt(buildReceipt("1")), recorder.onReceipt(buildReceipt("2"))];
    const results = await Promise.allSettled(both);
    expect(results.map((result) => result.status)).toEqual(["rejected", "rejected"]);
    isAway = false;
    await recorder.onReceipt(buildReceipt("1"));
  });

  it("names a gateway as it is called today, with its former names, also on a link that was made under one", async () => {
    const [today, former, other] = ["today", "former", "other"].map((id) => toGatewayId(id));
    if (today === undefined || former === undefined || other === undefined) throw new TypeError("three");
    const names = gatewayNames([{ id: today, formerIds: [former] }, { id: other }]);
    const { recorder, recorded } = setUp(parked, names);
    for (const gatewayId of [today, former, other])
      await recorder.onReceipt(buildReceipt("1", { gatewayId }));
    expect(recorded.map(({ gatewayId, formerGatewayIds }) => [gatewayId, formerGatewayIds])).toEqual([
      [today, [former]],
      [today, [former]],
      [other, undefined],
    ]);
  });

  it("P49 tells who may hold a resend that a receipt has made it needless", async () => {
    const ended = {
      kind: "matched",
      state: "DELIVERED",
      isFirstFinal: true,
      isGuess: false,
      sinceSubmitMs: 1,
    } as const;
    const { recorder, overtaken } = setUp(
      inTurn([
        { ...ended, deliveryId: "usual" as never },
        { ...ended, deliveryId: "waiting" as never, isOvertaking: true },
      ]),
    );
    await Promise.all([recorder.onReceipt(buildReceipt("1")), recorder.onReceipt(buildReceipt("2"))]);
    expect(overtaken).toEqual(["waiting"]);
  });

  it("P9 logs a contradiction, and P1 an id that matches several parts", async () => {
    const outcomes: ReceiptOutcome[] = [
      { kind: "contradicted", deliveryId: "x" as never, state: "UNDELIVERABLE", isGuess: false },
      {
        kind: "matched",
        deliveryId: "y" as never,
        state: "DELIVERED",
        isFirstFinal: true,
        isGuess: true,
        sinceSubmitMs: 1,
      },
    ];
    const { recorder, warnings } = setUp(inTurn(outcomes));
    await Promise.all([recorder.onReceipt(buildReceipt("1")), recorder.onReceipt(buildReceipt("2"))]);
    expect(warnings).toHaveLength(2);
    expect(warnings[0]).toMatch(/contradicts/);
    expect(warnings[1]).toMatch(/the newest took it/);
  });
});
