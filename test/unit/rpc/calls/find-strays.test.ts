import { BinaryWriter } from "@bufbuild/protobuf/wire";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { SendSmsRequest } from "../../../../src/gen/smsrelay/v1/sms.ts";
import {
  CancelSmsRequest,
  StreamDeliveryReportsRequest,
} from "../../../../src/gen/smsrelay/v1/sms_service.ts";
import { findStrays } from "../../../../src/rpc/calls/find-strays.ts";
import { requestShapeOf } from "../../../../src/rpc/calls/request-shapes.ts";

const sendSms = requestShapeOf("smsrelay.v1.SmsService", "SendSms");

const anyRequest = fc
  .record({
    sender: fc.string(),
    recipients: fc.array(fc.string(), { maxLength: 5 }),
    text: fc.string({ maxLength: 500 }),
    lane: fc.integer({ min: -5, max: 5 }),
    maxSegments: fc.nat(),
    seconds: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
    metadata: fc.dictionary(fc.string(), fc.string(), { maxKeys: 4 }),
    isBinary: fc.boolean(),
  })
  .map(({ text, isBinary, seconds, ...fields }) =>
    SendSmsRequest.encode(
      SendSmsRequest.fromPartial({
        ...fields,
        lane: fields.lane as 1,
        expiration: { $case: "validity", value: { seconds, nanos: -1 } },
        content: isBinary
          ? { $case: "binary", value: { data: Buffer.from(text), udh: Buffer.from(text) } }
          : { $case: "text", value: text },
      }),
    ).finish(),
  );

describe("findStrays", () => {
  it("finds nothing in what was encoded by this contract", () => {
    fc.assert(
      fc.property(anyRequest, (octets) => {
        expect(findStrays(octets, sendSms)).toEqual([]);
      }),
    );
    const reports = requestShapeOf("smsrelay.v1.SmsService", "StreamDeliveryReports");
    const request = StreamDeliveryReportsRequest.fromPartial({ states: [1, 2, 3], messageIds: ["a"] });
    expect(findStrays(StreamDeliveryReportsRequest.encode(request).finish(), reports)).toEqual([]);
    const cancel = requestShapeOf("smsrelay.v1.SmsService", "CancelSms");
    expect(findStrays(CancelSmsRequest.encode({ messageId: "m" }).finish(), cancel)).toEqual([]);
  });

  it("finds every field that this contract has not, whatever its wire type", () => {
    const unknown = fc.tuple(
      anyRequest,
      fc.integer({ min: 18, max: 2 ** 29 - 1 }).filter((number) => ![24, 27, 28].includes(number)),
      fc.constantFrom(0, 1, 2, 5),
    );
    fc.assert(
      fc.property(unknown, ([octets, number, wireType]) => {
        const tag = new BinaryWriter().uint32(((number << 3) | wireType) >>> 0).finish();
        const value = Buffer.alloc({ 0: 1, 1: 8, 2: 1, 5: 4 }[wireType] ?? 0);
        const found = findStrays(Buffer.concat([octets, tag, value]), sendSms);
        expect(found.map(({ field }) => field)).toEqual([String(number)]);
      }),
    );
  });

  it("finds a message that stands twice, of which the decoder would take the last alone", () => {
    const stream = requestShapeOf("smsrelay.v1.SmsService", "SendSmsStream");
    const frame = new BinaryWriter()
      .uint32((1 << 3) | 2)
      .bytes(SendSmsRequest.encode(SendSmsRequest.fromPartial({ sender: "A" })).finish())
      .finish();
    expect(findStrays(frame, stream)).toEqual([]);
    expect(findStrays(Buffer.concat([frame, frame]), stream)).toEqual([
      { field: "request", rule: "stands twice" },
    ]);
    const pair = Buffer.from([0x8a, 0x01, 0x02, 0x0a, 0x00]);
    expect(findStrays(Buffer.concat([pair, pair]), sendSms)).toEqual([]);
  });

  it("ends on any octets", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (octets) => {
        findStrays(octets, sendSms);
      }),
    );
  });
});
