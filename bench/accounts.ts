/**
 * Sending for an account with every rule beside one without any, on both stores, one by one and by 500s: both are measured in each round,
 * the one and then the other and in turn, and the ratio is taken within the round. Then an account without rules beside one that is refused
 * without pause. `--rounds N` for another number than five, `--seconds S` for how long a measurement lasts, `--store sqlite|postgres`
 * for one store alone.
 */
import { join } from "node:path";
import { parseArgs } from "node:util";
import { connectClients } from "../test/support/rpc-client.ts";
import {
  OPERATOR_KEY,
  type Settings,
  setUpService,
  startServiceProcess,
} from "../test/support/service-process.ts";
import { runLoad } from "./h2load.ts";
import {
  type BenchCaller,
  callers,
  keyWithScopes,
  makeAccount,
  type RunningCaller,
  refusing,
  rules,
} from "./support/account-rules.ts";
import type { BenchLine } from "./support/bench-line.ts";
import { startBenchServer } from "./support/bench-server.ts";
import { benchSettings, temporaryFolder } from "./support/bench-service.ts";
import { lineOf, ROUNDS, runRounds } from "./support/rounds.ts";
import { runBench } from "./support/run-bench.ts";
import { encodeSendSms, LEAST_ANSWER_OCTETS, SEND_SMS } from "./support/send-requests.ts";

const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: String(ROUNDS) },
    seconds: { type: "string", default: "3" },
    store: { type: "string" },
    json: { type: "boolean" },
  },
});
const roundCount = Number(values.rounds);
const seconds = Number(values.seconds);

/** How a message comes. */
interface Shape {
  readonly name: "single" | "bulk";
  readonly text: string;
  readonly recipients: number;
  readonly streams: number;
  /** Requests by which a measurement's length is found. */
  readonly sample: number;
}

const shapes: readonly Shape[] = [
  { name: "single", text: "one recipient a request", recipients: 1, streams: 32, sample: 2_000 },
  { name: "bulk", text: "500 recipients a request", recipients: 500, streams: 4, sample: 20 },
];

interface Side {
  readonly apiKey: string;
  readonly port: number;
}

/** Messages a second. */
async function send({ apiKey, port }: Side, shape: Shape, requests: number): Promise<number> {
  const { recipients, streams } = shape;
  const messages = [encodeSendSms(recipients)];
  const load = { port, method: SEND_SMS, messages, apiKey, clients: 4, streams };
  const result = await runLoad({ ...load, requests });
  const least = requests * recipients * (LEAST_ANSWER_OCTETS / (recipients === 1 ? 1 : 2));
  if (result.answerOctets < least) throw new Error("some messages were refused");
  return result.requestsPerSecond * recipients;
}

async function compare(
  what: string,
  plain: Side,
  ruled: Side,
  shape: Shape,
  atLeast: number,
): Promise<readonly BenchLine[]> {
  const requests = await requestsFor(plain, shape);
  const rounds = await runRounds(async (index) => {
    const order = index % 2 === 0 ? [plain, ruled] : [ruled, plain];
    const rates = new Map<Side, number>();
    for (const side of order) rates.set(side, await send(side, shape, requests));
    return { plain: rates.get(plain) ?? Number.NaN, ruled: rates.get(ruled) ?? Number.NaN };
  }, roundCount);
  const name = `${what}, ${shape.text}`;
  return [
    lineOf(
      `${name}: messages a second without rules`,
      rounds.map((round) => round.plain),
    ),
    lineOf(
      `${name}: with rules / without`,
      rounds.map((round) => round.ruled / round.plain),
      { atLeast },
    ),
  ];
}

async function requestsFor(side: Side, shape: Shape): Promise<number> {
  const rate = (await send(side, shape, shape.sample)) / shape.recipients;
  return Math.max(shape.sample, Math.round(rate * seconds));
}

/** What an account has left beside one that is refused without pause. */
async function measureNeighbour(what: string, plain: Side, refused: Side): Promise<readonly BenchLine[]> {
  const [shape] = shapes;
  if (shape === undefined) throw new Error("there is no shape");
  const requests = await requestsFor(plain, shape);
  const rounds = await runRounds(async () => {
    const alone = await send(plain, shape, requests);
    const beside = new AbortController();
    const refusals = refuseUntil(beside.signal, refused);
    const disturbed = await send(plain, shape, requests);
    beside.abort();
    await refusals;
    return disturbed / alone;
  }, roundCount);
  const wanted = { atLeast: refusing.leaves };
  return [lineOf(`${what}: rate beside an account that is refused without pause / alone`, rounds, wanted)];
}

/** One connection, eight calls in flight: a caller that takes no refusal for an answer. Its request_id is looked for each time, and never known. */
async function refuseUntil(signal: AbortSignal, { apiKey, port }: Side): Promise<void> {
  const messages = [encodeSendSms(refusing.recipients, 0, "refused")];
  const load = { port, method: SEND_SMS, messages, apiKey, clients: 1, streams: 8 };
  while (!signal.aborted) {
    const { answerOctets } = await runLoad({ ...load, requests: 2_000 });
    if (answerOctets > 0) throw new Error("the account was to be refused");
  }
}

async function measureOn(what: string, folder: string, settings: Settings): Promise<readonly BenchLine[]> {
  await using running = new AsyncDisposableStack();
  const ready: { readonly caller: BenchCaller; readonly started: RunningCaller }[] = [];
  for (const caller of callers) ready.push({ caller, started: running.use(await caller.start()) });
  const parts = [...rules, ...ready.map(({ started }) => started)].map((part) => part.settings);
  const setup = await setUpService(
    folder,
    Object.assign({}, benchSettings(undefined), ...parts, settings) as Settings,
  );
  await using _service = await startServiceProcess(setup);
  const port = setup.grpcPort;
  using operator = connectClients(`127.0.0.1:${port}`, OPERATOR_KEY);
  await makeAccount(operator, "plain", []);
  await makeAccount(operator, "ruled", rules);
  await makeAccount(operator, "refused", [refusing.rule]);
  const sideOf = async (accountId: string): Promise<Side> => ({
    apiKey: await keyWithScopes(operator, accountId),
    port,
  });
  const plain = await sideOf("plain");
  const lines: BenchLine[] = [];
  for (const { caller, started } of ready) {
    const ruled = { apiKey: await started.credential(operator, "ruled"), port };
    for (const shape of shapes) {
      const atLeast = caller[shape.name];
      if (atLeast !== undefined)
        lines.push(...(await compare(`${what}, ${caller.name}`, plain, ruled, shape, atLeast)));
    }
  }
  return [...lines, ...(await measureNeighbour(what, plain, await sideOf("refused")))];
}

async function measureAccounts(): Promise<readonly BenchLine[]> {
  await using folder = await temporaryFolder();
  const lines: BenchLine[] = [];
  if (values.store !== "postgres")
    lines.push(...(await measureOn("SQLite", join(folder.path, "sqlite"), {})));
  if (values.store !== "sqlite") {
    await using server = await startBenchServer();
    const url = await server.createDatabase("bench_accounts");
    lines.push(...(await measureOn("PostgreSQL", join(folder.path, "postgres"), { store: { url } })));
  }
  return lines;
}

await runBench(measureAccounts);
