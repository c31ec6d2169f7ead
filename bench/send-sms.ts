/**
 * SendSms, answered after its fsync with the API key checked, beside an empty handler of grpc-js: rate under full
 * load, and latency at half of that rate.
 */
import { type LoadResult, runLoad } from "./h2load.ts";
import type { BenchLine } from "./support/bench-line.ts";
import { API_KEY, startPausedService, temporaryFolder } from "./support/bench-service.ts";
import { lineOf, median, runRounds } from "./support/rounds.ts";
import { runBench } from "./support/run-bench.ts";
import { encodeSendSms, LEAST_ANSWER_OCTETS, SEND_SMS } from "./support/send-requests.ts";
import { startYardstick } from "./support/yardstick.ts";

const REQUESTS = 20_000;
const LATENCY_SECONDS = 3;
const load = { method: SEND_SMS, messages: [encodeSendSms()], clients: 4, streams: 32 } as const;

async function measureSendSms(): Promise<readonly BenchLine[]> {
  await using folder = await temporaryFolder();
  await using service = await startPausedService(folder.path);
  await using empty = await startYardstick();

  const send = async (requests: number, rate?: number): Promise<LoadResult> => {
    const at = rate === undefined ? {} : { rate };
    const result = await runLoad({
      ...load,
      ...at,
      port: service.setup.grpcPort,
      apiKey: API_KEY,
      requests,
    });
    if (result.answerOctets < requests * LEAST_ANSWER_OCTETS) throw new Error("some messages were refused");
    return result;
  };
  const callEmpty = (requests: number, rate?: number): Promise<LoadResult> => {
    const at = rate === undefined ? {} : { rate };
    return runLoad({ ...load, ...at, port: empty.port, apiKey: API_KEY, requests });
  };

  const rates = await runRounds(async () => ({
    ours: (await send(REQUESTS)).requestsPerSecond,
    empty: (await callEmpty(REQUESTS)).requestsPerSecond,
  }));
  const half = median(rates.map((round) => round.ours)) / 2;
  const requests = Math.round(half * LATENCY_SECONDS);
  const latencies = await runRounds(async () => ({
    ours: await send(requests, half),
    empty: await callEmpty(requests, half),
  }));

  return [
    lineOf(
      "SendSms, requests a second",
      rates.map((round) => round.ours),
    ),
    lineOf(
      "empty handler, requests a second",
      rates.map((round) => round.empty),
    ),
    lineOf(
      "SendSms / empty handler",
      rates.map((round) => round.ours / round.empty),
      { atLeast: 0.6 },
    ),
    lineOf(
      "SendSms at half its rate, median ms",
      latencies.map(({ ours }) => ours.medianMs),
    ),
    lineOf(
      "SendSms at half its rate, p99 ms",
      latencies.map(({ ours }) => ours.p99Ms),
    ),
    lineOf(
      "median latency / empty handler's at that rate",
      latencies.map((round) => round.ours.medianMs / round.empty.medianMs),
      { atMost: 3 },
    ),
    lineOf(
      "p99 latency / empty handler's at that rate",
      latencies.map((round) => round.ours.p99Ms / round.empty.p99Ms),
      { atMost: 3 },
    ),
  ];
}

await runBench(measureSendSms);
