/**
 * How fast a text is planned into segments, beside the two JavaScript libraries that do the same, on one mixed corpus.
 */
import { SegmentedMessage } from "sms-segments-calculator";
import { baselineProfile } from "../src/encoding/baseline-profile.ts";
import type { PlanOptions } from "../src/encoding/message-plan.ts";
import { planMessage } from "../src/encoding/plan-message.ts";
import type { BenchLine } from "./support/bench-line.ts";
import { lineOf, runRounds } from "./support/rounds.ts";
import { runBench } from "./support/run-bench.ts";
import { split } from "./support/split-sms.ts";
import { textCorpus } from "./support/text-corpus.ts";

const texts = textCorpus(2_000);
const options: PlanOptions = { encoding: "auto", transliterate: false, maxSegments: 255 };

/** Passes over the corpus in one round; each side takes a tenth of a second or more. */
const PASSES = { ours: 100, splitSms: 30, calculator: 2 } as const;

function planAll(): number {
  let segments = 0;
  for (const text of texts) {
    const result = planMessage({ kind: "text", text }, options, baselineProfile);
    if (result.kind === "planned") segments += result.plan.segments.length;
  }
  return segments;
}

function splitAll(): number {
  let segments = 0;
  for (const text of texts) segments += split(text).parts.length;
  return segments;
}

function calculateAll(): number {
  let segments = 0;
  for (const text of texts) segments += new SegmentedMessage(text, "auto").segments.length;
  return segments;
}

/** Texts a second; that segments come out is checked, so that nothing is optimised away. */
function textsPerSecond(work: () => number, passes: number): number {
  const start = performance.now();
  let segments = 0;
  for (let pass = 0; pass < passes; pass++) segments += work();
  const seconds = (performance.now() - start) / 1_000;
  if (segments < passes * texts.length) throw new Error("a text came out without a segment");
  return (passes * texts.length) / seconds;
}

async function measureSegmenting(): Promise<readonly BenchLine[]> {
  const rounds = await runRounds(() => ({
    ours: textsPerSecond(planAll, PASSES.ours),
    splitSms: textsPerSecond(splitAll, PASSES.splitSms),
    calculator: textsPerSecond(calculateAll, PASSES.calculator),
  }));
  return [
    lineOf(
      "texts planned a second",
      rounds.map((round) => round.ours),
    ),
    lineOf(
      "planning / split-sms",
      rounds.map((round) => round.ours / round.splitSms),
      { atLeast: 3 },
    ),
    lineOf(
      "planning / sms-segments-calculator",
      rounds.map((round) => round.ours / round.calculator),
      {
        atLeast: 50,
      },
    ),
  ];
}

await runBench(measureSegmenting);
