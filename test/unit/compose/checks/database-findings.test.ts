import { describe, expect, it } from "vitest";
import { databaseFindings } from "../../../../src/compose/checks/database-findings.ts";
import type { PrimaryFacts, ServerFacts } from "../../../../src/store/postgres/inspect.ts";

const sound: PrimaryFacts = {
  version: "18.4",
  synchronousCommit: "on",
  hasFsync: true,
  hasFullPageWrites: true,
  hasSynchronousStandby: true,
  freeConnections: 90,
  mayCreateSchema: true,
  pooler: "none",
  schema: { from: 1, to: 1 },
  replicaNames: [],
  operatorKeyCount: 1,
};
const server = (role: ServerFacts["role"], name = "db/sms"): ServerFacts => ({
  ...{ name, role, reason: role === "away" ? "ECONNREFUSED" : undefined },
});
const wrongOf = (facts: Partial<PrimaryFacts>, servers: readonly ServerFacts[] = [server("primary")]) =>
  databaseFindings({ servers, primary: { ...sound, ...facts } })
    .filter(({ level }) => level !== "ok")
    .map(({ level, text }) => `${level} ${text}`);

describe("findings about a database", () => {
  it("are good ones where nothing is wrong, also where sms-relay sets right what is", () => {
    expect(wrongOf({})).toEqual([]);
    expect(wrongOf({ synchronousCommit: "off", mayCreateSchema: false })).toEqual([]);
  });

  it.each<[Partial<PrimaryFacts>, RegExp]>([
    [{ hasFsync: false }, /^fail PostgreSQL 18\.4 has fsync off/],
    [{ hasFullPageWrites: false }, /^warn full_page_writes is off/],
    [{ freeConnections: 6 }, /^warn 6 connections are free; a replica takes 7/],
    [{ freeConnections: -1 }, /^warn 0 connections are free/],
    [{ pooler: "transactions" }, /^fail a pooler hands transactions around/],
    [{ pooler: "sessions" }, /^warn a pooler stands between/],
    [{ schema: { from: 1, to: 2 } }, /^warn has schema 1; the next start brings it to 2/],
    [{ schema: { from: undefined, to: 2 }, mayCreateSchema: false }, /^fail this user may not make a schema/],
  ])("tell what is wrong with %j", (facts, sentence) => {
    expect(wrongOf(facts)).toEqual([expect.stringMatching(sentence)]);
  });

  it("warn of a standby that may lag behind, and fail where two servers are primaries", () => {
    const pair = [server("primary"), server("standby")];
    expect(wrongOf({ hasSynchronousStandby: false }, pair)).toEqual([
      expect.stringMatching(/^warn no standby is synchronous/),
    ]);
    expect(wrongOf({}, [server("primary"), server("primary")])).toEqual([
      expect.stringMatching(/^fail 2 servers are primaries/),
    ]);
  });

  it("fail for each server that does not answer, and where none of those that do is a primary", () => {
    expect(databaseFindings({ servers: [server("away")], primary: undefined })).toEqual([
      { subject: "database", level: "fail", text: "db/sms cannot be used: ECONNREFUSED" },
    ]);
    const standbys = databaseFindings({ servers: [server("standby")], primary: undefined });
    expect(standbys.at(-1)).toMatchObject({ level: "fail", text: "no server of the list is a primary" });
  });
});
