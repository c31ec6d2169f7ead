/** One kind of cleaning; clean.ts has them in their order. */
import type { Cleaned, CleanRequest } from "../cleaning.ts";
import type { Transaction } from "./transaction.ts";

/** Undefined where it has nothing to do now. */
export type CleanStep = (tx: Transaction, request: CleanRequest) => Cleaned | undefined;
