/**
 * Where the time of a message goes: microseconds on a processor for each thread of the service, accepting only, beside an empty
 * handler; and for each process end to end. Explains the rates of the other benchmarks; wants nothing itself.
 */
import { join } from "node:path";
import { startNode } from "../test/support/node-process.ts";
import { setUpService, startServiceProcess } from "../test/support/service-process.ts";
import { type Load, runLoad } from "./h2load.ts";
import type { BenchLine } from "./support/bench-line.ts";
import { API_KEY, benchSettings, startPausedService, temporaryFolder } from "./support/bench-service.ts";
import { startBenchSmsc } from "./support/bench-smsc.ts";
import { lineOf, runRounds } from "./support/rounds.ts";
import { runBench } from "./support/run-bench.ts";
import { encodeSendSms, encodeSendSmsStream, SEND_SMS, SEND_SMS_STREAM } from "./support/send-requests.ts";
import { readThreadTimes, spentMicros } from "./support/thread-time.ts";
import { startYardstick } from "./support/yardstick.ts";

const MESSAGES = 20_000;
const RECIPIENTS = 500;

type Traffic = Pick<Load, "method" | "messages" | "clients" | "streams" | "requests">;
const unary: Traffic = {
  method: SEND_SMS,
  messages: [encodeSendSms()],
  clients: 4,
  streams: 32,
  requests: MESSAGES,
};
const bulk: Traffic = {
  method: SEND_SMS,
  messages: [encodeSendSms(RECIPIENTS)],
  clients: 4,
  streams: 2,
  requests: MESSAGES / RECIPIENTS,
};
const stream = (round: number): Traffic => ({
  method: SEND_SMS_STREAM,
  messages: encodeSendSmsStream(MESSAGES, `round-${round}`),
  clients: 1,
  streams: 1,
  requests: 1,
});

/** Microseconds a message by thread, while `work` has `MESSAGES` of them done. */
type Spent = ReadonlyMap<string, number>;

async function spend(
  processes: Readonly<Record<string, number>>,
  work: () => Promise<unknown>,
): Promise<Spent> {
  const before = new Map<number, Awaited<ReturnType<typeof readThreadTimes>>>();
  for (const pid of Object.values(processes)) before.set(pid, await readThreadTimes(pid));
  await work();
  const spent = new Map<string, number>();
  for (const [name, pid] of Object.entries(processes)) {
    const byThread = spentMicros(pid, before.get(pid) ?? new Map(), await readThreadTimes(pid));
    for (const [thread, micros] of byThread) {
      const key = name === "service" ? thread : name;
      spent.set(key, (spent.get(key) ?? 0) + micros / MESSAGES);
    }
  }
  return spent;
}

function linesOf(what: string, rounds: readonly Spent[]): readonly BenchLine[] {
  const threads = [...new Set(rounds.flatMap((round) => [...round.keys()]))];
  const lines = threads.map((thread) =>
    lineOf(
      `${what}: ${thread}, µs`,
      rounds.map((round) => round.get(thread) ?? 0),
    ),
  );
  const sums = rounds.map((round) => [...round.values()].reduce((sum, micros) => sum + micros, 0));
  return [...lines, lineOf(`${what}: in all, µs`, sums)];
}

async function measureAccepting(): Promise<readonly BenchLine[]> {
  await using folder = await temporaryFolder();
  await using service = await startPausedService(folder.path);
  await using empty = await startYardstick();
  const target = { port: service.setup.grpcPort, apiKey: API_KEY };
  const processes = { service: service.pid };
  const rounds = await runRounds(async (round) => ({
    empty: await spend({ service: empty.pid }, () =>
      runLoad({ ...unary, port: empty.port, apiKey: API_KEY }),
    ),
    unary: await spend(processes, () => runLoad({ ...unary, ...target })),
    stream: await spend(processes, () => runLoad({ ...stream(round), ...target })),
    bulk: await spend(processes, () => runLoad({ ...bulk, ...target })),
  }));
  return [
    ...linesOf(
      "empty handler",
      rounds.map((round) => round.empty),
    ),
    ...linesOf(
      "SendSms",
      rounds.map((round) => round.unary),
    ),
    ...linesOf(
      "SendSmsStream, a message",
      rounds.map((round) => round.stream),
    ),
    ...linesOf(
      "500 recipients, each",
      rounds.map((round) => round.bulk),
    ),
  ];
}

async function measureEndToEnd(): Promise<readonly BenchLine[]> {
  await using folder = await temporaryFolder();
  await using smsc = await startBenchSmsc();
  const setup = await setUpService(folder.path, benchSettings(smsc));
  await using service = await startServiceProcess(setup);
  await using reader = startNode(join(import.meta.dirname, "report-reader.ts"), [
    `${setup.grpcPort}`,
    API_KEY,
  ]);
  await reader.nextLine();
  const peer = smsc.pid === undefined ? {} : { simulator: smsc.pid };
  const run = (traffic: Traffic): Promise<Spent> =>
    spend({ service: service.pid, ...peer, subscriber: reader.pid }, async () => {
      reader.write(`${MESSAGES}`);
      await runLoad({ ...traffic, port: setup.grpcPort, apiKey: API_KEY });
      await reader.nextLine();
    });
  const rounds = await runRounds(async () => ({ unary: await run(unary), bulk: await run(bulk) }));
  return [
    ...linesOf(
      "end to end unary",
      rounds.map((round) => round.unary),
    ),
    ...linesOf(
      "end to end by 500s",
      rounds.map((round) => round.bulk),
    ),
  ];
}

await runBench(async () => [...(await measureAccepting()), ...(await measureEndToEnd())]);
