import { describe, expect, it } from "vitest";
import { deliveryIdOf, messageIdOf, toAccountId } from "../../../src/domain/ids.ts";
import { maskOf } from "../../../src/store/codes.ts";
import { createFollowedAccounts, createFreshRows, messagesOf } from "../../../src/store/fresh-reports.ts";
import { unpackScan } from "../../../src/store/packed-scan.ts";
import type { DeliveryShown, PendingReport } from "../../../src/store/pending-report.ts";
import type { StoredReport } from "../../../src/store/reports.ts";
import { account, newMessageId, recipientAt, startMs } from "../../support/store-builders.ts";

const everything = maskOf(undefined);
const onlyQueued = maskOf(new Set<StoredReport["state"]>(["QUEUED"]));
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
  const deliveryId = deliveryIdOf(newMessageId(), 0);
  return { accountId: account, deliveryId, state, timeMs: startMs, shown, ...more };
}

describe("createFollowedAccounts", () => {
  it("has an account from the first state that is followed to the last", () => {
    const followed = createFollowedAccounts();
    expect(followed.has(account)).toBe(false);
    followed.set(account, onlyQueued);
    expect([followed.has(account), followed.maskOf(account)]).toEqual([true, onlyQueued]);
    expect([followed.has(toAccountId("other")), followed.maskOf(toAccountId("other"))]).toEqual([false, 0]);
    followed.set(account, 0);
    expect(followed.has(account)).toBe(false);
  });
});

describe("messagesOf", () => {
  it("names the messages of what is wanted, each once", () => {
    const queued = build("QUEUED");
    const twin = build("QUEUED", { deliveryId: deliveryIdOf(messageIdOf(queued.deliveryId), 1) });
    const unwanted = build("SUBMITTED", { shown: undefined });
    const ids = messagesOf([queued, unwanted, twin], onlyQueued);
    expect([...(ids ?? [])]).toEqual([messageIdOf(queued.deliveryId)]);
  });

  it("names none where one that is wanted is not at hand", () => {
    expect(
      messagesOf([build("QUEUED"), build("SUBMITTED", { shown: undefined })], everything),
    ).toBeUndefined();
  });
});

describe("createFreshRows", () => {
  it("makes the rows of what is wanted, with the numbers and times that they were given", () => {
    const wanted = build("QUEUED");
    const rows = createFreshRows(5, onlyQueued, new Map([[messageIdOf(wanted.deliveryId), message]]));
    rows.add(build("SUBMITTED", { shown: undefined }), 5, startMs);
    rows.add(wanted, 6, startMs + 1);
    const made = rows.end();
    expect(made).toMatchObject({ first: 5, mask: onlyQueued });
    expect(unpackScan(made?.rows ?? [], onlyQueued).reports).toEqual([
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

  it("gives nothing where a message was not there", () => {
    const known = build("QUEUED");
    const rows = createFreshRows(5, everything, new Map([[messageIdOf(known.deliveryId), message]]));
    rows.add(build("QUEUED"), 5, startMs);
    rows.add(known, 6, startMs);
    expect(rows.end()).toBeUndefined();
  });
});
