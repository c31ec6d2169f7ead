import { describe, expect, it } from "vitest";
import { SmsError } from "../../../../src/domain/errors.ts";
import { toAccountId } from "../../../../src/domain/ids.ts";
import { SendSmsRequest } from "../../../../src/gen/smsrelay/v1/sms.ts";
import { SendSmsStreamRequest } from "../../../../src/gen/smsrelay/v1/sms_service.ts";
import { UnansweredRequests } from "../../../../src/rpc/calls/unanswered-requests.ts";
import { type SendSmsStreamDeps, sendSmsStream } from "../../../../src/rpc/sending/send-sms-stream.ts";

const recipients = Array.from({ length: 1_000 }, (_, index) => `+4670${1_000_000 + index}`);
const turn = () => new Promise((resolve) => setImmediate(resolve));

/** A stream of such requests without end, to 1,000 recipients each unless told otherwise, and how many of them were read. */
function endless(
  account: string,
  unanswered: UnansweredRequests,
  request: Partial<SendSmsRequest> = { recipients },
  refusal = new SmsError("OVERLOADED"),
) {
  const seen = { read: 0 };
  async function* requests(): AsyncGenerator<SendSmsStreamRequest> {
    for (;;) {
      seen.read += 1;
      yield SendSmsStreamRequest.create({ request: SendSmsRequest.create(request) });
    }
  }
  const deps = {
    unanswered,
    refusals: { add() {} },
    sendSms: () => Promise.reject(refusal),
    workInHand: { enter: () => ({ leave() {}, leaveStored() {} }), isTight: () => false },
    stopping: new AbortController().signal,
  } as unknown as SendSmsStreamDeps;
  const principal = { accountId: toAccountId(account), scopes: ["SEND"] } as never;
  const answers = sendSmsStream(
    requests(),
    { principal, signal: new AbortController().signal, onEnd: () => {} },
    deps,
  );
  return { seen, answers };
}

describe("what is unanswered on streams", () => {
  it("P61 is bounded by its recipients: a stream whose answers nobody reads is not read on", async () => {
    const { seen, answers } = endless("shop", new UnansweredRequests());
    await answers.next();
    for (let i = 0; i < 50; i++) await turn();
    expect(seen.read).toBe(10);
    for (let i = 0; i < 3; i++) await answers.next();
    await turn();
    expect(seen.read).toBe(13);
    await answers.return();
  });

  it("P61 is bounded too where an answer repeats long texts of its request, or lists what is wrong with it", async () => {
    const readOf = async (request: Partial<SendSmsRequest>, refusal?: SmsError) => {
      const { seen, answers } = endless("shop", new UnansweredRequests(), request, refusal);
      await answers.next();
      for (let i = 0; i < 600; i++) await turn();
      const { read } = seen;
      await answers.return();
      return read;
    };
    const [first = ""] = recipients;
    expect(await readOf({ recipients: [first] })).toBe(256);
    expect(await readOf({ recipients: [first], requestId: "x".repeat(1_000_000) })).toBe(1);
    expect(await readOf({ recipients: [first, "x".repeat(64_000)] })).toBe(5);
    const violations = Array.from({ length: 25 }, (_, index) => ({
      field: `recipients[${index}]`,
      reason: "INVALID_RECIPIENT" as const,
      description: "is no number",
    }));
    const refusal = new SmsError("INVALID_RECIPIENT", undefined, { violations });
    expect(await readOf({ recipients: [first] }, refusal)).toBeLessThan(200);
  });

  it("P61 is bounded over the streams of an account, each of which goes on, and others are not held up", async () => {
    const unanswered = new UnansweredRequests();
    const own = Array.from({ length: 110 }, () => endless("shop", unanswered));
    for (const { answers } of own) await answers.next();
    for (let i = 0; i < 50; i++) await turn();
    const read = own.map(({ seen }) => seen.read);
    expect(Math.min(...read)).toBe(1);
    const total = read.reduce((sum, one) => sum + one, 0);
    expect(total).toBeGreaterThanOrEqual(100);
    expect(total).toBeLessThanOrEqual(100 + 110);
    const other = endless("other", unanswered);
    await other.answers.next();
    for (let i = 0; i < 50; i++) await turn();
    expect(other.seen.read).toBe(10);
    for (const { answers } of own.slice(1)) await answers.return();
    for (let i = 0; i < 50; i++) await turn();
    expect(own[0]?.seen.read, "room that others made").toBe(10);
  });
});
