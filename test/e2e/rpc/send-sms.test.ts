import { Status } from "nice-grpc";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { DeliveryState } from "../../../src/gen/sms/v1/delivery.ts";
import { Encoding } from "../../../src/gen/sms/v1/message.ts";
import { WaitFor } from "../../../src/gen/sms/v1/sms_service.ts";
import { StatusCode } from "../../../src/gen/sms/v1/status_code.ts";
import { connectClients, failureOf, type RpcClients } from "../../support/rpc-client.ts";
import { type RpcWorld, SHOP_KEY, startRpcWorld } from "../../support/rpc-world.ts";

let world: RpcWorld;
let clients: RpcClients;
beforeAll(async () => {
  world = await startRpcWorld();
  clients = connectClients(world.address, SHOP_KEY);
});
afterAll(async () => {
  clients[Symbol.dispose]();
  await world.stop();
});

const text = { $case: "text", value: "Your code is 1234" } as const;
const good = { sender: "ACME", recipients: ["+38640123456"], content: text };

describe("SendSms", () => {
  it("answers 2001 with an id and one outcome, and the message is in the store", async () => {
    const answer = await clients.sms.sendSms(good);
    expect(answer.statusCode).toBe(StatusCode.STATUS_CODE_OK_QUEUED);
    expect(answer.recipients).toMatchObject([
      {
        recipient: "+38640123456",
        statusCode: StatusCode.STATUS_CODE_OK_QUEUED,
        deliveryId: `${answer.messageId}.0000`,
        state: DeliveryState.DELIVERY_STATE_QUEUED,
        encoding: Encoding.ENCODING_GSM7,
        segmentCount: 1,
      },
    ]);
    expect(answer.totalSegmentCount).toBe(1);
    expect(Number(answer.expireTime) - Number(answer.acceptTime)).toBe(86_400_000);
    const status = await clients.sms.getStatus({ messageId: answer.messageId });
    expect(status.sms?.deliveryCount).toBe(1);
  });

  it("answers 2000 when every delivery was submitted, where it is asked to wait for the gateway", async () => {
    const answer = await clients.sms.sendSms({ ...good, waitFor: WaitFor.WAIT_FOR_GATEWAY });
    expect(answer.statusCode).toBe(StatusCode.STATUS_CODE_OK);
    expect(answer.recipients[0]?.state).toBe(DeliveryState.DELIVERY_STATE_SUBMITTED);
  });

  it("tells three faults at once, in field order, under the code of the first", async () => {
    const failure = await failureOf((options) =>
      clients.sms.sendSms(
        { sender: "!", recipients: ["123"], content: { $case: "text", value: "" } },
        options,
      ),
    );
    expect(failure.code).toBe(Status.INVALID_ARGUMENT);
    expect(failure.info).toMatchObject({ reason: "INVALID_SENDER", domain: "sms.v1" });
    expect(failure.info.metadata).toEqual({ status_code: "4003", violation_count: "3" });
    expect(failure.violations.map(({ field, reason }) => [field, reason])).toEqual([
      ["sender", "INVALID_SENDER"],
      ["recipients[0]", "INVALID_RECIPIENT"],
      ["text", "INVALID_TEXT"],
    ]);
  });
});
