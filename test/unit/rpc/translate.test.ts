import { describe, expect, it } from "vitest";
import type { DeliveryState } from "../../../src/domain/delivery-state.ts";
import { deliveryIdOf } from "../../../src/domain/ids.ts";
import type { AttemptMark as Mark } from "../../../src/domain/message.ts";
import { AttemptMark, Part, RouteReason } from "../../../src/gen/smsrelay/v1/delivery.ts";
import { SmsState } from "../../../src/gen/smsrelay/v1/sms.ts";
import { toCancelSmsResponse } from "../../../src/rpc/messages/translate-message.ts";
import {
  toAccountState,
  toMarks,
  toRouteReason,
  toScope,
  toSenderState,
  toSubjectKind,
} from "../../../src/rpc/translate/enums.ts";
import { toPart } from "../../../src/rpc/translate/part.ts";
import type { PartView } from "../../../src/store/views.ts";
import { newMessageId } from "../../support/store-builders.ts";

const part: PartView = {
  number: 1,
  outcome: "TEMPORARY",
  smscMessageId: undefined,
  commandStatus: 0xffff_ffff,
  submitTimeMs: 0,
  receipt: undefined,
};

describe("words that a newer program wrote", () => {
  it("are shown as unspecified, and fail no page that they stand on", () => {
    const word = "NEWER" as never;
    expect([toAccountState(word), toSenderState(word), toScope(word), toSubjectKind(word)]).toEqual([
      0, 0, 0, 0,
    ]);
  });
});

describe("parts", () => {
  it("carry every command_status of 32 bits", () => {
    expect(Part.decode(Part.encode(toPart(part)).finish()).commandStatus).toBe(0xffff_ffffn);
  });

  it("tell a network's code 0 from none", () => {
    const receipt = {
      verdict: "UNDELIVERABLE",
      stat: "UNDELIV",
      err: undefined,
      networkError: { type: 3, code: 0 },
      doneTimeMs: undefined,
      carrier: undefined,
      arrivalTimeMs: 1,
    } as const;
    const read = ({ receipt }: Part) => receipt?.networkError;
    const through = (view: PartView) => read(Part.decode(Part.encode(toPart(view)).finish()));
    expect(through({ ...part, receipt })).toEqual({ type: 3, code: 0 });
    expect(through({ ...part, receipt: { ...receipt, networkError: undefined } })).toBeUndefined();
  });
});

describe("words that a newer program stored", () => {
  it("leave a mark out, and a reason unspecified", () => {
    expect(toMarks(["RESUMED", "SOMETHING" as Mark, "FENCED"])).toEqual([
      AttemptMark.ATTEMPT_MARK_RESUMED,
      AttemptMark.ATTEMPT_MARK_FENCED,
    ]);
    expect(toRouteReason("PAUSED")).toBe(RouteReason.ROUTE_REASON_PAUSED);
    expect(toRouteReason("SOMETHING")).toBe(RouteReason.ROUTE_REASON_UNSPECIFIED);
  });
});

describe("toCancelSmsResponse", () => {
  const id = newMessageId();
  const cancelled = (states: readonly DeliveryState[]) =>
    toCancelSmsResponse(
      states.map((state, position) => ({
        deliveryId: deliveryIdOf(id, position),
        recipient: "+38640123456" as never,
        result: state === "CANCELLED" ? "CANCELLED" : "TOO_LATE",
        isNow: state === "CANCELLED",
        state,
      })),
    );

  it("lists 1,000 outcomes at most, and counts all deliveries", () => {
    const response = cancelled(Array<DeliveryState>(2_500).fill("CANCELLED"));
    expect(response.outcomes).toHaveLength(1_000);
    expect(response.stateCounts).toMatchObject([{ deliveryCount: 2_500 }]);
  });

  it.each<[SmsState, readonly DeliveryState[]]>([
    [SmsState.SMS_STATE_SCHEDULED, ["SCHEDULED", "SCHEDULED"]],
    [SmsState.SMS_STATE_RUNNING, ["SCHEDULED", "CANCELLED"]],
    [SmsState.SMS_STATE_RUNNING, ["SUBMITTING", "DELIVERED"]],
    [SmsState.SMS_STATE_RUNNING, ["SUBMITTED"]],
    [SmsState.SMS_STATE_ENDED, ["DELIVERED", "CANCELLED"]],
    [SmsState.SMS_STATE_CANCELLED, ["CANCELLED", "CANCELLED"]],
  ])("calls a message %i whose deliveries are %j", (state, states) => {
    expect(cancelled(states).state).toBe(state);
  });
});
