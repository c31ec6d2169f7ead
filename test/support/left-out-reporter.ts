/** Says at the end of a run which checks this machine could not do, why, and which command brings what is missing. */
import type { Reporter, TestCase, TestModule, TestSuite } from "vitest/node";

export default class LeftOutReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const leftOut = new Map<string, { count: number; readonly names: Set<string> }>();
    for (const module of modules) {
      for (const test of module.children.allTests()) {
        const reason = reasonOf(test);
        if (reason === undefined) continue;
        const { why, name } = reason;
        const entry = leftOut.get(why) ?? { count: 0, names: new Set() };
        entry.count += 1;
        entry.names.add(name);
        leftOut.set(why, entry);
      }
    }
    if (leftOut.size === 0) return;
    console.log("\nLeft out on this machine:");
    for (const [why, { count, names }] of leftOut)
      console.log(`  ${count} ${count === 1 ? "check" : "checks"} (${[...names].join("; ")}): ${why}`);
  }
}

/** A skip that was reasoned: by the note of `context.skip`, or in parentheses at the end of a suite's name. Others were not asked for. */
function reasonOf(test: TestCase): { readonly why: string; readonly name: string } | undefined {
  const result = test.result();
  if (result.state !== "skipped") return undefined;
  if (result.note !== undefined) return { why: result.note, name: test.name };
  for (let suite = test.parent; suite.type === "suite"; suite = (suite as TestSuite).parent) {
    const [, name, why] = /^(.*) \((?:skipped: )?(.*(?:apt-get|root).*)\)$/.exec(suite.name) ?? [];
    if (name !== undefined && why !== undefined) return { why, name };
  }
  return undefined;
}
