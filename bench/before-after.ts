/**
 * This clone beside another one, usually the commit before a change: both services run at once, each pair of measurements goes to the
 * one and then the other, in alternating order, and a ratio is taken within its pair. Each is driven by the load, subscriber and SMSC of its
 * own clone, so that the contract may differ. `node bench/before-after.ts --before DIR`, where DIR is a clone after `npm ci` and
 * `npm run generate`; `--pairs N` for another number than 15, `--figures TEXT` for those only whose names contain it. Beside rates stands
 * what the service used of processors for a message, which varies less.
 */
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import Table from "cli-table3";
import { runLoad } from "./h2load.ts";
import { startBenchServer } from "./support/bench-server.ts";
import { API_KEY, temporaryFolder } from "./support/bench-service.ts";
import { median } from "./support/rounds.ts";
import { readThreadTimes, spentMicros } from "./support/thread-time.ts";
import type { Traffic, WholeWay } from "./support/whole-way.ts";

type Tools = typeof import("./support/whole-way.ts") & typeof import("./support/send-requests.ts");

const { values } = parseArgs({
  options: {
    before: { type: "string" },
    pairs: { type: "string", default: "15" },
    figures: { type: "string", default: "" },
  },
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
const allFigures: Readonly<Record<string, (side: Side) => Promise<number>>> = {
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
  "end to end, unary, SQLite": ({ sqlite, tools }) => run(sqlite, tools.unaryTraffic(6_000)),
  "end to end, by 500s, SQLite": ({ sqlite, tools }) => run(sqlite, tools.bulkTraffic(30)),
  "end to end, unary, PostgreSQL": ({ postgres, tools }) => run(postgres, tools.unaryTraffic(6_000)),
  "end to end, by 500s, PostgreSQL": ({ postgres, tools }) => run(postgres, tools.bulkTraffic(30)),
};
const figures = Object.entries(allFigures).filter(([name]) => name.includes(values.figures));

/** What the service used for a message of the last way that was gone, by thread; empty before and for other figures. */
let spent: ReadonlyMap<string, number> = new Map();

async function run(way: WholeWay, traffic: Traffic): Promise<number> {
  const pid = way.services[0]?.pid ?? 0;
  const before = await readThreadTimes(pid);
  const rate = await way.run(traffic);
  const byThread = spentMicros(pid, before, await readThreadTimes(pid));
  const messages = traffic.requests * traffic.recipients;
  spent = new Map([...byThread].map(([thread, micros]) => [thread, micros / messages]));
  return rate;
}

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
const ratios = new Map(figures.map(([name]) => [name, [] as number[]]));
/** Microseconds a message by figure and thread, of both sides in pairs. */
const micros = new Map<string, { readonly before: number; readonly after: number }[]>();
for (let pair = -1; pair < pairs; pair++) {
  for (const [name, measure] of figures) {
    const order = pair % 2 === 0 ? [before, after] : [after, before];
    const rates = new Map<Side, number>();
    const used = new Map<Side, ReadonlyMap<string, number>>();
    for (const side of order) {
      spent = new Map();
      rates.set(side, await measure(side));
      used.set(side, spent);
    }
    if (pair < 0) continue;
    ratios.get(name)?.push((rates.get(after) ?? 0) / (rates.get(before) ?? Number.NaN));
    const sumOf = (side: Side) => [...(used.get(side) ?? []).values()].reduce((sum, one) => sum + one, 0);
    if (sumOf(after) === 0) continue;
    note(`${name}: in all`, sumOf(before), sumOf(after));
    for (const thread of used.get(after)?.keys() ?? [])
      note(`${name}: ${thread}`, used.get(before)?.get(thread) ?? 0, used.get(after)?.get(thread) ?? 0);
  }
}

function note(name: string, ofBefore: number, ofAfter: number): void {
  const all = micros.get(name) ?? [];
  micros.set(name, all);
  all.push({ before: ofBefore, after: ofAfter });
}

/** The range in which the mean is with 95 %. */
function rangeOf(all: readonly number[], digits: number): string {
  const mean = all.reduce((sum, one) => sum + one, 0) / all.length;
  const deviation = Math.sqrt(all.reduce((sum, one) => sum + (one - mean) ** 2, 0) / (all.length - 1));
  const half = (studentOf95(all.length) * deviation) / Math.sqrt(all.length);
  return `${(mean - half).toFixed(digits)} to ${(mean + half).toFixed(digits)}`;
}

const table = new Table({
  head: ["after / before", "median", "95 % of the mean", "pairs"],
  style: { head: [] },
});
for (const [name, all] of ratios) {
  table.push([name, median(all).toFixed(3), rangeOf(all, 3), `${all.length}`]);
}
console.log(table.toString());

const processor = new Table({
  head: ["µs of processor a message", "before", "after", "after - before", "95 % of the mean"],
  style: { head: [] },
});
for (const [name, all] of micros) {
  const differences = all.map((pair) => pair.after - pair.before);
  const medians = [all.map((pair) => pair.before), all.map((pair) => pair.after), differences].map(median);
  processor.push([name, ...medians.map((one) => one.toFixed(1)), rangeOf(differences, 1)]);
}
console.log(processor.toString());

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
