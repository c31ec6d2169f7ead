import { describe, expect, it } from "vitest";
import { deliveryIdOf, toAccountId } from "../../../src/domain/ids.ts";
import { maskOf } from "../../../src/store/codes.ts";
import { createFreshSource, type FreshSource } from "../../../src/store/fresh-reports.ts";
import { unpackScan } from "../../../src/store/packed-scan.ts";
import type { DeliveryShown, PendingReport } from "../../../src/store/pending-report.ts";
import type { StoredReport } from "../../../src/store/reports.ts";
import { account, newMessageId, recipientAt, startMs } from "../../support/store-builders.ts";

const everything = maskOf(undefined);
const message = { client_reference: "order-7", metadata: '{"a":"1"}', accept_time: startMs, sender: "Acme" };
const shown: DeliveryShown = {
  recipient: recipientAt(0),
  gateway_id: null,
  segment_count: 1,
  attempt_segment_count: null,
  code: null,
  reason: null,
  submit_time: null,
  done_time: null,
  parts: null,
};

function build(state: PendingReport["state"], more: Partial<PendingReport> = {}): PendingReport {
  return {
    accountId: account,
    deliveryId: deliveryIdOf(newMessageId(), 0),
    state,
    timeMs: startMs,
    shown,
    ...more,
  };
}

/** The reports from number 5 on. */
function gather(fresh: FreshSource, ...reports: readonly PendingReport[]) {
  const rows = fresh.begin(account, 5);
  reports.forEach((report, index) => {
    rows?.add(report, 5 + index, startMs + index);
  });
  return rows?.end();
}

function remember(fresh: FreshSource, { deliveryId }: PendingReport): void {
  fresh.remember(deliveryId.slice(0, 36) as ReturnType<typeof newMessageId>, message);
}

describe("createFreshSource", () => {
  it("has nothing to do where nobody follows", () => {
    const fresh = createFreshSource();
    expect(fresh.isFollowed(account)).toBe(false);
    expect(fresh.begin(account, 1)).toBeUndefined();
    fresh.follow(account, everything);
    expect(fresh.isFollowed(account)).toBe(true);
    expect(fresh.isFollowed(toAccountId("other"))).toBe(false);
    fresh.follow(account, 0);
    expect(fresh.isFollowed(account)).toBe(false);
  });

  it("makes the rows of what is wanted, with the numbers and times that they were given", () => {
    const fresh = createFreshSource();
    const mask = maskOf(new Set<StoredReport["state"]>(["QUEUED"]));
    fresh.follow(account, mask);
    const [unwanted, wanted] = [build("SUBMITTED", { shown: undefined }), build("QUEUED")];
    remember(fresh, wanted);
    const made = gather(fresh, unwanted, wanted);
    expect(made).toMatchObject({ first: 5, mask });
    expect(unpackScan(made?.rows ?? [], mask).reports).toEqual([
      expect.objectContaining({
        number: 6,
        timeMs: startMs + 1,
        state: "QUEUED",
        deliveryId: wanted.deliveryId,
        recipient: recipientAt(0),
        sender: "Acme",
        clientReference: "order-7",
        metadata: { a: "1" },
        acceptTimeMs: startMs,
      }),
    ]);
  });

  it("gives none where one that is wanted is not at hand: its delivery, or its message", () => {
    const fresh = createFreshSource();
    fresh.follow(account, everything);
    const [known, unknown, bare] = [build("QUEUED"), build("QUEUED"), build("QUEUED", { shown: undefined })];
    remember(fresh, known);
    remember(fresh, bare);
    expect(gather(fresh, known)?.rows).toHaveLength(1);
    expect(gather(fresh, known, unknown, known)).toBeUndefined();
    expect(gather(fresh, bare, known)).toBeUndefined();
  });

  it("forgets messages when nobody follows any more, and the oldest beyond a bound", () => {
    const fresh = createFreshSource();
    fresh.follow(account, everything);
    const [first, last] = [build("QUEUED"), build("QUEUED")];
    remember(fresh, first);
    for (let count = 0; count < 2 * 16_384; count += 1) remember(fresh, build("QUEUED"));
    remember(fresh, last);
    expect(gather(fresh, first)).toBeUndefined();
    expect(gather(fresh, last)?.rows).toHaveLength(1);
    fresh.follow(account, 0);
    fresh.follow(account, everything);
    expect(gather(fresh, last)).toBeUndefined();
  });
});
