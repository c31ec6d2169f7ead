/** Who administers in tests, and accounts of which nothing was set. */
import { actOf, type Caller } from "../../src/app/calls/act.ts";
import { type Standings, standingOf } from "../../src/app/calls/standing.ts";
import { defaultAccount } from "../../src/domain/account.ts";
import { toAccountId } from "../../src/domain/ids.ts";
import type { Act } from "../../src/store/records/audit.ts";
import { startMs } from "./store-builders.ts";

export const caller: Caller = {
  keyId: "ops-key",
  accountId: toAccountId("ops"),
  actor: "",
  peer: "127.0.0.1:40000",
  method: "smsrelay.v1.AdminService/Test",
  request: "{}",
};

export function actAt(timeMs: number = startMs, subject = ""): Act {
  return actOf(caller, subject, timeMs);
}

export const defaultStandings: Standings = { of: (accountId) => standingOf(defaultAccount(accountId)) };
