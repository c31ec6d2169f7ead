import { expect, it } from "vitest";
import { type MessageId, messageIdOf, toAccountId } from "../../../src/domain/ids.ts";
import { policyReason } from "../../../src/domain/policy-rule.ts";
import { GetStatusResponse } from "../../../src/gen/smsrelay/v1/sms_service.ts";
import { toGetStatusResponse } from "../../../src/rpc/messages/translate-message.ts";
import type { MessagePage, StatusPage } from "../../../src/store/views.ts";
import {
  acceptClaimed,
  account,
  buildAcceptance,
  buildReceipt,
  buildSubmitted,
  dayMs,
  hourMs,
  newMessageId,
  startMs,
} from "../../support/store-builders.ts";
import { describeStore } from "./describe-store.ts";

describeStore("status and lists", (test) => {
  it("pages the deliveries of a message and counts all its states on each page", async () => {
    const acceptance = buildAcceptance({ recipients: 5 });
    await test.store.accept([acceptance]);
    const read = (afterPosition: number) =>
      test.store.readStatus(account, acceptance.message.id, { afterPosition, limit: 2, view: "BASIC" });
    const pages = [await read(-1), await read(1), await read(3)];
    expect(pages.map((page) => page?.nextPosition)).toEqual([1, 3, undefined]);
    expect(pages.flatMap((page) => page?.deliveries ?? []).map(({ id }) => id)).toEqual(
      acceptance.deliveries.map(({ id }) => id),
    );
    expect(pages.map((page) => page?.stateCounts)).toEqual(Array.from({ length: 3 }, () => ({ QUEUED: 5 })));
  });

  it("shows in both views what receipts of the last attempt told", async () => {
    const [id = expect.fail()] = await acceptClaimed(test.store, test.claimant);
    await test.store.settle([buildSubmitted(id, test.claimant, ["w", "x"])]);
    const read = async (view: "BASIC" | "FULL") => {
      const page = { afterPosition: -1, limit: 1, view };
      return (await test.store.readStatus(account, messageIdOf(id), page))?.deliveries[0];
    };
    expect(await read("BASIC")).toMatchObject({ doneTimeMs: undefined, carrier: undefined });
    const told = { carrier: "24001", doneTimeMs: startMs + 5_000 };
    await test.store.recordReceipts([buildReceipt("w"), buildReceipt("x", told)]);
    for (const view of ["BASIC", "FULL"] as const)
      expect(await read(view)).toMatchObject({
        state: "DELIVERED",
        doneTimeMs: startMs + 5_000,
        carrier: "24001",
      });
  });

  it("shows which rule of its account refused a delivery, in status and in its report", async () => {
    const built = buildAcceptance({ recipients: 2 });
    const admission = {
      kind: "rejected",
      code: "RECIPIENTS_NOT_ALLOWED",
      reason: policyReason("NUMBER_TYPE"),
    } as const;
    const [first = expect.fail(), ...rest] = built.deliveries;
    await test.store.accept([{ ...built, deliveries: [{ ...first, admission }, ...rest] }]);
    const page = { afterPosition: -1, limit: 2, view: "BASIC" } as const;
    const status = await test.store.readStatus(account, built.message.id, page);
    const told = { state: "REJECTED", code: "RECIPIENTS_NOT_ALLOWED", reason: "POLICY_NUMBER_TYPE" };
    expect(status?.deliveries.map(({ state, code, reason }) => ({ state, code, reason }))).toEqual([
      told,
      { state: "QUEUED", code: undefined, reason: undefined },
    ]);
    const shown = status && toGetStatusResponse({ ...status, message: status, nextPageToken: undefined });
    expect(shown?.deliveries.map(({ rule }) => rule)).toEqual(["NUMBER_TYPE", ""]);
  });

  it("shows no account another's message", async () => {
    const acceptance = buildAcceptance();
    await test.store.accept([acceptance]);
    const page = { afterPosition: -1, limit: 2, view: "BASIC" } as const;
    expect(await test.store.readStatus(toAccountId("other"), acceptance.message.id, page)).toBeUndefined();
    expect(await test.store.readStatus(account, newMessageId(), page)).toBeUndefined();
  });

  it("lists messages newest first, after one, by reference and by time", async () => {
    const entries = Array.from({ length: 6 }, (_, index) => {
      const acceptTimeMs = startMs + index * 1_000;
      const expireTimeMs = startMs + dayMs;
      return buildAcceptance({ message: { acceptTimeMs, expireTimeMs, clientReference: `r${index % 2}` } });
    });
    await test.store.accept(entries);
    await test.store.accept([buildAcceptance({ message: { accountId: toAccountId("other") } })]);
    const list = async (
      filter = {},
      before = undefined as (typeof entries)[0]["message"]["id"] | undefined,
    ) =>
      (await test.store.listMessages(account, filter, { before, limit: 3 })).messages.map(({ message }) =>
        entries.findIndex((entry) => entry.message.id === message.id),
      );
    expect(await list()).toEqual([5, 4, 3]);
    expect(await list({}, entries[3]?.message.id)).toEqual([2, 1, 0]);
    expect(await list({ clientReference: "r0" })).toEqual([4, 2, 0]);
    expect(await list({ clientReference: "none" })).toEqual([]);
    expect(await list({ acceptedFromMs: startMs + 1_000, acceptedUntilMs: startMs + 3_000 })).toEqual([2, 1]);
    expect(await list({ acceptedFromMs: startMs + hourMs })).toEqual([]);
  });

  it("P61 looks at a bounded number of messages for one page, and says where to go on", async () => {
    const acceptTimeMs = startMs;
    const wantedIds: string[] = [];
    for (let round = 0; round < 11; round += 1) {
      const entries = Array.from({ length: 1_000 }, () => buildAcceptance({ message: { acceptTimeMs } }));
      await test.store.accept(entries);
      if (round === 0) wantedIds.push(entries[0]?.message.id ?? expect.fail());
    }
    const filter = { acceptedFromMs: startMs + 1_000, acceptedUntilMs: startMs + 2_000 };
    const first = await test.store.listMessages(account, filter, { before: undefined, limit: 100 });
    expect(first.messages).toEqual([]);
    expect(first.next).toBeDefined();
    const second = await test.store.listMessages(account, filter, { before: first.next, limit: 100 });
    expect(second).toEqual({ messages: [], next: undefined });
    const all = { acceptedFromMs: startMs };
    const page = await test.store.listMessages(account, all, { before: first.next, limit: 1_000 });
    expect(page.messages.at(-1)?.message.id).toBe(wantedIds[0]);
  });

  it("P61 counts the states of 20,000 deliveries at most for one page of messages", async () => {
    await test.store.accept(Array.from({ length: 25 }, () => buildAcceptance({ recipients: 1_000 })));
    const pages = [];
    for (
      let before: MessageId | undefined, isFirst = true;
      isFirst || before !== undefined;
      isFirst = false
    ) {
      const page: MessagePage = await test.store.listMessages(account, {}, { before, limit: 100 });
      pages.push(page.messages.length);
      before = page.next;
    }
    expect(pages).toEqual([20, 5]);
  });

  it("P61 ends a page of the FULL view at 2 MiB, and goes on behind it without a gap", async () => {
    const recipients = 100;
    const ids = await acceptClaimed(test.store, test.claimant, { recipients, segmentCount: 255 });
    const smscIds = Array.from({ length: 255 }, (_, index) => `smsc-${index}`.padEnd(40, "0"));
    await test.store.settle(ids.map((id) => buildSubmitted(id, test.claimant, smscIds)));
    const messageId = messageIdOf(ids[0] ?? expect.fail());
    const read = async (afterPosition: number) => {
      const page = { afterPosition, limit: 1_000, view: "FULL" } as const;
      return (await test.store.readStatus(account, messageId, page)) ?? expect.fail();
    };
    const seen: string[] = [];
    const octets: number[] = [];
    for (let after: number | undefined = -1; after !== undefined; ) {
      const page: StatusPage = await read(after);
      seen.push(...page.deliveries.map(({ id }) => id));
      expect(page.deliveries.every(({ attempts }) => attempts[0]?.parts.length === 255)).toBe(true);
      const { message, deliveries, stateCounts, deliveryCount } = page;
      const view = { message: { message, stateCounts, deliveryCount }, deliveries, nextPageToken: undefined };
      octets.push(GetStatusResponse.encode(toGetStatusResponse(view)).finish().length);
      after = page.nextPosition;
    }
    expect(seen).toEqual(ids);
    expect(Math.max(...octets)).toBeLessThanOrEqual(2 * 1024 * 1024);
    expect(octets.length).toBe(2);
  });

  it("reads states in the order asked, and nothing of unknown ids", async () => {
    const acceptance = buildAcceptance({ recipients: 2 });
    await test.store.accept([acceptance]);
    const [first, second] = acceptance.deliveries.map(({ id }) => id);
    const unknown = buildAcceptance().deliveries[0]?.id;
    const ids = [second, unknown, first].map((id) => id ?? expect.fail());
    expect(await test.store.readStates(ids)).toEqual(["QUEUED", undefined, "QUEUED"]);
  });
});
