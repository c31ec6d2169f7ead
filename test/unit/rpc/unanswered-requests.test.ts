import { describe, expect, it } from "vitest";
import { SmsError } from "../../../src/domain/errors.ts";
import { toAccountId } from "../../../src/domain/ids.ts";
import { SendSmsRequest, SendSmsStreamRequest } from "../../../src/gen/smsrelay/v1/sms_service.ts";
import { type SendSmsStreamDeps, sendSmsStream } from "../../../src/rpc/send-sms-stream.ts";
import { UnansweredRequests } from "../../../src/rpc/unanswered-requests.ts";

const recipients = Array.from({ length: 1_000 }, (_, index) => `+4670${1_000_000 + index}`);
const turn = () => new Promise((resolve) => setImmediate(resolve));

/** A stream of requests to 1,000 recipients each, without end, and how many of them were read. */
function endless(account: string, unanswered: UnansweredRequests) {
  const seen = { read: 0 };
  async function* requests(): AsyncGenerator<SendSmsStreamRequest> {
    for (;;) {
      seen.read += 1;
      yield SendSmsStreamRequest.create({ request: SendSmsRequest.create({ recipients }) });
    }
  }
  const deps = {
    unanswered,
    refusals: { add() {} },
    sendSms: () => Promise.reject(new SmsError("OVERLOADED")),
    workInHand: { enter: () => ({ leave() {}, leaveStored() {} }), isTight: () => false },
    stopping: new AbortController().signal,
  } as unknown as SendSmsStreamDeps;
  const principal = { accountId: toAccountId(account), scopes: ["SEND"] } as never;
  const answers = sendSmsStream(requests(), { principal, signal: new AbortController().signal }, deps);
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
