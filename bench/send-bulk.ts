/**
 * SendSms with 500 recipients a request, beside raw inserts of the same rows into the same schema with group commit.
 */
import { join } from "node:path";
import { startNode } from "../test/support/node-process.ts";
import { runLoad } from "./h2load.ts";
import type { BenchLine } from "./support/bench-line.ts";
import { API_KEY, startPausedService, temporaryFolder } from "./support/bench-service.ts";
import { lineOf, runRounds } from "./support/rounds.ts";
import { runBench } from "./support/run-bench.ts";
import { encodeSendSms, LEAST_ANSWER_OCTETS, SEND_SMS } from "./support/send-requests.ts";

const RECIPIENTS = 500;
const REQUESTS = 200;
/** Requests whose rows the raw side inserts: 50,000 deliveries. */
const SAMPLE_REQUESTS = 100;

async function sendBulk(port: number, requests: number): Promise<number> {
  const result = await runLoad({
    port,
    method: SEND_SMS,
    messages: [encodeSendSms(RECIPIENTS)],
    apiKey: API_KEY,
    clients: 4,
    streams: 4,
    requests,
  });
  const least = requests * RECIPIENTS * (LEAST_ANSWER_OCTETS / 2);
  if (result.answerOctets < least) throw new Error("some messages were refused");
  return result.requestsPerSecond * RECIPIENTS;
}

async function measureBulk(): Promise<readonly BenchLine[]> {
  await using folder = await temporaryFolder();
  const samplePath = join(folder.path, "sample");
  await using sample = await startPausedService(samplePath);
  await sendBulk(sample.setup.grpcPort, SAMPLE_REQUESTS);
  await sample.stop();
  await using raw = startNode(join(import.meta.dirname, "raw-inserts.ts"), [
    sample.setup.databasePath,
    join(folder.path, "raw.db"),
  ]);
  const inserted = Number(await raw.nextLine());
  if (inserted !== SAMPLE_REQUESTS * RECIPIENTS) throw new Error(`${inserted} deliveries were stored`);
  await using service = await startPausedService(join(folder.path, "service"));

  const rounds = await runRounds(async () => {
    const ours = await sendBulk(service.setup.grpcPort, REQUESTS);
    raw.write("insert");
    return { ours, raw: Number(await raw.nextLine()) };
  });
  return [
    lineOf(
      "500 recipients a request, recipients a second",
      rounds.map((round) => round.ours),
      {
        atLeast: 80_000,
      },
    ),
    lineOf(
      "raw inserts of the same rows, recipients a second",
      rounds.map((round) => round.raw),
    ),
    lineOf(
      "500 recipients a request / raw inserts",
      rounds.map((round) => round.ours / round.raw),
      {
        atLeast: 0.4,
      },
    ),
  ];
}

await runBench(measureBulk);
