/**
 * The keys that our own access tokens are signed with: one a day, made an hour ahead by whichever process is first, so that all know it when
 * it is used, and deleted when its last token has ended. They stand in the store and are held in memory once read.
 */
import { randomBytes } from "node:crypto";
import { SmsError } from "../../domain/errors.ts";
import type { DataClock } from "../../observability/data-clock.ts";
import type { Logger } from "../../observability/logger.ts";
import type { SealedSigningKey } from "../../store/records/signing-keys.ts";
import type { Store } from "../../store/store.ts";
import { createFreshReads } from "../calls/fresh-reads.ts";
import type { Looking } from "../followed.ts";
import { createKeySealer, type Secrets } from "./seal-signing-key.ts";

export interface SigningKey {
  readonly id: string;
  readonly secret: Uint8Array;
}

export interface SigningKeys extends Looking {
  /** That of today; made where there is none. */
  current(): Promise<SigningKey>;
  /**
   * Undefined where nobody made it, or its last token has ended. What is not held is looked for in the store by a read that begins after
   * this call. Refuses with SERVICE_UNAVAILABLE where the store cannot be asked, or where it is encrypted under a secret that is not known
   * here.
   */
  find(keyId: string): SigningKey | undefined | Promise<SigningKey | undefined>;
  /** Whether it is held now: one that was taken out of the store is not, a minute later. */
  isHeld(keyId: string): boolean;
}

export interface SigningKeysDeps {
  readonly store: Pick<Store, "listSigningKeys" | "makeSigningKey" | "deleteSigningKeys">;
  readonly secrets: Secrets;
  /** Whether tokens are issued here: keys are then made ahead. */
  readonly issues: boolean;
  readonly clock: Pick<DataClock, "now" | "monotonic" | "setTimeout" | "sweepTimeMs">;
  readonly log: Logger;
}

/** How long a token lasts. */
export const tokenLastsMs = 3_600_000;

const dayMs = 86_400_000;
const aheadMs = 3_600_000;
/** Of clocks that differ. */
const marginMs = 3_600_000;
const lookAgainMs = 60_000;
const retryAfterMs = 1_000;

interface HeldKey {
  readonly id: string;
  readonly day: number;
  /** Undefined where it is encrypted under a secret that is not known here. */
  readonly secret: Uint8Array | undefined;
}

const dayOf = (timeMs: number) => Math.floor(timeMs / dayMs);

/** The first day of which a token may still be right. */
const oldestDay = (nowMs: number) => dayOf(nowMs - tokenLastsMs - marginMs);

export function createSigningKeys({ store, secrets, issues, clock, log }: SigningKeysDeps): SigningKeys {
  const sealer = createKeySealer(secrets);
  let held: ReadonlyMap<string, HeldKey> = new Map();
  let readCount = 0;
  /** The newest read that has answered. */
  let readShown = 0;
  const making = new Map<number, Promise<SigningKey>>();
  let lookedAtMs = Number.NEGATIVE_INFINITY;

  function openKey({ id, day, sealedBy, sealed }: SealedSigningKey): HeldKey {
    return held.get(id) ?? { id, day, secret: sealer.open(id, sealedBy, sealed) };
  }

  async function read(): Promise<void> {
    readCount += 1;
    const number = readCount;
    const rows = await store.listSigningKeys();
    // One that began later has told of more.
    if (number < readShown) return;
    readShown = number;
    held = new Map(rows.map((row) => [row.id, openKey(row)]));
  }

  const freshRead = createFreshReads<string, void>({ read, clock });

  function usable(key: HeldKey | undefined): SigningKey | undefined {
    if (key === undefined || key.day < oldestDay(clock.now())) return undefined;
    const { id, secret } = key;
    if (secret !== undefined) return { id, secret };
    log.often.warn(
      { signingKey: id },
      "A token was signed with a key that is encrypted under a secret which is not known here: secrets.requestHash must be alike at all replicas.",
    );
    throw unavailable("The key of the token cannot be read here.");
  }

  const ofDay = (day: number): SigningKey | undefined => {
    const keys = [...held.values()].filter((key) => key.day === day);
    const [first] = keys.flatMap(({ id, secret }) => (secret === undefined ? [] : [{ id, secret }]));
    return first;
  };

  async function make(day: number): Promise<SigningKey> {
    const id = randomBytes(12).toString("base64url");
    const sealed = sealer.seal(id, randomBytes(32));
    await store.makeSigningKey({ id, day, sealedBy: sealer.sealedBy, sealed });
    await read();
    const made = ofDay(day);
    if (made !== undefined) return made;
    throw new Error("the key of a day is not in the store after it was made");
  }

  function ensure(day: number): Promise<SigningKey> {
    const key = ofDay(day);
    if (key !== undefined) return Promise.resolve(key);
    const begun = making.get(day);
    if (begun !== undefined) return begun;
    const made = read()
      .then(() => ofDay(day) ?? make(day))
      .finally(() => making.delete(day));
    making.set(day, made);
    return made;
  }

  /** Makes those of today and, in its last hour, of tomorrow. */
  async function makeAhead(): Promise<void> {
    const nowMs = clock.now();
    await ensure(dayOf(nowMs));
    await ensure(dayOf(nowMs + aheadMs));
  }

  async function deleteEnded(): Promise<void> {
    const nowMs = clock.sweepTimeMs();
    if (nowMs === undefined) return;
    const oldest = oldestDay(nowMs);
    if (![...held.values()].some(({ day }) => day < oldest)) return;
    await store.deleteSigningKeys(oldest);
    await read();
  }

  return {
    current: () =>
      ensure(dayOf(clock.now())).catch((cause: unknown) => {
        if (!(cause instanceof SmsError)) throw cause;
        throw unavailable("Tokens cannot be issued now.", cause);
      }),
    find(keyId) {
      const key = held.get(keyId);
      return key === undefined ? freshRead(keyId).then(() => usable(held.get(keyId))) : usable(key);
    },
    isHeld: (keyId) => held.has(keyId),
    async look() {
      const nowMs = clock.monotonic();
      if (nowMs - lookedAtMs < lookAgainMs) return;
      lookedAtMs = nowMs;
      await read();
      await deleteEnded();
      if (!issues) return;
      await makeAhead().catch((err: unknown) => {
        log.often.warn({ err }, "The key of the tokens to come could not be made yet.");
      });
    },
  };
}

function unavailable(text: string, cause?: SmsError): SmsError {
  return new SmsError("SERVICE_UNAVAILABLE", text, { retryAfterMs, ...(cause && { cause }) });
}
