/**
 * This clone beside another one, usually the commit before a change: both services run at once, each pair of measurements goes to the
 * one and then the other, in alternating order, and a ratio is taken within its pair. Each is driven by the load, subscriber and SMSC of its
 * own clone, so that the contract may differ. `node bench/before-after.ts --before DIR`, where DIR is a clone after `npm ci` and
 * `npm run generate`; `--pairs N` for another number than 15.
 */
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import Table from "cli-table3";
import { runLoad } from "./h2load.ts";
import { startBenchServer } from "./support/bench-server.ts";
import { API_KEY, temporaryFolder } from "./support/bench-service.ts";
import { median } from "./support/rounds.ts";
import type { WholeWay } from "./support/whole-way.ts";

type Tools = typeof import("./support/whole-way.ts") & typeof import("./support/send-requests.ts");

const { values } = parseArgs({
  options: { before: { type: "string" }, pairs: { type: "string", default: "15" } },
});
if (values.before === undefined) throw new Error("--before DIR names the clone to compare with");
const pairs = Number(values.pairs);

async function toolsOf(clone: string): Promise<Tools> {
  const support = (name: string) => import(join(clone, "bench/support", name));
  return { ...(await support("whole-way.ts")), ...(await support("send-requests.ts")) };
}

const frames = 12_000;

interface Side {
  readonly tools: Tools;
  readonly sqlite: WholeWay;
  readonly postgres: WholeWay;
}

let bodies = 0;

/** Rates by figure, higher is better. */
const figures: Readonly<Record<string, (side: Side) => Promise<number>>> = {
  async "SendSms, to its answer"({ sqlite, tools }) {
    const port = sqlite.services[0]?.setup.grpcPort ?? 0;
    const messages = [tools.encodeSendSms()];
    const load = { port, method: tools.SEND_SMS, messages, apiKey: API_KEY, clients: 4, streams: 32 };
    // A way of its own, so that the subscriber counts what comes.
    sqlite.reader.write("8000");
    const { requestsPerSecond } = await runLoad({ ...load, requests: 8_000 });
    await sqlite.reader.nextLine();
    return requestsPerSecond;
  },
  async "SendSmsStream, to its answers"({ sqlite, tools }) {
    const port = sqlite.services[0]?.setup.grpcPort ?? 0;
    const messages = tools.encodeSendSmsStream(frames, `pair-${bodies++}`);
    sqlite.reader.write(`${frames}`);
    const load = { port, method: tools.SEND_SMS_STREAM, messages, apiKey: API_KEY, clients: 1, streams: 1 };
    const { seconds } = await runLoad({ ...load, requests: 1 });
    await sqlite.reader.nextLine();
    return frames / seconds;
  },
  "end to end, unary, SQLite": ({ sqlite, tools }) => sqlite.run(tools.unaryTraffic(6_000)),
  "end to end, by 500s, SQLite": ({ sqlite, tools }) => sqlite.run(tools.bulkTraffic(30)),
  "end to end, unary, PostgreSQL": ({ postgres, tools }) => postgres.run(tools.unaryTraffic(6_000)),
  "end to end, by 500s, PostgreSQL": ({ postgres, tools }) => postgres.run(tools.bulkTraffic(30)),
};

await using folder = await temporaryFolder();
await using server = await startBenchServer();
await using parts = new AsyncDisposableStack();

async function startSide(name: string, clone: string): Promise<Side> {
  const tools = await toolsOf(clone);
  const url = await server.createDatabase(`bench_${name}`);
  const at = (store: string) => join(folder.path, name, store);
  const sqlite = parts.use(await tools.startWholeWay({ folder: at("sqlite"), replicas: [{}] }));
  const replicas = [{ store: { url, replica: name } }];
  const postgres = parts.use(await tools.startWholeWay({ folder: at("postgres"), replicas }));
  return { tools, sqlite, postgres };
}

const before = await startSide("before", resolve(values.before));
const after = await startSide("after", resolve(import.meta.dirname, ".."));
const ratios = new Map(Object.keys(figures).map((name) => [name, [] as number[]]));
for (let pair = -1; pair < pairs; pair++) {
  for (const [name, measure] of Object.entries(figures)) {
    const order = pair % 2 === 0 ? [before, after] : [after, before];
    const rates = new Map<Side, number>();
    for (const side of order) rates.set(side, await measure(side));
    if (pair >= 0) ratios.get(name)?.push((rates.get(after) ?? 0) / (rates.get(before) ?? Number.NaN));
  }
}

const table = new Table({
  head: ["after / before", "median", "95 % of the mean", "pairs"],
  style: { head: [] },
});
for (const [name, all] of ratios) {
  const mean = all.reduce((sum, ratio) => sum + ratio, 0) / all.length;
  const deviation = Math.sqrt(all.reduce((sum, ratio) => sum + (ratio - mean) ** 2, 0) / (all.length - 1));
  const half = (studentOf95(all.length) * deviation) / Math.sqrt(all.length);
  table.push([
    name,
    median(all).toFixed(3),
    `${(mean - half).toFixed(3)} to ${(mean + half).toFixed(3)}`,
    `${all.length}`,
  ]);
}
console.log(table.toString());

/** Student's t for 95 % on both sides, by degrees of freedom; near enough above those that it has. */
function studentOf95(count: number): number {
  const known: Readonly<Record<number, number>> = {
    3: 4.303,
    5: 2.776,
    7: 2.447,
    9: 2.306,
    11: 2.228,
    15: 2.145,
  };
  return known[count] ?? 2.1;
}
