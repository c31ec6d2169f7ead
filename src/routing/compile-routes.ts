/**
 * Prepares a list of gateways for selection, once per configuration. It orders them, prepares their rules, and gives gateways with equal
 * profiles the same profile object, so that a plan is made once for all of them.
 */
import type { GatewayId } from "../domain/ids.ts";
import type { EncodingProfile } from "../encoding/message-plan.ts";
import { hashText } from "./rendezvous-hash.ts";
import type { RouteGateway } from "./route-gateway.ts";
import { type PreparedRules, prepareRules } from "./route-rules.ts";

/** A gateway with its rules prepared. */
export interface CompiledGateway {
  readonly id: GatewayId;
  readonly weight: number;
  readonly hash: number;
  readonly rules: PreparedRules;
  readonly profile: EncodingProfile;
  readonly maxResends: number;
}

/** How often a part that nobody answers is sent again at one gateway. */
export const defaultMaxResends = 1;

/** Gateways at the same place in the order, which share by weight. */
export type Rank = readonly CompiledGateway[];

export interface RouteTable {
  /** By priority. */
  readonly ranks: readonly Rank[];
  /** Premium gateways by priority, then the rest by priority. */
  readonly premiumRanks: readonly Rank[];
  readonly gateways: ReadonlyMap<GatewayId, CompiledGateway>;
}

/** The table for `selectGateways`. Ids must be distinct. */
export function compileRoutes(gateways: readonly RouteGateway[]): RouteTable {
  const profiles = new Map<string, EncodingProfile>();
  const compiled = gateways.map((gateway) => ({
    gateway: compileGateway(gateway, internProfile(gateway.profile, profiles)),
    priority: gateway.priority,
  }));
  const premium = compiled.filter((entry) => entry.gateway.rules.premium);
  const rest = compiled.filter((entry) => !entry.gateway.rules.premium);
  return {
    ranks: rankByPriority(compiled),
    premiumRanks: [...rankByPriority(premium), ...rankByPriority(rest)],
    gateways: new Map(compiled.map((entry) => [entry.gateway.id, entry.gateway])),
  };
}

interface Prioritised {
  readonly gateway: CompiledGateway;
  readonly priority: number;
}

function rankByPriority(entries: readonly Prioritised[]): readonly Rank[] {
  const ranks = new Map<number, CompiledGateway[]>();
  for (const { gateway, priority } of entries.toSorted((a, b) => a.priority - b.priority)) {
    const rank = ranks.get(priority);
    if (rank === undefined) ranks.set(priority, [gateway]);
    else rank.push(gateway);
  }
  return [...ranks.values()];
}

function compileGateway(gateway: RouteGateway, profile: EncodingProfile): CompiledGateway {
  return {
    id: gateway.id,
    weight: gateway.weight,
    hash: hashText(gateway.id),
    rules: prepareRules(gateway.rules),
    profile,
    maxResends: gateway.maxResends ?? defaultMaxResends,
  };
}

function internProfile(profile: EncodingProfile, known: Map<string, EncodingProfile>): EncodingProfile {
  const key = JSON.stringify([
    profile.defaultAlphabet,
    profile.packing,
    profile.dataCoding.gsm7,
    profile.dataCoding.ucs2,
    profile.dataCoding.binary,
    profile.supportsUcs2,
    profile.supportsBinary,
    profile.singleShiftLanguages.toSorted((a, b) => a - b),
    profile.lockingShiftLanguages.toSorted((a, b) => a - b),
    profile.concatenation,
    profile.maxSegments,
  ]);
  const first = known.get(key);
  if (first !== undefined) return first;
  known.set(key, profile);
  return profile;
}
