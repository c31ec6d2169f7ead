/** Messages as the store's benchmarks accept them: one text to recipients of their own, each for the same gateway. */
import { createMessageIds, deliveryIdOf, toAccountId, toGatewayId } from "../../src/domain/ids.ts";
import type { E164 } from "../../src/domain/message.ts";
import { systemClock } from "../../src/observability/clock.ts";
import type { Acceptance } from "../../src/store/accepting.ts";

export const accountId = toAccountId("bench");
export const gatewayId = toGatewayId("alpha");

export const newMessageId = createMessageIds(systemClock.now, (octets) => crypto.getRandomValues(octets));
let recipientCount = 0;

export interface AcceptanceOptions extends Pick<Acceptance, "claimant"> {
  readonly recipients: number;
  readonly wantsClaim: boolean;
}

export function buildAcceptance({ recipients, wantsClaim, claimant }: AcceptanceOptions): Acceptance {
  const id = newMessageId();
  const now = systemClock.now();
  return {
    message: {
      id,
      accountId,
      sender: { kind: "ALPHANUMERIC", address: "Acme" },
      content: { kind: "text", text: "Your code is 123456. It is valid for ten minutes; tell it to nobody." },
      lane: "NORMAL",
      duplicatePolicy: "AT_LEAST_ONCE",
      encoding: "auto",
      transliterate: false,
      maxSegments: 30,
      premium: false,
      clientReference: undefined,
      metadata: {},
      acceptTimeMs: now,
      expireTimeMs: now + 86_400_000,
    },
    deliveries: Array.from({ length: recipients }, (_, position) => ({
      id: deliveryIdOf(id, position),
      recipient: `+4670${String(1_000_000 + (recipientCount++ % 9_000_000))}` as E164,
      country: "SE",
      admission: { kind: "queued", gatewayId, encoding: "gsm7", segmentCount: 1 },
      wantsClaim,
    })),
    recipientOutcomes: Array.from({ length: recipients }, (_, position) => ({ kind: "delivery", position })),
    request: undefined,
    claimant,
  };
}
