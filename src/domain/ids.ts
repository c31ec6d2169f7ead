/**
 * Identifiers. A message id is a UUIDv7 (RFC 9562 §5.7) in text. A delivery id is its message's id, a dot and the delivery's position, so
 * that one key orders deliveries by message and position and finds all of a message without a second index.
 */

declare const brand: unique symbol;
type Branded<Name extends string> = string & { readonly [brand]: Name };

export type AccountId = Branded<"AccountId">;
export type GatewayId = Branded<"GatewayId">;
/** UUIDv7 in text, ascending in the order of creation within one process. */
export type MessageId = Branded<"MessageId">;
/** `<message id>.<position, 4 decimal digits>`; ascending by message, then by position. */
export type DeliveryId = Branded<"DeliveryId">;
/** The process (and its epoch) that holds a claim. */
export type ClaimantId = Branded<"ClaimantId">;

/** Most deliveries in one message; bounds the position's digits. */
export const maxDeliveries = 10_000;

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/i;

const accountForm = /^[a-z0-9._-]{1,64}$/;
export const accountFormRule = "must be 1 to 64 characters of a-z 0-9 . _ -";

/** Whether an account may have this id. */
export const isAccountId = (value: string): value is AccountId => accountForm.test(value);
export const toAccountId = (value: string) => value as AccountId;
export const toGatewayId = (value: string) => value as GatewayId;
export const toClaimantId = (value: string) => value as ClaimantId;
export const toDeliveryId = (value: string) => value as DeliveryId;

/** The message id in `value`, in lower case (RFC 9562 §4 takes either), or undefined where it does not have the form of one. */
export function parseMessageId(value: string): MessageId | undefined {
  return uuid.test(value) ? (value.toLowerCase() as MessageId) : undefined;
}

export function deliveryIdOf(messageId: MessageId, position: number): DeliveryId {
  return `${messageId}.${String(position).padStart(4, "0")}` as DeliveryId;
}

export function messageIdOf(deliveryId: DeliveryId): MessageId {
  return deliveryId.slice(0, 36) as MessageId;
}

export function positionOf(deliveryId: DeliveryId): number {
  return Number(deliveryId.slice(37));
}

/** Fills an array with random octets; the operating system's source in the running service. */
export type RandomOctets = (octets: Uint8Array) => void;

/**
 * A source of ascending UUIDv7s. Within one millisecond the 12 bits of rand_a count up from a random start (RFC 9562 §6.2,
 * method 1); when they run out, or the clock steps back, the next id borrows the following millisecond.
 */
export function createMessageIds(now: () => number, random: RandomOctets): () => MessageId {
  let lastMs = 0;
  let counter = 0;
  const pool = new Uint8Array(4096);
  let used = pool.length;
  const take = (): number => {
    if (used === pool.length) {
      random(pool);
      used = 0;
    }
    return pool[used++] ?? 0;
  };
  const hex = Array.from({ length: 256 }, (_, octet) => octet.toString(16).padStart(2, "0"));
  const two = (): string => hex[take()] ?? "00";
  return () => {
    const ms = now();
    if (ms > lastMs) {
      lastMs = ms;
      counter = take() << 3;
    } else if (++counter > 0xfff) {
      lastMs += 1;
      counter = take() << 3;
    }
    const time = lastMs.toString(16).padStart(12, "0");
    const sequence = counter.toString(16).padStart(3, "0");
    const variant = hex[0x80 | (take() & 0x3f)] ?? "80";
    return `${time.slice(0, 8)}-${time.slice(8)}-7${sequence}-${variant}${two()}-${two()}${two()}${two()}${two()}${two()}${two()}` as MessageId;
  };
}
