/**
 * More work than there is room for, and more than the process can do: it is refused early with 5002, RESOURCE_EXHAUSTED and RetryInfo,
 * and what was accepted is answered in time and kept (P23, P27).
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { Status } from "nice-grpc";
import { RichClientError } from "nice-grpc-error-details";
import { afterAll, describe, expect, it } from "vitest";
import { Lane } from "../../src/gen/smsrelay/v1/message.ts";
import { SendSmsRequest } from "../../src/gen/smsrelay/v1/sms.ts";
import { GetStatusRequest } from "../../src/gen/smsrelay/v1/sms_service.ts";
import { type NodeProcess, startNode } from "../support/node-process.ts";
import { ACCOUNT_KEY, setUpService, startServiceProcess } from "../support/service-process.ts";
import { connectSmsClient, type SmsClient } from "../support/sms-client.ts";
import type { FloodAnswers } from "./programs/flood.ts";
import { smscGateway } from "./support/smsc-gateway.ts";

const folder = mkdtempSync(join(tmpdir(), "sms-relay-overload-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const ROOM = 2_000;
const RECIPIENTS = 100;
const REQUESTS = 100;

type Answer =
  | { readonly kind: "accepted"; readonly messageId: string }
  | { readonly kind: "refused"; readonly error: RichClientError };

function numbers(first: number, count: number): string[] {
  return Array.from({ length: count }, (_, index) => `+4670${String(first + index).padStart(7, "0")}`);
}

async function send(client: SmsClient, recipients: string[], lane: Lane = Lane.LANE_NORMAL): Promise<Answer> {
  const content = { $case: "text", value: "More than there is room for" } as const;
  try {
    const { messageId } = await client.sms.sendSms(
      SendSmsRequest.create({ sender: "Relay", recipients, content, lane }),
    );
    return { kind: "accepted", messageId };
  } catch (error) {
    if (error instanceof RichClientError) return { kind: "refused", error };
    throw error;
  }
}

function expectOverload({ code, extra }: RichClientError): void {
  expect(code).toBe(Status.RESOURCE_EXHAUSTED);
  const info = extra.find((detail) => detail.$type === "google.rpc.ErrorInfo");
  const retry = extra.find((detail) => detail.$type === "google.rpc.RetryInfo");
  expect(info).toMatchObject({ reason: "OVERLOADED", metadata: { status_code: "5002" } });
  expect(retry).toMatchObject({ retryDelay: { seconds: expect.anything() } });
}

describe("more work than there is room for", () => {
  it("P23 is refused with 5002 and RetryInfo, and what was accepted is kept", async () => {
    const setup = await setUpService(folder, {
      limits: { maxBacklog: ROOM },
      gateways: [smscGateway(9, { paused: true })],
    });
    await using service = await startServiceProcess(setup);
    using client = connectSmsClient(setup.grpcPort, ACCOUNT_KEY);
    const answers: Answer[] = [];
    for (let index = 0; index < REQUESTS; index += 4) {
      const four = [index, index + 1, index + 2, index + 3];
      const calls = four.map((at) => send(client, numbers(at * RECIPIENTS, RECIPIENTS)));
      answers.push(...(await Promise.all(calls)));
    }

    const accepted = answers.filter((answer) => answer.kind === "accepted");
    const refused = answers.filter((answer) => answer.kind === "refused");
    // What is under way when the bound is reached may exceed it by the calls in flight.
    expect(accepted.length * RECIPIENTS).toBeGreaterThanOrEqual(ROOM);
    expect(accepted.length * RECIPIENTS).toBeLessThanOrEqual(ROOM + 4 * RECIPIENTS);
    expect(refused.length).toBe(REQUESTS - accepted.length);
    for (const { error } of refused) expectOverload(error);
    for (const { messageId } of accepted) {
      const { sms } = await client.sms.getStatus(GetStatusRequest.create({ messageId }));
      expect(sms?.deliveryCount).toBe(RECIPIENTS);
    }
    expect(service.hasEnded()).toBe(false);
  });
});

/** Callers that keep the process busy, and those that are beyond it; they heed RetryInfo. */
const BUSY = 256;
const BEYOND = 4_000;
const BUSY_CALLS = 4_000;
const BEYOND_CALLS = 30_000;
/** Beside them an OTP and a BULK message at fixed times, so that none waits for the one before. */
const BESIDE_EVERY_MS = 10;
/** How many of a flood may be ahead of an OTP. Where nothing is refused it is nearly all callers. */
const MOST_AHEAD = BEYOND / 2;

interface Flood extends FloodAnswers {
  /** Messages beside the flood. */
  readonly acceptedBeside: number;
  readonly refusedBeside: readonly RichClientError[];
}

/** Floods the service, and sends OTP and BULK messages beside it. */
async function floodBeside(client: SmsClient, flooding: NodeProcess, load: string): Promise<Flood> {
  const beside: Promise<Answer>[] = [];
  const timer = setInterval(() => {
    for (const lane of [Lane.LANE_OTP, Lane.LANE_BULK]) beside.push(send(client, numbers(0, 1), lane));
  }, BESIDE_EVERY_MS);
  flooding.write(load);
  const flood: FloodAnswers = JSON.parse(await flooding.nextLine());
  clearInterval(timer);
  const answered = await Promise.all(beside);
  const refusedBeside = answered.flatMap((answer) => (answer.kind === "refused" ? [answer.error] : []));
  return {
    ...flood,
    acceptedBeside: answered.length - refusedBeside.length,
    refusedBeside,
  };
}

describe("more work than the process can do", () => {
  it("P23 P27 is refused with 5002 and RetryInfo, while OTPs keep their latency and nothing that was accepted is lost", {
    timeout: 600_000,
  }, async () => {
    const setup = await setUpService(join(folder, "flooded"), {
      gateways: [smscGateway(9, { paused: true })],
    });
    await using service = await startServiceProcess(setup);
    using client = connectSmsClient(setup.grpcPort, ACCOUNT_KEY);
    await using flooding = startNode(join(import.meta.dirname, "programs/flood.ts"), [
      String(setup.grpcPort),
      ACCOUNT_KEY,
    ]);
    const cold = await floodBeside(client, flooding, `${BUSY} ${BUSY_CALLS}`);
    const busy = await floodBeside(client, flooding, `${BUSY} ${BUSY_CALLS}`);
    const beyond = await floodBeside(client, flooding, `${BEYOND} ${BEYOND_CALLS}`);
    console.log(
      JSON.stringify({
        busyAhead: busy.aheadOfOtp,
        beyondAhead: beyond.aheadOfOtp,
        answers: beyond.answers,
        refusedBeside: beyond.refusedBeside.length,
      }),
    );

    expect(busy.answers).toEqual({ [Status.OK]: BUSY_CALLS });
    expect(busy.refusedBeside).toEqual([]);
    const refusal = `${Status.RESOURCE_EXHAUSTED} OVERLOADED 5002 RetryInfo`;
    expect(Object.keys(beyond.answers).toSorted()).toEqual([String(Status.OK), refusal]);
    // Most are refused within the first tenth of a second, in which nothing may have been sent beside.
    for (const error of beyond.refusedBeside) expectOverload(error);
    expect(beyond.aheadOfOtp).toBeLessThan(MOST_AHEAD);

    await service.stop();
    const accepted = [cold, busy, beyond].map(
      ({ answers, acceptedOtps, acceptedBeside }) =>
        (answers[Status.OK] ?? 0) + acceptedOtps + acceptedBeside,
    );
    using database = new DatabaseSync(setup.databasePath, { readOnly: true });
    const stored = database.prepare("select count(*) as count from messages").get()?.["count"];
    expect(stored).toBe(accepted.reduce((sum, count) => sum + count, 0));
  });
});
