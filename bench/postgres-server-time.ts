/**
 * What a PostgreSQL server spends on a message: processor time of the connections of the store, octets of its log, and the time of each
 * statement. With `--before DIR`, a clone after `npm ci` and `npm run generate`, also that of the other one, in turn within one run.
 * On a server from npm, since it has to have pg_stat_statements loaded. Explains; wants nothing itself.
 */
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import Table from "cli-table3";
import type pg from "pg";
import { connectOnlooker, startBenchServer } from "./support/bench-server.ts";
import { type MessageLife, startMessageLife, type Traffic } from "./support/message-life.ts";
import { median } from "./support/rounds.ts";
import { readServerTime, type SpentTime, type StatementTime, spentBetween } from "./support/server-time.ts";

const { values } = parseArgs({
  options: { before: { type: "string" }, pairs: { type: "string", default: "5" } },
});
const pairs = Number(values.pairs);

const traffics: Readonly<Record<string, Traffic & { readonly messages: number }>> = {
  "20 of one recipient in a batch": { size: 20, recipients: 1, waits: false, messages: 1_600 },
  "200 of one message in a batch": { size: 200, recipients: 200, waits: false, messages: 4_000 },
  "200 that wait and are claimed": { size: 200, recipients: 200, waits: true, messages: 4_000 },
};

interface Side {
  readonly name: string;
  readonly life: MessageLife;
  readonly client: pg.Client;
}

await using server = await startBenchServer({}, { shared_preload_libraries: "pg_stat_statements" });

async function startSide(name: string, clone: string): Promise<Side> {
  const url = await server.createDatabase(`bench_${name}`);
  const life = await startMessageLife(clone, url);
  const client = await connectOnlooker(url);
  await client.query("CREATE EXTENSION pg_stat_statements SCHEMA public");
  await client.query("SET search_path = public");
  return { name, life, client };
}

async function spend({ life, client }: Side, { messages, ...traffic }: (typeof traffics)[string]) {
  const before = await readServerTime(client);
  for (let step = 0; step < messages / traffic.size; step += 1) await life.step(traffic);
  return spentBetween(before, await readServerTime(client));
}

const own = resolve(import.meta.dirname, "..");
const sides = [
  ...(values.before === undefined ? [] : [await startSide("before", resolve(values.before))]),
  await startSide("after", own),
];
for (const [name, traffic] of Object.entries(traffics)) {
  const spent = new Map(sides.map((side) => [side, [] as SpentTime[]]));
  for (let pair = -1; pair < pairs; pair += 1) {
    for (const side of pair % 2 === 0 ? sides : sides.toReversed()) {
      const time = await spend(side, traffic);
      if (pair >= 0) spent.get(side)?.push(time);
    }
  }
  print(name, traffic.messages, spent);
}
for (const { life, client } of sides) {
  await life.close();
  await client.end();
}

function print(name: string, messages: number, spent: ReadonlyMap<Side, readonly SpentTime[]>): void {
  const table = new Table({
    head: [name, ...sides.map((side) => side.name), "after / before"],
    style: { head: [] },
  });
  const line = (figure: string, figureOf: (time: SpentTime) => number) => {
    const all = sides.map((side) => (spent.get(side) ?? []).map((time) => figureOf(time) / messages));
    const [before = [], after] = all;
    const ratios = after?.map((value, pair) => value / (before[pair] ?? Number.NaN)) ?? [];
    const ratio = ratios.length === 0 ? "" : median(ratios).toFixed(2);
    const range = ` (${Math.min(...ratios).toFixed(2)} to ${Math.max(...ratios).toFixed(2)})`;
    table.push([figure, ...all.map((one) => median(one).toFixed(1)), ratio === "" ? "" : ratio + range]);
  };
  line("server's processor, µs a message", ({ processorMicros }) => processorMicros);
  line("log, octets a message", ({ walOctets }) => walOctets);
  line("statements a message", ({ statements }) => {
    return [...statements.values()].reduce((sum, { calls }) => sum + calls, 0);
  });
  console.log(table.toString());
  for (const side of sides) printStatements(side, messages, spent.get(side) ?? []);
}

/** The dearest ones, by what they took on the wall. */
function printStatements({ name }: Side, messages: number, spent: readonly SpentTime[]): void {
  const sums = new Map<string, StatementTime>();
  for (const { statements } of spent) {
    for (const [text, { calls, micros }] of statements) {
      const known = sums.get(text);
      sums.set(text, { calls: calls + (known?.calls ?? 0), micros: micros + (known?.micros ?? 0) });
    }
  }
  const table = new Table({ head: ["µs a message", "µs each", `${name}: statement`], style: { head: [] } });
  const dearest = [...sums].sort(([, left], [, right]) => right.micros - left.micros).slice(0, 14);
  for (const [text, { calls, micros }] of dearest) {
    const perMessage = micros / messages / spent.length;
    table.push([
      perMessage.toFixed(1),
      Math.round(micros / calls),
      text.replaceAll(/\s+/g, " ").slice(0, 90),
    ]);
  }
  console.log(table.toString());
}
