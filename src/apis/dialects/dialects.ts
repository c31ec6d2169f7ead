/** The providers that can be simulated, a line each. */
import type { Dialect } from "../dialect.ts";
import { kpn } from "./kpn.ts";
import { signalsms } from "./signalsms.ts";
import { signicat } from "./signicat.ts";
import { sinch } from "./sinch.ts";
import { websms } from "./websms.ts";

export const dialects: Readonly<Record<string, Dialect>> = { kpn, signalsms, signicat, sinch, websms };
