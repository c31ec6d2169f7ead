/**
 * End to end beside Kannel 1.4.5 as Debian ships it, both with the same simulator, in turn on the same machine: a rate in messages a second
 * says as much about the machine as about the program.
 */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { BenchLine } from "./support/bench-line.ts";
import { temporaryFolder } from "./support/bench-service.ts";
import { startKannelWay } from "./support/kannel-way.ts";
import { lineOf, runRounds } from "./support/rounds.ts";
import { runBench } from "./support/run-bench.ts";
import { bulkTraffic, startWholeWay, unaryTraffic } from "./support/whole-way.ts";

const messages = 20_000;

async function measureBesideKannel(): Promise<readonly BenchLine[]> {
  await using folder = await temporaryFolder();
  const [own, peer] = [join(folder.path, "own"), join(folder.path, "kannel")];
  await mkdir(own);
  await mkdir(peer);
  await using kannel = await startKannelWay(peer);
  await using way = await startWholeWay({ folder: own, replicas: [{}] });
  const rounds = await runRounds(async () => ({
    kannel: await kannel.run(messages),
    unary: await way.run(unaryTraffic(messages)),
    bulk: await way.run(bulkTraffic(60)),
  }));
  const ratioTo = (name: "unary" | "bulk") => rounds.map((round) => round[name] / round.kannel.rate);
  return [
    lineOf(
      "Kannel end to end, messages a second",
      rounds.map((round) => round.kannel.rate),
    ),
    lineOf(
      "messages that Kannel reports, of 1",
      rounds.map((round) => round.kannel.share),
    ),
    // 5,000 and 12,000 messages a second where Kannel does 3,700.
    lineOf("end to end, one recipient a request / Kannel", ratioTo("unary"), { atLeast: 1.35 }),
    lineOf("end to end, 500 recipients a request / Kannel", ratioTo("bulk"), { atLeast: 3.25 }),
  ];
}

await runBench(measureBesideKannel);
