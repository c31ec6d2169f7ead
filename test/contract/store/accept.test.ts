import { expect, it } from "vitest";
import { toAccountId, toGatewayId } from "../../../src/domain/ids.ts";
import type { Acceptance } from "../../../src/store/accepting.ts";
import {
  account,
  buildAcceptance,
  buildSubmitted,
  dayMs,
  gateway,
  newMessageId,
  startMs,
} from "../../support/store-builders.ts";
import { describeStore } from "./describe-store.ts";

const page = { afterPosition: -1, limit: 100, view: "BASIC" } as const;

function requestOf(id: string, hash: string): Acceptance["request"] {
  return { id, hash };
}

describeStore("accepting", (test) => {
  it("keeps the message, its deliveries and the outcome of each recipient", async () => {
    const acceptance = buildAcceptance({
      recipients: 2,
      message: {
        content: { kind: "binary", data: Uint8Array.of(0, 255, 7), udh: Uint8Array.of(6) },
        sender: { kind: "NUMERIC", address: "72404" },
        lane: "BULK",
        duplicatePolicy: "AT_MOST_ONCE",
        encoding: "ucs2",
        transliterate: true,
        maxSegments: 7,
        premium: true,
        clientReference: "order-1",
        metadata: { campaign: "spring" },
      },
      recipientOutcomes: [
        { kind: "delivery", position: 0 },
        { kind: "refused", code: "INVALID_RECIPIENT" },
        { kind: "delivery", position: 1 },
        { kind: "delivery", position: 0 },
      ],
    });
    await test.store.accept([acceptance]);
    await test.restart();

    const status = await test.store.readStatus(account, acceptance.message.id, page);
    const { content: _, ...rest } = acceptance.message;
    expect(status?.message).toEqual({ ...rest, contentKind: "binary" });
    expect(status?.recipientOutcomes).toEqual(acceptance.recipientOutcomes);
    expect(status?.deliveries.map(({ id, state, segmentCount }) => [id, state, segmentCount])).toEqual(
      acceptance.deliveries.map(({ id }) => [id, "QUEUED", 1]),
    );
    const limits = { OTP: 0, NORMAL: 0, BULK: 10 };
    const { claimant } = test;
    const claim = await test.store.claim({ claimant, gatewayId: gateway, limits, nowMs: startMs });
    expect(claim.messages).toEqual([acceptance.message]);
  });

  it.each(["INTERNATIONAL", "NATIONAL", "SHORT_CODE"] as const)(
    "keeps that its sender is meant as %s, and nothing of it where that was not said",
    async (type) => {
      const typed = buildAcceptance({ message: { sender: { kind: "NUMERIC", address: "7012345", type } } });
      const plain = buildAcceptance({ message: { sender: { kind: "NUMERIC", address: "7012345" } } });
      await test.store.accept([typed, plain]);
      await test.restart();
      const limits = { OTP: 0, NORMAL: 10, BULK: 0 };
      const { claimant } = test;
      const claim = await test.store.claim({ claimant, gatewayId: gateway, limits, nowMs: startMs });
      expect(claim.messages.map(({ sender }) => sender)).toEqual([
        typed.message.sender,
        { kind: "NUMERIC", address: "7012345" },
      ]);
    },
  );

  it("keeps a text with U+0000, emoji and a client reference exactly", async () => {
    const message = {
      content: { kind: "text", text: "a\u0000b 👩‍👩‍👧 \r\n" },
      clientReference: "r\u0000",
      metadata: { "k\u0000": "v\u0000" },
    } as const;
    const acceptance = buildAcceptance({ message });
    await test.store.accept([acceptance]);
    const limits = { OTP: 0, NORMAL: 1, BULK: 0 };
    const { claimant } = test;
    const claim = await test.store.claim({ claimant, gatewayId: gateway, limits, nowMs: startMs });
    expect(claim.messages).toEqual([acceptance.message]);
  });

  it("ends a delivery refused by policy at once, with its final report", async () => {
    const acceptance = buildAcceptance({ rejected: true });
    await test.store.accept([acceptance]);
    const status = await test.store.readStatus(account, acceptance.message.id, page);
    expect(status?.deliveries[0]).toMatchObject({
      state: "REJECTED",
      code: "NO_ROUTE",
      reason: "NO_ROUTE",
      finalTimeMs: startMs,
      gatewayId: undefined,
    });
    const reports = await test.store.readReports(account, 0, 10);
    expect(reports.map(({ state, code }) => [state, code])).toEqual([["REJECTED", "NO_ROUTE"]]);
  });

  it("P42 answers a known request id with its message and hash, also after a restart", async () => {
    const first = buildAcceptance({ request: requestOf("r1", "hash") });
    await test.store.accept([first]);
    await test.restart();
    const known = { messageId: first.message.id, hash: "hash" };
    for (const hash of ["hash", "other"]) {
      const again = buildAcceptance({ request: requestOf("r1", hash) });
      expect(await test.store.accept([again])).toEqual([{ kind: "known", ...known }]);
      expect(await test.store.readStatus(account, again.message.id, page)).toBeUndefined();
    }
    expect(await test.store.findRequest(account, "r1")).toEqual(known);
    expect(await test.store.findRequest(account, "r2")).toBeUndefined();
    const atOnce = ["r2", "r1", "r3", "r1", "r2"].map((id) => test.store.findRequest(account, id));
    expect(await Promise.all(atOnce)).toEqual([undefined, known, undefined, known, undefined]);
    expect(await test.store.findRequest(toAccountId("other"), "r1")).toBeUndefined();
  });

  it("P42 finds the ids of streams that an older release kept apart, and the older of two wins", async () => {
    const plant = (method: string, id: string, timeMs: number) =>
      test.plant("request_ids", {
        account_id: account,
        method,
        id,
        hash: method,
        message_id: `m-${method}`,
        time: timeMs,
      });
    await plant("SendSmsStream", "of a stream", startMs - 1);
    await plant("SendSmsStream", "of both", startMs - 2);
    await plant("SendSms", "of both", startMs - 1);
    const ids = ["of a stream", "of both", "new"];
    const outcomes = await test.store.accept(
      ids.map((id) => buildAcceptance({ request: requestOf(id, "x") })),
    );
    expect(outcomes).toMatchObject([
      { kind: "known", messageId: "m-SendSmsStream", hash: "SendSmsStream" },
      { kind: "known", messageId: "m-SendSmsStream", hash: "SendSmsStream" },
      { kind: "accepted" },
    ]);
    expect(await test.store.findRequest(account, "of both")).toMatchObject({
      hash: "SendSmsStream",
    });
    expect(await test.store.findRequest(account, "new")).toMatchObject({ hash: "x" });
  });

  it("P42 lets one of simultaneous twins through", async () => {
    const twins = Array.from({ length: 5 }, () => buildAcceptance({ request: requestOf("r1", "hash") }));
    const outcomes = await Promise.all(twins.map((twin) => test.store.accept([twin])));
    const sameCall = await test.store.accept(
      twins.map(({ message }) =>
        buildAcceptance({ message: { ...message, id: newMessageId() }, request: requestOf("r1", "hash") }),
      ),
    );
    const kinds = [...outcomes.flat(), ...sameCall].map(({ kind }) => kind);
    expect(kinds.filter((kind) => kind === "accepted")).toHaveLength(1);
    expect(kinds.filter((kind) => kind === "known")).toHaveLength(9);
  });

  it("keeps request ids apart by account", async () => {
    await test.store.accept([buildAcceptance({ request: requestOf("r1", "hash") })]);
    const others = [
      buildAcceptance({ request: requestOf("r1", "x"), message: { accountId: toAccountId("other") } }),
    ];
    const outcomes = await test.store.accept(others);
    expect(outcomes.map(({ kind }) => kind)).toEqual(["accepted"]);
  });

  it("P42 knows a request id until cleaning forgets it, by its setting and no other time", async () => {
    const retention = {
      bodiesMs: 90 * dayMs,
      reportsMs: 90 * dayMs,
      messagesMs: 90 * dayMs,
      requestIdsMs: 30 * dayMs,
      parkedReceiptsMs: 90 * dayMs,
      referencesMs: 90 * dayMs,
      smscIdsMs: 90 * dayMs,
      auditMs: 90 * dayMs,
    };
    const sendAt = async (days: number) => {
      const acceptTimeMs = startMs + days * dayMs;
      await test.store.clean(acceptTimeMs, retention, 500);
      const message = { acceptTimeMs, expireTimeMs: acceptTimeMs + dayMs };
      const [outcome] = await test.store.accept([
        buildAcceptance({ message, request: requestOf("r1", "hash") }),
      ]);
      return outcome?.kind;
    };
    const outcomes = [await sendAt(0), await sendAt(8), await sendAt(30), await sendAt(31)];
    expect(outcomes).toEqual(["accepted", "known", "known", "accepted"]);
  });

  it("claims at once what asks for it while nothing waits", async () => {
    const { claimant } = test;
    const acceptance = buildAcceptance({ wantsClaim: true, claimant, recipients: 2 });
    const [outcome] = await test.store.accept([acceptance]);
    expect(outcome).toEqual({
      kind: "accepted",
      claimed: acceptance.deliveries.map(({ id }) => ({ id, reference: undefined })),
    });
    expect((await test.store.backlog()).queued).toBe(0);
    const [settled] = await test.store.settle([
      buildSubmitted(acceptance.deliveries[0]?.id ?? expect.fail(), claimant, ["a"]),
    ]);
    expect(settled).toEqual({ kind: "settled", state: "SUBMITTED" });
  });

  it("takes a reference for each directly claimed multipart delivery", async () => {
    const { claimant } = test;
    const entries = [1, 2].map(() => buildAcceptance({ wantsClaim: true, claimant, segmentCount: 2 }));
    const outcomes = await test.store.accept(entries);
    const references = outcomes.flatMap((outcome) =>
      outcome.kind === "accepted" ? outcome.claimed.map(({ reference }) => reference) : [],
    );
    expect(new Set(references).size).toBe(2);
    expect(references.every((reference) => reference !== undefined)).toBe(true);
  });

  it("leaves everything of a queue waiting behind what waits, in one call and across calls", async () => {
    const { claimant } = test;
    const claiming = { wantsClaim: true, claimant } as const;
    const outcomes = await test.store.accept([
      buildAcceptance({ wantsClaim: false }),
      buildAcceptance(claiming),
      buildAcceptance({ ...claiming, message: { lane: "OTP" } }),
      buildAcceptance({ ...claiming, gatewayId: toGatewayId("beta") }),
    ]);
    const later = await test.store.accept([buildAcceptance(claiming)]);
    const counts = [...outcomes, ...later].map((outcome) =>
      outcome.kind === "accepted" ? outcome.claimed.length : -1,
    );
    expect(counts).toEqual([0, 0, 1, 1, 0]);
  });

  it("P42 keeps nothing of an entry that failed, so that its request id can be used", async () => {
    const request = requestOf("r1", "hash");
    const stored = buildAcceptance();
    await test.store.accept([stored]);
    const failing = test.store.accept([buildAcceptance({ request, message: { id: stored.message.id } })]);
    await expect(failing).rejects.toMatchObject({ code: "INTERNAL_ERROR" });
    expect(await test.store.accept([buildAcceptance({ request })])).toMatchObject([{ kind: "accepted" }]);
  });

  it("does not let one bad entry fail its neighbours", async () => {
    const stored = buildAcceptance();
    await test.store.accept([stored]);
    const good = [buildAcceptance(), buildAcceptance(), buildAcceptance()];
    const bad = buildAcceptance({ message: { id: stored.message.id } });
    const results = await Promise.allSettled(
      [...good.slice(0, 2), bad, ...good.slice(2)].map((entry) => test.store.accept([entry])),
    );
    expect(results.map(({ status }) => status)).toEqual(["fulfilled", "fulfilled", "rejected", "fulfilled"]);
    expect(results[2]).toMatchObject({ reason: { code: "INTERNAL_ERROR" } });
    expect(
      (await test.store.listMessages(account, {}, { before: undefined, limit: 10 })).messages.length,
    ).toBe(4);
  });

  it("commits a batch once where a listener throws at what it is told of it, and tells the others", async () => {
    const told: unknown[] = [];
    const fail = () => {
      throw new Error("a listener's own fault");
    };
    test.store.onCommit(fail);
    test.store.onReports(fail);
    test.store.onCommit(({ rows }) => told.push(rows));
    test.store.onReports((accountId, last) => told.push([accountId, last]));
    const outcomes = await test.store.accept([buildAcceptance(), buildAcceptance()]);
    expect(outcomes).toMatchObject([{ kind: "accepted" }, { kind: "accepted" }]);
    expect(told).toEqual([2, [account, 2]]);
    expect(await test.store.reportBounds(account)).toEqual({ oldest: 1, last: 2 });
  });
});
