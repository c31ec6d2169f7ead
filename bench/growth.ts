/**
 * Whether cost grows with what is stored: SendSms and GetStatus on a service with 1,000,000 delivered messages beside one
 * that began with 1,000.
 */
import { join } from "node:path";
import { GetStatusRequest } from "../src/gen/smsrelay/v1/sms_service.ts";
import { type ServiceProcess, setUpService, startServiceProcess } from "../test/support/service-process.ts";
import { runLoad } from "./h2load.ts";
import type { BenchLine } from "./support/bench-line.ts";
import { API_KEY, benchSettings, temporaryFolder } from "./support/bench-service.ts";
import { fillStore } from "./support/fill-store.ts";
import { lineOf, runRounds } from "./support/rounds.ts";
import { runBench } from "./support/run-bench.ts";
import { encodeSendSms, LEAST_ANSWER_OCTETS, SEND_SMS } from "./support/send-requests.ts";

const FEW = 1_000;
const MANY = 1_000_000;
const REQUESTS = 10_000;
const STATUS_REQUESTS = 1_000;

interface FilledService {
  readonly service: ServiceProcess;
  readonly ids: readonly string[];
}

async function startFilled(folder: string, count: number): Promise<FilledService> {
  const setup = await setUpService(folder, benchSettings(undefined));
  // The first start makes the schema.
  await using first = await startServiceProcess(setup);
  await first.stop();
  const ids = fillStore(setup.databasePath, "shop", count, Date.now() - 60_000);
  return { service: await startServiceProcess(setup), ids };
}

async function sendRate({ service }: FilledService): Promise<number> {
  const result = await runLoad({
    port: service.setup.grpcPort,
    method: SEND_SMS,
    messages: [encodeSendSms()],
    apiKey: API_KEY,
    clients: 4,
    streams: 32,
    requests: REQUESTS,
  });
  if (result.answerOctets < REQUESTS * LEAST_ANSWER_OCTETS) throw new Error("some messages were refused");
  return result.requestsPerSecond;
}

/** Median milliseconds of GetStatus, one call at a time, for the id that belongs to the round. */
async function statusLatency({ service, ids }: FilledService, round: number): Promise<number> {
  const messageId = ids.at(Math.floor((ids.length * (round + 1.5)) / 7)) ?? "";
  const result = await runLoad({
    port: service.setup.grpcPort,
    method: "smsrelay.v1.SmsService/GetStatus",
    messages: [GetStatusRequest.encode(GetStatusRequest.create({ messageId })).finish()],
    apiKey: API_KEY,
    clients: 1,
    streams: 1,
    requests: STATUS_REQUESTS,
  });
  if (result.answerOctets < STATUS_REQUESTS * LEAST_ANSWER_OCTETS) throw new Error("a message was not found");
  return result.medianMs;
}

async function measureGrowth(): Promise<readonly BenchLine[]> {
  await using folder = await temporaryFolder();
  const few = await startFilled(join(folder.path, "few"), FEW);
  await using _few = few.service;
  const many = await startFilled(join(folder.path, "many"), MANY);
  await using _many = many.service;

  const rounds = await runRounds(async (round) => ({
    few: await sendRate(few),
    many: await sendRate(many),
    fewStatusMs: await statusLatency(few, round),
    manyStatusMs: await statusLatency(many, round),
  }));
  return [
    lineOf(
      "SendSms with 1,000,000 stored, requests a second",
      rounds.map((round) => round.many),
    ),
    lineOf(
      "SendSms with 1,000,000 stored / with 1,000",
      rounds.map((round) => round.many / round.few),
      {
        atLeast: 0.85,
      },
    ),
    lineOf(
      "GetStatus with 1,000,000 stored, median ms",
      rounds.map((round) => round.manyStatusMs),
    ),
    lineOf(
      "GetStatus latency with 1,000,000 stored / with 1,000",
      rounds.map((round) => round.manyStatusMs / round.fewStatusMs),
      { atMost: 1.15 },
    ),
  ];
}

await runBench(measureGrowth);
