/**
 * Floods a service with BULK messages, `flood.ts PORT KEY`: for each line `CALLERS CALLS` on its standard input so many callers, over four
 * connections, call again as soon as they were answered, or when RetryInfo says so, until so many calls were made; prints the number of
 * answers by gRPC status.
 */
import { type ClientHttp2Session, connect } from "node:http2";
import { createInterface } from "node:readline";
import { setTimeout as wait } from "node:timers/promises";
import { RetryInfo } from "../../../src/gen/google/rpc/error_details.ts";
import { Status } from "../../../src/gen/google/rpc/status.ts";
import { Lane } from "../../../src/gen/sms/v1/message.ts";
import { SendSmsRequest } from "../../../src/gen/sms/v1/sms_service.ts";

const CONNECTIONS = 4;
const [port, key] = process.argv.slice(2);
const sessions = Array.from({ length: CONNECTIONS }, () => connect(`http://127.0.0.1:${port}`));
const frame = frameOf(
  SendSmsRequest.create({
    sender: "Relay",
    recipients: ["+46701234567"],
    content: { $case: "text", value: "More than there is room for" },
    lane: Lane.LANE_BULK,
  }),
);

function frameOf(request: SendSmsRequest): Buffer {
  const octets = SendSmsRequest.encode(request).finish();
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(octets.length, 1);
  return Buffer.concat([prefix, octets]);
}

interface Answer {
  readonly status: string;
  readonly retryAfterMs: number;
}

function call(session: ClientHttp2Session): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const stream = session.request({
      ":method": "POST",
      ":path": "/sms.v1.SmsService/SendSms",
      "content-type": "application/grpc",
      te: "trailers",
      authorization: `Bearer ${key}`,
    });
    const take = (headers: Readonly<Record<string, unknown>>) => {
      const { "grpc-status": status, "grpc-status-details-bin": details } = headers;
      if (status !== undefined) resolve({ status: String(status), retryAfterMs: retryAfterMsOf(details) });
    };
    stream.on("response", take).on("trailers", take).on("error", reject);
    stream.resume();
    stream.end(frame);
  });
}

function retryAfterMsOf(details: unknown): number {
  if (details === undefined) return 0;
  const found = Status.decode(Buffer.from(String(details), "base64")).details.find(({ typeUrl }) =>
    typeUrl.endsWith("google.rpc.RetryInfo"),
  );
  const { seconds = 0n, nanos = 0 } = (found && RetryInfo.decode(found.value).retryDelay) ?? {};
  return Number(seconds) * 1_000 + nanos / 1e6;
}

async function flood(callers: number, calls: number): Promise<Record<string, number>> {
  const answers: Record<string, number> = {};
  const over = new AbortController();
  let left = calls;
  const callAgain = async (index: number) => {
    const session = sessions[index % CONNECTIONS] as ClientHttp2Session;
    while (left-- > 0) {
      const { status, retryAfterMs } = await call(session);
      answers[status] = (answers[status] ?? 0) + 1;
      if (retryAfterMs > 0) await wait(retryAfterMs, undefined, { signal: over.signal }).catch(() => {});
    }
    over.abort();
  };
  await Promise.all(Array.from({ length: callers }, (_, index) => callAgain(index)));
  return answers;
}

for await (const line of createInterface({ input: process.stdin })) {
  const [callers = 0, calls = 0] = line.split(" ").map(Number);
  process.stdout.write(`${JSON.stringify(await flood(callers, calls))}\n`);
}
for (const session of sessions) session.close();
