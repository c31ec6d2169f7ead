/**
 * From the first accept to the last final report read by a subscriber: load, service, SMSC and subscriber in processes of
 * their own, every message submitted over SMPP and its receipt returned.
 */
import { join } from "node:path";
import { startNode } from "../test/support/node-process.ts";
import { setUpService, startServiceProcess } from "../test/support/service-process.ts";
import { type Load, runLoad } from "./h2load.ts";
import type { BenchLine } from "./support/bench-line.ts";
import { API_KEY, benchSettings, temporaryFolder } from "./support/bench-service.ts";
import { lineOf, runRounds } from "./support/rounds.ts";
import { runBench } from "./support/run-bench.ts";
import { encodeSendSms, SEND_SMS } from "./support/send-requests.ts";

const UNARY_REQUESTS = 20_000;
const RECIPIENTS = 500;
const BULK_REQUESTS = 120;

type Traffic = Pick<Load, "messages" | "clients" | "streams" | "requests">;
const unary: Traffic = { messages: [encodeSendSms()], clients: 4, streams: 32, requests: UNARY_REQUESTS };
const bulk: Traffic = {
  messages: [encodeSendSms(RECIPIENTS)],
  clients: 4,
  streams: 2,
  requests: BULK_REQUESTS,
};

async function measureEndToEnd(): Promise<readonly BenchLine[]> {
  await using folder = await temporaryFolder();
  await using simulator = startNode(join(import.meta.dirname, "simulator.ts"), []);
  const setup = await setUpService(folder.path, benchSettings(Number(await simulator.nextLine())));
  await using service = await startServiceProcess(setup);
  const readerFile = join(import.meta.dirname, "report-reader.ts");
  await using reader = startNode(readerFile, [`${service.setup.grpcPort}`, API_KEY]);
  await reader.nextLine();

  /** Messages a second from the first request to the last final report. */
  const run = async (traffic: Traffic, recipients: number): Promise<number> => {
    const count = traffic.requests * recipients;
    reader.write(`${count}`);
    const load = await runLoad({ ...traffic, port: setup.grpcPort, method: SEND_SMS, apiKey: API_KEY });
    const endTimeMs = Number(await reader.nextLine());
    return (count / (endTimeMs - load.startTimeMs)) * 1_000;
  };
  const rounds = await runRounds(async () => ({
    unary: await run(unary, 1),
    bulk: await run(bulk, RECIPIENTS),
  }));
  return [
    lineOf(
      "end to end, one recipient a request, messages a second",
      rounds.map((round) => round.unary),
      {
        atLeast: 5_000,
      },
    ),
    lineOf(
      "end to end, 500 recipients a request, messages a second",
      rounds.map((round) => round.bulk),
      {
        atLeast: 12_000,
      },
    ),
  ];
}

await runBench(measureEndToEnd);
