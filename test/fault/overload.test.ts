/**
 * More work than there is room for: it is refused early with 5002, RESOURCE_EXHAUSTED and RetryInfo, and what was accepted
 * is answered and kept (P23).
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Status } from "nice-grpc";
import { RichClientError } from "nice-grpc-error-details";
import { afterAll, describe, expect, it } from "vitest";
import { GetStatusRequest, SendSmsRequest } from "../../src/gen/sms/v1/sms_service.ts";
import { ACCOUNT_KEY, setUpService, startServiceProcess } from "../support/service-process.ts";
import { connectSmsClient, type SmsClient } from "../support/sms-client.ts";
import { smscGateway } from "./support/smsc-gateway.ts";

const folder = mkdtempSync(join(tmpdir(), "sms-relay-overload-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const ROOM = 2_000;
const RECIPIENTS = 100;
const REQUESTS = 100;

type Answer =
  | { readonly kind: "accepted"; readonly messageId: string }
  | { readonly kind: "refused"; readonly error: RichClientError };

async function send(client: SmsClient, index: number): Promise<Answer> {
  const recipients = Array.from(
    { length: RECIPIENTS },
    (_, i) => `+4670${String(index * RECIPIENTS + i).padStart(7, "0")}`,
  );
  const content = { $case: "text", value: "More than there is room for" } as const;
  try {
    const { messageId } = await client.sms.sendSms(
      SendSmsRequest.create({ sender: "Relay", recipients, content }),
    );
    return { kind: "accepted", messageId };
  } catch (error) {
    if (error instanceof RichClientError) return { kind: "refused", error };
    throw error;
  }
}

describe("more work than there is room for", () => {
  it("P23 is refused with 5002 and RetryInfo, and what was accepted is kept", {
    timeout: 60_000,
  }, async () => {
    const setup = await setUpService(folder, {
      limits: { maxBacklog: ROOM },
      gateways: [smscGateway(9, { paused: true })],
    });
    await using service = await startServiceProcess(setup);
    using client = connectSmsClient(setup.grpcPort, ACCOUNT_KEY);
    const answers: Answer[] = [];
    for (let index = 0; index < REQUESTS; index += 4) {
      const four = [index, index + 1, index + 2, index + 3];
      answers.push(...(await Promise.all(four.map((at) => send(client, at)))));
    }

    const accepted = answers.filter((answer) => answer.kind === "accepted");
    const refused = answers.filter((answer) => answer.kind === "refused");
    // What is under way when the bound is reached may exceed it by the calls in flight.
    expect(accepted.length * RECIPIENTS).toBeGreaterThanOrEqual(ROOM);
    expect(accepted.length * RECIPIENTS).toBeLessThanOrEqual(ROOM + 4 * RECIPIENTS);
    expect(refused.length).toBe(REQUESTS - accepted.length);
    for (const { error } of refused) {
      expect(error.code).toBe(Status.RESOURCE_EXHAUSTED);
      const info = error.extra.find((detail) => detail.$type === "google.rpc.ErrorInfo");
      const retry = error.extra.find((detail) => detail.$type === "google.rpc.RetryInfo");
      expect(info).toMatchObject({ reason: "OVERLOADED", metadata: { status_code: "5002" } });
      expect(retry).toMatchObject({ retryDelay: { seconds: expect.anything() } });
    }
    for (const { messageId } of accepted) {
      const { sms } = await client.sms.getStatus(GetStatusRequest.create({ messageId }));
      expect(sms?.deliveryCount).toBe(RECIPIENTS);
    }
    expect(service.hasEnded()).toBe(false);
  });
});
