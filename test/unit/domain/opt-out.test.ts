import { describe, expect, it } from "vitest";
import { isOptOutWord, optsOut, readOptOut } from "../../../src/domain/opt-out.ts";

const from = { from: "46701000001", to: "72404", concatenation: undefined } as const;

describe("what a handset says", () => {
  it.each([
    ["STOP", "STOP"],
    [" Stop. ", "STOP"],
    ["\n«stop!»\0", "STOP"],
    ["arrêt", "ARRÊT"],
    ["停止", "停止"],
    ["stop it", undefined],
    ["STOP-ALL", undefined],
    ["", undefined],
    ["...", undefined],
    ["x".repeat(21), undefined],
    [undefined, undefined],
  ])("is, in %j, the word %s", (text, word) => {
    expect(readOptOut({ ...from, text })?.word).toBe(word);
  });

  it("is a word of a message of one part alone, whatever the network calls that", () => {
    const part = (total: number) => ({ reference: 1, total, sequence: 1 });
    expect(readOptOut({ ...from, text: "STOP", concatenation: part(1) })?.word).toBe("STOP");
    expect(readOptOut({ ...from, text: "STOP", concatenation: part(2) })).toBeUndefined();
  });

  it.each([
    ["46701000001", false, "+46701000001"],
    ["+46701000001", undefined, "+46701000001"],
    ["0046701000001", undefined, "+46701000001"],
    ["0701000001", undefined, undefined],
    ["701000001", true, undefined],
    ["72404", undefined, undefined],
    ["ACME", undefined, undefined],
  ])("comes from %s (national: %s), %s", (number, isFromNational, handset) => {
    const national = isFromNational === undefined ? {} : { isFromNational };
    expect(readOptOut({ ...from, ...national, text: "STOP", from: number })?.handset).toBe(handset);
  });

  it.each([
    ["46701234567", "46701234567"],
    ["+46701234567", "46701234567"],
    ["0046701234567", "46701234567"],
    ["0701234567", "0701234567"],
    ["72404", "72404"],
  ])("is addressed to %s, which is a sender as %s", (to, addressed) => {
    expect(readOptOut({ ...from, text: "STOP", to })?.addressed).toBe(addressed);
  });

  it("opts out by the words of the account, and in by START and UNSTOP", () => {
    for (const word of ["STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT"])
      expect(optsOut(word, "{}"), word).toBe(true);
    for (const word of ["START", "UNSTOP"])
      expect(optsOut(word, '{"optOutWords":{"allowed":["NEJ"]}}')).toBe(false);
    expect(optsOut("HELLO", "{}")).toBeUndefined();
    const only = '{"maxSegments":1,"optOutWords":{"allowed":["NEJ"]}}';
    expect([optsOut("NEJ", only), optsOut("STOP", only)]).toEqual([true, undefined]);
    const without = '{"optOutWords":{"denied":["END"]}}';
    expect([optsOut("END", without), optsOut("STOP", without)]).toEqual([undefined, true]);
    for (const odd of ['{"optOutWords":7}', '{"optOutWords":', '{"optOutWords":null}'])
      expect(optsOut("STOP", odd), odd).toBe(true);
  });

  it("is a word that an account may name where it is as it is compared", () => {
    expect(["STOPP", "ARRÊT", "停止", "2"].map(isOptOutWord)).toEqual([true, true, true, true]);
    expect(["stop", "STOP IT", "START", "UNSTOP", "", "X".repeat(21)].map(isOptOutWord)).toEqual(
      new Array(6).fill(false),
    );
  });
});
