/**
 * A line for each call that was refused or failed, with an id that its caller was told as well, so that a complaint leads to it. The id is
 * the caller's `x-request-id` where that has a usable form, else one of our own; it comes back in the trailing metadata. Lines name no
 * number, text or key, and a flood leaves a count instead of lines.
 */
import { randomFillSync } from "node:crypto";
import type { StatusObject } from "@grpc/grpc-js";
import type { Principal } from "../../app/calls/principal.ts";
import type { Clock } from "../../observability/clock.ts";
import type { Logger } from "../../observability/logger.ts";

/** On which level lines are written; `off` writes none. */
export type RefusedCallsLevel = "debug" | "info" | "warn" | "off";

export interface RefusedCallsDeps {
  readonly log: Logger;
  readonly refusedCalls: RefusedCallsLevel;
  readonly clock: Pick<Clock, "monotonic">;
}

/** A call that did not end as its caller wished. */
export interface RefusedCall {
  readonly requestId: string;
  readonly path: string;
  readonly peer: string;
  readonly principal: Principal | undefined;
  /** How it ended: the status code's name where it is one of ours, else gRPC's. */
  readonly reason: string;
  /** Since it was let in; 0 where it was not. */
  readonly tookMs: number;
}

export type TellRefusedCall = (call: RefusedCall) => void;

/** Caller's ids as other systems make them, safe to print. */
const idForm = /^[A-Za-z0-9._~:/+=@-]{1,64}$/;
const mostLinesASecond = 100;

const idOctets = 9;
/** Chance for many ids: asking for it costs as much as the rest of a refusal's metadata. */
const chance = Buffer.alloc(idOctets * 455);
let chanceUsed = chance.length;

/** The id of a call by what its metadata says. */
export function requestIdOf(given: unknown): string {
  return typeof given === "string" && idForm.test(given) ? given : newId();
}

function newId(): string {
  if (chanceUsed === chance.length) {
    randomFillSync(chance);
    chanceUsed = 0;
  }
  const id = chance.toString("base64url", chanceUsed, chanceUsed + idOctets);
  chanceUsed += idOctets;
  return id;
}

export function createTellRefusedCall({
  log,
  refusedCalls: level,
  clock,
}: RefusedCallsDeps): TellRefusedCall | undefined {
  if (level === "off") return undefined;
  let windowStartMs = Number.NEGATIVE_INFINITY;
  let lines = 0;
  return ({ requestId, path, peer, principal, reason, tookMs }) => {
    const nowMs = clock.monotonic();
    if (nowMs - windowStartMs >= 1_000) {
      windowStartMs = nowMs;
      lines = 0;
    }
    lines += 1;
    if (lines > mostLinesASecond) {
      log.often.warn({ reason: "TOO_MANY" }, "Refused calls were not written to the log one by one.");
      return;
    }
    const caller = principal && { account: principal.accountId, keyId: principal.keyId };
    const fields = { requestId, call: path.slice(1), reason, peer, ...caller, tookMs: Math.round(tookMs) };
    log[level](fields, "A call was refused or failed.");
  };
}

/** A status with the name of what it refuses for. */
export interface NamedStatus extends StatusObject {
  readonly reason?: string;
  /** Who was refused before it was let in, where that is known. */
  readonly principal?: Principal | undefined;
}
