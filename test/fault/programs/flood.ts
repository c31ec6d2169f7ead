/**
 * Floods a service with BULK messages, `flood.ts PORT KEY`: for each line `CALLERS CALLS` on its standard input so many callers, over four
 * connections, call again as soon as they were answered, or when RetryInfo says so, until so many calls were made; beside each fiftieth
 * message that is accepted an OTP is sent. Prints a `FloodAnswers`.
 */
import { type ClientHttp2Session, connect } from "node:http2";
import { createInterface } from "node:readline";
import { setTimeout as wait } from "node:timers/promises";
import { ErrorInfo, RetryInfo } from "../../../src/gen/google/rpc/error_details.ts";
import { Status } from "../../../src/gen/google/rpc/status.ts";
import { Lane } from "../../../src/gen/smsrelay/v1/message.ts";
import { SendSmsRequest } from "../../../src/gen/smsrelay/v1/sms.ts";

const CONNECTIONS = 4;
const OK = 0;
const [port, key] = process.argv.slice(2);
const sessions = Array.from({ length: CONNECTIONS }, () => connect(`http://127.0.0.1:${port}`));
const OTP_EVERY = 50;

export interface FloodAnswers {
  /** The number of answers by gRPC status, and of refusals by their details, as "8 OVERLOADED 5002 RetryInfo"; without those to OTPs. */
  readonly answers: Readonly<Record<string, number>>;
  readonly acceptedOtps: number;
  /**
   * How many of the flood were accepted between an OTP and its answer: the middle one of the later half, since a burst is taken in at
   * first. Unlike the time it does not depend on what else the machine does.
   */
  readonly aheadOfOtp: number;
}

const messageOf = (lane: Lane) =>
  frameOf(
    SendSmsRequest.create({
      sender: "Relay",
      recipients: ["+46701234567"],
      content: { $case: "text", value: "More than there is room for" },
      lane,
    }),
  );
const [bulk, otp] = [messageOf(Lane.LANE_BULK), messageOf(Lane.LANE_OTP)];

function frameOf(request: SendSmsRequest): Buffer {
  const octets = SendSmsRequest.encode(request).finish();
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(octets.length, 1);
  return Buffer.concat([prefix, octets]);
}

interface Answer {
  /** gRPC status, and what the details of a refusal say. */
  readonly kind: string;
  readonly retryAfterMs: number;
}

function call(session: ClientHttp2Session, frame: Buffer): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const stream = session.request({
      ":method": "POST",
      ":path": "/smsrelay.v1.SmsService/SendSms",
      "content-type": "application/grpc",
      te: "trailers",
      authorization: `Bearer ${key}`,
    });
    const take = (headers: Readonly<Record<string, unknown>>) => {
      const { "grpc-status": status, "grpc-status-details-bin": details } = headers;
      if (status !== undefined) resolve(answerOf(String(status), details));
    };
    stream.on("response", take).on("trailers", take).on("error", reject);
    stream.resume();
    stream.end(frame);
  });
}

function answerOf(status: string, details: unknown): Answer {
  if (details === undefined) return { kind: status, retryAfterMs: 0 };
  const said = Status.decode(Buffer.from(String(details), "base64")).details;
  const find = (name: string) => said.find(({ typeUrl }) => typeUrl.endsWith(`google.rpc.${name}`))?.value;
  const [info, retry] = [find("ErrorInfo"), find("RetryInfo")];
  const { reason, metadata } = ErrorInfo.decode(info ?? new Uint8Array());
  const { seconds = 0n, nanos = 0 } = (retry && RetryInfo.decode(retry).retryDelay) ?? {};
  const words = [status, reason, metadata["status_code"], ...(retry === undefined ? [] : ["RetryInfo"])];
  return { kind: words.join(" "), retryAfterMs: Number(seconds) * 1_000 + nanos / 1e6 };
}

async function flood(callers: number, calls: number): Promise<FloodAnswers> {
  const answers: Record<string, number> = {};
  const over = new AbortController();
  const otps: Promise<void>[] = [];
  const ahead: number[] = [];
  let accepted = 0;
  let left = calls;
  const sendOtp = async (session: ClientHttp2Session) => {
    const before = accepted;
    const { kind } = await call(session, otp);
    if (kind === String(OK)) ahead.push(accepted - before);
  };
  const callAgain = async (index: number) => {
    const session = sessions[index % CONNECTIONS] as ClientHttp2Session;
    while (left-- > 0) {
      const { kind, retryAfterMs } = await call(session, bulk);
      answers[kind] = (answers[kind] ?? 0) + 1;
      if (kind === String(OK) && ++accepted % OTP_EVERY === 0) otps.push(sendOtp(session));
      if (retryAfterMs > 0) await wait(retryAfterMs, undefined, { signal: over.signal }).catch(() => {});
    }
    over.abort();
  };
  await Promise.all(Array.from({ length: callers }, (_, index) => callAgain(index)));
  await Promise.all(otps);
  const later = ahead.slice(ahead.length >> 1).toSorted((left, right) => left - right);
  return { answers, acceptedOtps: ahead.length, aheadOfOtp: later[later.length >> 1] ?? Number.NaN };
}

for await (const line of createInterface({ input: process.stdin })) {
  const [callers = 0, calls = 0] = line.split(" ").map(Number);
  process.stdout.write(`${JSON.stringify(await flood(callers, calls))}\n`);
}
for (const session of sessions) session.close();
