import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { isFinal, transitions } from "../../../src/domain/delivery-state.ts";

const page = readFileSync(new URL("../../../docs/state-machine.md", import.meta.url), "utf8");
const arrows = [...page.matchAll(/^ {4}(\S+) --> (\S+)$/gm)].map(([, from = "", to = ""]) => `${from} ${to}`);

describe("docs/state-machine.md", () => {
  it("draws exactly the steps of the table", () => {
    const steps = Object.entries(transitions).flatMap(([from, all]) => all.map((to) => `${from} ${to}`));
    expect(arrows.filter((arrow) => !arrow.includes("[*]")).toSorted()).toEqual(steps.toSorted());
  });

  it("ends exactly the final states, and explains every state", () => {
    const states = Object.keys(transitions) as (keyof typeof transitions)[];
    const ends = arrows.filter((arrow) => arrow.endsWith(" [*]")).map((arrow) => arrow.slice(0, -4));
    expect(ends.toSorted()).toEqual(states.filter(isFinal).toSorted());
    for (const state of states) expect(page).toContain(`| ${state} |`);
  });
});
