/** The totals of a wallet, and whether more may be reserved of it. */

/** In micros. */
export interface WalletTotals {
  /** What was paid in less what was charged. */
  readonly balance: bigint;
  /** Of it, held back for what is on its way. */
  readonly reserved: bigint;
  /** How far below zero the balance may go. */
  readonly creditLimit: bigint;
}

/** Below zero where the credit limit was lowered. */
export function availableOf({ balance, reserved, creditLimit }: WalletTotals): bigint {
  return balance + creditLimit - reserved;
}

/** All or nothing; undefined where it does not fit. What needs nothing always fits. */
export function reserveOf(totals: WalletTotals, needed: bigint): WalletTotals | undefined {
  if (needed > 0n && needed > availableOf(totals)) return undefined;
  return { ...totals, reserved: totals.reserved + needed };
}
