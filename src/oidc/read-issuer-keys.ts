/** The keys of an issuer as it publishes them now (JWKS, RFC 7517), by the place that it names (OpenID Connect Discovery 1.0 §4). */
import type { JSONWebKeySet } from "jose";
import type { Clock } from "../observability/clock.ts";
import { fetchJson } from "./fetch-json.ts";
import { type Issuer, isSafeUrl } from "./issuer.ts";

const withinMs = 5_000;

/** Throws where they cannot be had in 5 s, and where there is none. */
export async function readIssuerKeys(
  issuer: Issuer,
  clock: Pick<Clock, "setTimeout">,
): Promise<JSONWebKeySet> {
  const late = new AbortController();
  const timer = clock.setTimeout(() => late.abort(new Error("it did not answer in time")), withinMs);
  try {
    const uri = issuer.jwksUri ?? (await discover(issuer, late.signal));
    const set = await fetchJson(uri, late.signal);
    if (!isKeySet(set)) throw new Error(`${uri} holds no key`);
    return set;
  } finally {
    timer.cancel();
  }
}

async function discover({ issuer }: Issuer, signal: AbortSignal): Promise<string> {
  const uri = `${issuer.replace(/\/$/, "")}/.well-known/openid-configuration`;
  const document = await fetchJson(uri, signal);
  const { issuer: named, jwks_uri: keys } = document as { issuer?: unknown; jwks_uri?: unknown };
  if (named !== issuer) throw new Error(`${uri} names another issuer`);
  if (typeof keys !== "string" || !isSafeUrl(keys)) throw new Error(`${uri} names no safe jwks_uri`);
  return keys;
}

/** An empty one would take the place of keys that are good. */
function isKeySet(value: object): value is JSONWebKeySet {
  return "keys" in value && Array.isArray(value.keys) && value.keys.length > 0;
}
