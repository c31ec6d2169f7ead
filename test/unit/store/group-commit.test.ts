import { expect, it } from "vitest";
import { SmsError } from "../../../src/domain/errors.ts";
import { createGroupCommit, type WriteEntry } from "../../../src/store/group-commit.ts";
import { createFakeClock } from "../../support/fake-clock.ts";

interface Gate {
  readonly batch: readonly string[];
  open(): void;
}

/** A runner whose batches wait until the test lets each go. */
function createGatedRunner(isBad: (operation: string) => boolean = () => false) {
  const gates: Gate[] = [];
  const batches: (readonly string[])[] = [];
  return {
    gates,
    batches,
    run: (batch: readonly string[]) =>
      new Promise<readonly string[]>((resolve, reject) => {
        batches.push(batch);
        gates.push({
          batch,
          open: () => {
            if (batch.some(isBad)) reject(new Error("a bad row"));
            else resolve(batch.map((operation) => `${operation} done`));
          },
        });
      }),
  };
}

async function openAll(gates: readonly Gate[]): Promise<void> {
  for (let index = 0; index < gates.length; index += 1) {
    gates[index]?.open();
    for (let turn = 0; turn < 8; turn += 1) await Promise.resolve();
  }
}

function entry(operation: string, more: Partial<WriteEntry<string>> = {}): WriteEntry<string> {
  return { operation, rows: 1, isUrgent: false, isNewWork: false, ...more };
}

const clock = createFakeClock();

it("gathers what comes while a batch is in flight, and takes it the moment that one returns", async () => {
  const { run, gates, batches } = createGatedRunner();
  const commits = createGroupCommit({ run, clock });
  const first = commits.submit([entry("a")]);
  await Promise.resolve();
  const others = ["b", "c", "d"].map((name) => commits.submit([entry(name)]));
  expect(batches).toEqual([["a"]]);
  await openAll(gates);
  expect(batches).toEqual([["a"], ["b", "c", "d"]]);
  expect(await first).toEqual(["a done"]);
  expect(await Promise.all(others)).toEqual([["b done"], ["c done"], ["d done"]]);
  expect(clock.waiting).toBe(0);
});

it("lets calls of one turn share the first batch", async () => {
  const { run, gates, batches } = createGatedRunner();
  const commits = createGroupCommit({ run, clock });
  const calls = [commits.submit([entry("a")]), commits.submit([entry("b")])];
  await Promise.resolve();
  await openAll(gates);
  await Promise.all(calls);
  expect(batches).toEqual([["a", "b"]]);
});

it("takes urgent entries first and keeps the order within each kind", async () => {
  const { run, gates, batches } = createGatedRunner();
  const commits = createGroupCommit({ run, clock });
  const calls = ["n1", "O1", "n2", "O2"].map((name) =>
    commits.submit([entry(name, { isUrgent: name.startsWith("O") })]),
  );
  await Promise.resolve();
  await openAll(gates);
  await Promise.all(calls);
  expect(batches).toEqual([["O1", "O2", "n1", "n2"]]);
});

it("P27 leaves others a share of each batch however many urgent entries come", async () => {
  const { run, gates, batches } = createGatedRunner();
  const commits = createGroupCommit({ run, clock, maxRows: 10 });
  const urgent = commits.submit(
    Array.from({ length: 30 }, (_, index) => entry(`O${index}`, { isUrgent: true })),
  );
  const other = commits.submit([entry("n")]);
  await Promise.resolve();
  await openAll(gates);
  await Promise.all([urgent, other]);
  expect(batches[0]).toContain("n");
  expect(batches[0]).toHaveLength(10);
});

it("bounds a batch by rows, and takes a larger entry alone", async () => {
  const { run, gates, batches } = createGatedRunner();
  const commits = createGroupCommit({ run, clock, maxRows: 10 });
  const call = commits.submit([
    entry("a", { rows: 6 }),
    entry("b", { rows: 6 }),
    entry("c", { rows: 50 }),
    entry("d", { rows: 4 }),
    entry("e", { rows: 6 }),
  ]);
  await Promise.resolve();
  await openAll(gates);
  await call;
  expect(batches).toEqual([["a"], ["b"], ["c"], ["d", "e"]]);
});

it("runs a batch that throws again in halves, so that one bad entry fails alone", async () => {
  const { run, gates, batches } = createGatedRunner((operation) => operation === "bad");
  const commits = createGroupCommit({ run, clock });
  const names = ["a", "b", "bad", "c", "d"];
  const calls = Promise.allSettled(names.map((name) => commits.submit([entry(name)])));
  await Promise.resolve();
  await openAll(gates);
  const results = await calls;
  expect(results.map(({ status }) => status)).toEqual([
    "fulfilled",
    "fulfilled",
    "rejected",
    "fulfilled",
    "fulfilled",
  ]);
  expect(results[2]).toMatchObject({ reason: { code: "INTERNAL_ERROR", cause: { message: "a bad row" } } });
  expect(batches.at(-1)).toEqual(["c", "d"]);
});

it("settles a call only when all of its entries are done, and rejects it where one failed", async () => {
  const { run, gates } = createGatedRunner((operation) => operation === "bad");
  const commits = createGroupCommit({ run, clock });
  const call = commits.submit([entry("a"), entry("bad"), entry("b")]);
  const failure = expect(call).rejects.toMatchObject({ code: "INTERNAL_ERROR" });
  await Promise.resolve();
  await openAll(gates);
  await failure;
});

it("does not try a store again that is away", async () => {
  let runs = 0;
  const commits = createGroupCommit<string, string>({
    run: () => {
      runs += 1;
      return Promise.reject(new SmsError("SERVICE_UNAVAILABLE"));
    },
    clock,
  });
  const calls = await Promise.allSettled(["a", "b"].map((name) => commits.submit([entry(name)])));
  expect(calls).toMatchObject([
    { reason: { code: "SERVICE_UNAVAILABLE" } },
    { reason: { code: "SERVICE_UNAVAILABLE" } },
  ]);
  expect(runs).toBe(1);
});

it("P23 refuses new work past its bound with a time to wait, and facts only much later", async () => {
  const { run, gates } = createGatedRunner();
  const commits = createGroupCommit({ run, clock, maxRows: 1, maxWaitingRows: 10 });
  const first = commits.submit([entry("first")]);
  await Promise.resolve();
  const accepted = commits.submit([entry("a", { rows: 10, isNewWork: true })]);
  const refusal = await commits.submit([entry("b", { isNewWork: true })]).catch((error: unknown) => error);
  expect(refusal).toMatchObject({ code: "OVERLOADED", details: { retryAfterMs: expect.any(Number) } });
  const fact = commits.submit([entry("c", { rows: 30 })]);
  await expect(commits.submit([entry("d")])).rejects.toMatchObject({ code: "OVERLOADED" });
  await openAll(gates);
  await Promise.all([first, accepted, fact]);
  expect(commits.waitingRows).toBe(0);
});

it("closes once what was handed in is done, and refuses what comes later", async () => {
  const { run, gates } = createGatedRunner();
  const commits = createGroupCommit({ run, clock });
  const call = commits.submit([entry("a")]);
  const closed = Promise.all([commits.close(), commits.close()]);
  await expect(commits.submit([entry("b")])).rejects.toMatchObject({ code: "SERVICE_UNAVAILABLE" });
  await openAll(gates);
  await closed;
  expect(await call).toEqual(["a done"]);
});

it("takes a second batch while one is in flight once so many rows wait, and no third", async () => {
  const { run, gates, batches } = createGatedRunner();
  const commits = createGroupCommit({ run, clock, overlapRows: 2 });
  const turn = () => new Promise((resolve) => setImmediate(resolve));
  const calls = [commits.submit([entry("a")])];
  await turn();
  calls.push(commits.submit([entry("b")]));
  await turn();
  expect(batches).toEqual([["a"]]);
  calls.push(commits.submit([entry("c")]));
  await turn();
  expect(batches).toEqual([["a"], ["b", "c"]]);
  calls.push(commits.submit([entry("d"), entry("e")]));
  await turn();
  expect(batches).toHaveLength(2);
  gates[0]?.open();
  await turn();
  expect(batches).toEqual([["a"], ["b", "c"], ["d", "e"]]);
  calls.push(commits.submit([entry("f")]));
  gates[1]?.open();
  await turn();
  // One is in flight and too little waits for a second.
  expect(batches).toHaveLength(3);
  const closing = commits.close();
  gates[2]?.open();
  await turn();
  gates[3]?.open();
  await closing;
  expect(await Promise.all(calls)).toEqual([
    ["a done"],
    ["b done"],
    ["c done"],
    ["d done", "e done"],
    ["f done"],
  ]);
});
