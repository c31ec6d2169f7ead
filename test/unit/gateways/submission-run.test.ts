import { expect, it } from "vitest";
import type { PartResult } from "../../../src/gateways/gateway.ts";
import { SubmissionRun } from "../../../src/gateways/submission-run.ts";
import { accepted, ambiguous, refused } from "../../support/memory-gateway.ts";
import { submission } from "../../support/smpp-gateway.ts";

function begin() {
  const { promise, resolve } = Promise.withResolvers<readonly PartResult[]>();
  return { run: new SubmissionRun(submission(["a", "b"]), resolve), results: promise };
}

it("P49 knows of a late answer that comes in the same turn as the last one", async () => {
  const { run, results } = begin();
  run.settle(ambiguous(1));
  run.settle(accepted(2));
  run.revise(accepted(1, "late"));
  expect(await results).toEqual([accepted(1, "late"), accepted(2)]);
});

it("P49 knows of a late answer that comes while another part waits, and of the first thing said alone", async () => {
  const { run, results } = begin();
  run.settle(ambiguous(1));
  run.revise(refused(1, "temporary"));
  run.revise(accepted(1));
  run.settle(accepted(2));
  run.settle(refused(2, "route"));
  expect(await results).toEqual([refused(1, "temporary"), accepted(2)]);
});
