import { expect, it } from "vitest";
import { deliveryIdOf } from "../../../../src/domain/ids.ts";
import { StreamDeliveryReportsResponse } from "../../../../src/gen/smsrelay/v1/sms_service.ts";
import { octetsOfAnswer } from "../../../../src/rpc/calls/encoded-answer.ts";
import { toReportAnswer } from "../../../../src/rpc/reports/report-answer.ts";
import type { StoredReport } from "../../../../src/store/reports.ts";
import { newMessageId, recipientAt, startMs } from "../../../support/store-builders.ts";

function build(number: number): StoredReport {
  return {
    number,
    timeMs: startMs,
    deliveryId: deliveryIdOf(newMessageId(), 0),
    recipient: recipientAt(number),
    sender: "Acme",
    clientReference: "order 7",
    metadata: { a: "1", b: "å" },
    acceptTimeMs: startMs,
    state: "DELIVERED",
    code: undefined,
    reason: undefined,
    gatewayId: undefined,
    segmentCount: 1,
    submitTimeMs: startMs,
    doneTimeMs: startMs,
    parts: [],
  };
}

/** What a reader makes of an answer. */
function read(answer: StreamDeliveryReportsResponse): StreamDeliveryReportsResponse {
  const octets = octetsOfAnswer(answer) ?? StreamDeliveryReportsResponse.encode(answer).finish();
  return StreamDeliveryReportsResponse.decode(octets);
}

it("gives streams that share reports the same as one that has them alone, also a page without any", () => {
  for (const reports of [[], [build(1)], [build(1), build(2), build(3)]]) {
    const page = { reports, cursor: "behind them" };
    const shared = toReportAnswer({ ...page, isShared: true });
    const alone = toReportAnswer({ ...page, isShared: false });
    expect([octetsOfAnswer(shared), octetsOfAnswer(alone)]).toEqual([expect.any(Buffer), undefined]);
    expect(read(shared)).toEqual(read(alone));
    expect(read(shared)).toMatchObject({ cursor: "behind them", reports: { length: reports.length } });
  }
});

it("encodes a report once for all streams of its account, whatever else stands in their pages", () => {
  let encoded = 0;
  const [first, second] = [build(1), build(2)];
  const counted: StoredReport = Object.defineProperty({ ...first }, "recipient", {
    get() {
      encoded += 1;
      return first.recipient;
    },
  });
  const one = toReportAnswer({ reports: [counted], cursor: "one", isShared: true });
  const two = toReportAnswer({ reports: [counted, second], cursor: "two", isShared: true });
  expect(encoded).toBe(1);
  expect(read(one).reports[0]).toEqual(read(two).reports[0]);
  expect([read(one).cursor, read(two).cursor]).toEqual(["one", "two"]);
});
