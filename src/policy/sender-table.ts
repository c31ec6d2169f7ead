/** The operators' table: which kinds of senders countries take, whether they want registered ones, and which short codes they have. */
import type { Sender } from "../domain/message.ts";
import { defaultShortCodeDigits, type SenderType, senderTypeOf } from "../domain/sender.ts";

/** A line of the table. */
export interface SenderCountries {
  readonly countries: readonly string[];
  readonly kinds: readonly SenderType[];
  /** Whether senders must be approved ones of the account. */
  readonly registered: boolean;
  /** Undefined where any will do. */
  readonly shortCodes?: readonly string[] | undefined;
}

/** What one country takes. */
export interface SenderEntry {
  readonly kinds: ReadonlySet<SenderType>;
  readonly isRegistered: boolean;
  readonly shortCodes: ReadonlySet<string> | undefined;
}

/** By ISO 3166-1 alpha-2 code; a country without an entry takes every sender. */
export type SenderTable = ReadonlyMap<string, SenderEntry>;

export const noSenderTable: SenderTable = new Map();

/** No country stands in two lines. */
export function compileSenderTable(lines: readonly SenderCountries[]): SenderTable {
  return new Map(
    lines.flatMap(({ countries, kinds, registered, shortCodes }) => {
      const entry: SenderEntry = {
        kinds: new Set(kinds),
        isRegistered: registered,
        shortCodes: shortCodes && new Set(shortCodes),
      };
      return countries.map((country) => [country, entry] as const);
    }),
  );
}

/** Whether any country wants senders to be approved ones of the account. */
export function wantsRegistered(table: SenderTable): boolean {
  return [...table.values()].some(({ isRegistered }) => isRegistered);
}

/** The table goes by the common length of short codes; a gateway may have another one. */
export function senderKindOf(sender: Sender): SenderType {
  return senderTypeOf(sender, defaultShortCodeDigits);
}
