import { describe, expect, it } from "vitest";
import type { Principal } from "../../../src/app/api-keys.ts";
import { createGetStatus } from "../../../src/app/get-status.ts";
import { createTokenSealer } from "../../../src/app/sealed-token.ts";
import { deliveryIdOf, toAccountId } from "../../../src/domain/ids.ts";
import type { AttemptView, DeliveryView, PartView, StatusPage } from "../../../src/store/views.ts";
import {
  buildAcceptance,
  gateway,
  newMessageId,
  recipientAt,
  startMs,
} from "../../support/store-builders.ts";

const messageId = newMessageId();
const deliveryCount = 200;
const principal: Principal = { keyId: "k", accountId: toAccountId("acme"), role: "ACCOUNT" };

const part = (number: number): PartView => ({
  number,
  outcome: "ACCEPTED",
  smscMessageId: "0123456789abcdef",
  commandStatus: 0,
  submitTimeMs: startMs,
  receipt: undefined,
});
const attempt: AttemptView = {
  number: 1,
  gatewayId: gateway,
  startTimeMs: startMs,
  endTimeMs: startMs,
  outcome: "ACCEPTED",
  encoding: "gsm7",
  segmentCount: 255,
  reference: 1,
  parts: Array.from({ length: 255 }, (_, index) => part(index + 1)),
  trace: { leftOut: [], marks: [] },
};
const deliveryAt = (position: number): DeliveryView => ({
  id: deliveryIdOf(messageId, position),
  recipient: recipientAt(position),
  state: "SUBMITTED",
  code: undefined,
  reason: undefined,
  gatewayId: gateway,
  encoding: "gsm7",
  segmentCount: 255,
  submitTimeMs: startMs,
  finalTimeMs: undefined,
  attemptCount: 1,
  attempts: [attempt],
});

/** A message of 200 deliveries of 255 parts each, as the store pages it. */
const getStatus = createGetStatus({
  sealer: createTokenSealer("store"),
  store: {
    readStatus(_account, _message, { afterPosition, limit }): Promise<StatusPage> {
      const end = Math.min(deliveryCount, afterPosition + 1 + limit);
      const positions = Array.from(
        { length: end - afterPosition - 1 },
        (_, index) => afterPosition + 1 + index,
      );
      const { message, recipientOutcomes } = buildAcceptance();
      return Promise.resolve({
        message: { ...message, contentKind: "text" },
        deliveryCount,
        stateCounts: {},
        recipientOutcomes,
        deliveries: positions.map(deliveryAt),
        nextPosition: end < deliveryCount ? end - 1 : undefined,
      });
    },
  },
});

describe("getStatus", () => {
  it("ends a page at 2 MiB, and goes on behind it without a gap", async () => {
    const seen: string[] = [];
    let pageToken = "";
    let pages = 0;
    do {
      const answer = await getStatus({ messageId, view: "FULL", pageSize: 100, pageToken }, principal);
      expect(JSON.stringify(answer.deliveries).length).toBeLessThanOrEqual(2 * 1024 * 1024);
      seen.push(...answer.deliveries.map((delivery) => delivery.id));
      pageToken = answer.nextPageToken ?? "";
      pages += 1;
    } while (pageToken !== "");
    expect(seen).toEqual(Array.from({ length: deliveryCount }, (_, index) => deliveryIdOf(messageId, index)));
    expect(pages).toBeGreaterThan(2);
  });
});
