/** One kind of cleaning; clean.ts has them in their order. */
import type { Cleaned, CleanRequest } from "../cleaning.ts";
import type { Connection } from "./statement.ts";

/** Undefined where it has nothing to do now. */
export type CleanStep = (connection: Connection, request: CleanRequest) => Promise<Cleaned | undefined>;
