/** SendSmsStream beside unary SendSms: one connection with one stream against 128 calls in flight. */
import { runLoad } from "./h2load.ts";
import type { BenchLine } from "./support/bench-line.ts";
import { API_KEY, startPausedService, temporaryFolder } from "./support/bench-service.ts";
import { lineOf, runRounds } from "./support/rounds.ts";
import { runBench } from "./support/run-bench.ts";
import {
  encodeSendSms,
  encodeSendSmsStream,
  LEAST_ANSWER_OCTETS,
  SEND_SMS,
  SEND_SMS_STREAM,
} from "./support/send-requests.ts";

/** Frames in the one body of a round; each has its own request_id, so no body can be sent twice. */
const FRAMES = 20_000;

async function measureStream(): Promise<readonly BenchLine[]> {
  await using folder = await temporaryFolder();
  await using service = await startPausedService(folder.path);
  const target = { port: service.setup.grpcPort, apiKey: API_KEY };

  const rounds = await runRounds(async (round) => {
    const unary = await runLoad({
      ...target,
      method: SEND_SMS,
      messages: [encodeSendSms()],
      clients: 4,
      streams: 32,
      requests: FRAMES,
    });
    const stream = await runLoad({
      ...target,
      method: SEND_SMS_STREAM,
      messages: encodeSendSmsStream(FRAMES, `round-${round}`),
      clients: 1,
      streams: 1,
      requests: 1,
    });
    for (const { answerOctets } of [unary, stream]) {
      if (answerOctets < FRAMES * LEAST_ANSWER_OCTETS) throw new Error("some messages were refused");
    }
    return { unary: unary.requestsPerSecond, stream: FRAMES / stream.seconds };
  });
  return [
    lineOf(
      "SendSmsStream, messages a second",
      rounds.map((round) => round.stream),
    ),
    lineOf(
      "SendSmsStream / unary SendSms",
      rounds.map((round) => round.stream / round.unary),
      { atLeast: 2 },
    ),
  ];
}

await runBench(measureStream);
