/** Builds acceptances, settlements and receipts for tests of stores: plausible defaults, and what the test names replaces them. */
import {
  createMessageIds,
  type DeliveryId,
  deliveryIdOf,
  type GatewayId,
  type MessageId,
  toAccountId,
  toClaimantId,
  toGatewayId,
} from "../../src/domain/ids.ts";
import type { AttemptOutcome, E164, Message } from "../../src/domain/message.ts";
import type { Receipt } from "../../src/domain/receipt.ts";
import {
  type Acceptance,
  type ClaimRef,
  firstClaimNumber,
  type NewDelivery,
} from "../../src/store/accepting.ts";
import { type GatewayOffer, type GatewayReport, nothingHeld } from "../../src/store/gateway-sessions.ts";
import type { AttemptRecord, PartRecord, Settlement } from "../../src/store/settling.ts";
import type { Store } from "../../src/store/store.ts";

export const account = toAccountId("acme");
export const gateway = toGatewayId("alpha");
export const startMs = Date.UTC(2024, 0, 1);
export const hourMs = 3_600_000;
export const dayMs = 24 * hourMs;

let lastOctet = 0;
const newId = createMessageIds(
  () => startMs,
  (octets) => {
    for (let index = 0; index < octets.length; index += 1) octets[index] = (lastOctet += 37) & 0xff;
  },
);

/** A fresh message id; ids ascend in the order of the calls. */
export function newMessageId(): MessageId {
  return newId();
}

export function recipientAt(index: number): E164 {
  return `+4670${String(1_000_000 + index)}` as E164;
}

export interface AcceptanceOptions {
  readonly message?: Partial<Message>;
  readonly recipients?: number;
  readonly segmentCount?: number;
  readonly gatewayId?: GatewayId;
  readonly wantsClaim?: boolean;
  readonly rejected?: boolean;
  readonly request?: Acceptance["request"];
  readonly claimant?: Acceptance["claimant"];
  readonly recipientOutcomes?: Acceptance["recipientOutcomes"];
}

export function buildAcceptance(options: AcceptanceOptions = {}): Acceptance {
  const { recipients = 1, segmentCount = 1, gatewayId = gateway, wantsClaim = false } = options;
  const id = options.message?.id ?? newMessageId();
  const acceptTimeMs = options.message?.acceptTimeMs ?? startMs;
  const message: Message = {
    id,
    accountId: account,
    sender: { kind: "ALPHANUMERIC", address: "Acme" },
    content: { kind: "text", text: "Hello" },
    lane: "NORMAL",
    duplicatePolicy: "AT_LEAST_ONCE",
    encoding: "auto",
    transliterate: false,
    maxSegments: 30,
    premium: false,
    clientReference: undefined,
    metadata: {},
    acceptTimeMs,
    expireTimeMs: acceptTimeMs + dayMs,
    ...options.message,
  };
  const deliveries = Array.from(
    { length: recipients },
    (_, position): NewDelivery => ({
      id: deliveryIdOf(id, position),
      recipient: recipientAt(position),
      country: "SE",
      admission: options.rejected
        ? { kind: "rejected", code: "NO_ROUTE", reason: "NO_ROUTE" }
        : { kind: "queued", gatewayId, encoding: "gsm7", segmentCount },
      wantsClaim,
    }),
  );
  return {
    message,
    deliveries,
    recipientOutcomes:
      options.recipientOutcomes ?? deliveries.map((_, position) => ({ kind: "delivery", position })),
    request: options.request,
    claimant: options.claimant ?? toClaimantId("nobody"),
  };
}

export interface PartOptions {
  readonly number?: number;
  readonly outcome?: AttemptOutcome | "UNSENT";
  readonly id?: string;
  readonly key?: string;
  readonly timeMs?: number;
}

export function buildPart({
  number = 1,
  outcome = "ACCEPTED",
  id,
  key,
  timeMs = startMs,
}: PartOptions): PartRecord {
  return {
    number,
    outcome,
    smscMessageId: id,
    matchKey: key ?? id,
    commandStatus: outcome === "ACCEPTED" ? 0 : undefined,
    timeMs,
  };
}

export function buildAttempt(parts: readonly PartRecord[], more: Partial<AttemptRecord> = {}): AttemptRecord {
  return {
    number: 1,
    gatewayId: gateway,
    startTimeMs: startMs,
    endTimeMs: startMs,
    outcome: "ACCEPTED",
    encoding: "gsm7",
    segmentCount: Math.max(1, parts.length),
    reference: undefined,
    parts,
    trace: { leftOut: [], marks: [] },
    ...more,
  };
}

/** The settlement of a delivery whose parts were all accepted under these SMSC ids. */
export function buildSubmitted(
  deliveryId: DeliveryId,
  claimant: Settlement["claimant"],
  ids: readonly string[],
  more: Partial<Settlement> = {},
): Settlement {
  const parts = ids.map((id, index) => buildPart({ number: index + 1, id }));
  return {
    deliveryId,
    claimant,
    claimNumber: firstClaimNumber,
    timeMs: startMs + 1_000,
    lane: "NORMAL",
    attempt: buildAttempt(parts),
    verdict: { kind: "submitted", expectsReceipts: true },
    ...more,
  };
}

export function buildReceipt(smscMessageId: string, more: Partial<Receipt> = {}): Receipt {
  return {
    gatewayId: gateway,
    smscMessageId,
    matchKey: smscMessageId,
    otherId: undefined,
    recipient: undefined,
    sender: undefined,
    submitTimeMs: undefined,
    verdict: "DELIVERED",
    stat: "DELIVRD",
    err: "000",
    networkError: undefined,
    doneTimeMs: startMs + 4_000,
    carrier: undefined,
    arrivalTimeMs: startMs + 5_000,
    waitMs: 30_000,
    raw: new TextEncoder().encode(`id:${smscMessageId} stat:DELIVRD`),
    coversAllParts: false,
    ...more,
  };
}

/** Accepts one message, claims all of it at once and answers its delivery ids. */
export async function acceptClaimed(
  store: Store,
  claimant: Settlement["claimant"],
  options: AcceptanceOptions = {},
): Promise<readonly DeliveryId[]> {
  const acceptance = buildAcceptance({ ...options, wantsClaim: true, claimant });
  const [outcome] = await store.accept([acceptance]);
  if (outcome?.kind !== "accepted" || outcome.claimed.length !== acceptance.deliveries.length) {
    throw new Error("the message was not claimed where it was accepted");
  }
  return acceptance.deliveries.map(({ id }) => id);
}

/** Accepts one message and submits it under these SMSC ids, one a part; answers its delivery. */
export async function acceptSubmitted(
  store: Store,
  claimant: Settlement["claimant"],
  ids: readonly string[],
  options: AcceptanceOptions = {},
): Promise<DeliveryId> {
  const [id] = await acceptClaimed(store, claimant, { segmentCount: ids.length, ...options });
  if (id === undefined) throw new Error("the message has no delivery");
  await store.settle([buildSubmitted(id, claimant, ids)]);
  return id;
}

/** The claim of a delivery that was claimed where it was accepted. */
export function firstClaim(id: DeliveryId): ClaimRef {
  return { id, claimNumber: firstClaimNumber };
}

/** A gateway as a process offers it that can send by it. */
export function buildOffer(
  gatewayId: GatewayId,
  sessions: number,
  report: Partial<GatewayReport> = {},
): GatewayOffer {
  return {
    gatewayId,
    sessions,
    report: {
      state: "ready",
      reason: "",
      ownSessions: 0,
      boundSessions: 0,
      inFlight: 0,
      windowSize: 0,
      pdusPerSecond: 0,
      held: nothingHeld,
      ...report,
    },
  };
}
