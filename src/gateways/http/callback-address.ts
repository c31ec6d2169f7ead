/**
 * The address at which a provider calls back about one message: it holds our reference and a proof that we made it, so that whoever knows it
 * can speak of that message and of no other.
 */
import { createHmac, timingSafeEqual } from "node:crypto";

export interface CallbackSettings {
  /** Where the door is, as providers see it. */
  readonly publicUrl: string;
  /** The first makes proofs; those of all count. */
  readonly secrets: readonly string[];
}

const proofOctets = 16;
/** Its path on the door; gateway, reference and proof follow. */
export const callbackPath = "/v1/callbacks/";

function proofOf(secret: string, gatewayId: string, reference: string): Buffer {
  return createHmac("sha256", secret).update(`${gatewayId}/${reference}`).digest().subarray(0, proofOctets);
}

export function callbackUrl(
  { publicUrl, secrets }: CallbackSettings,
  gatewayId: string,
  reference: string,
): string {
  const proof = proofOf(secrets[0] ?? "", gatewayId, reference).toString("base64url");
  return `${publicUrl.replace(/\/$/, "")}${callbackPath}${gatewayId}/${reference}/${proof}`;
}

/** `gatewayId` is the one in the address, under which it was made. */
export function isProof(
  { secrets }: CallbackSettings,
  gatewayId: string,
  { reference, proof }: { readonly reference: string; readonly proof: string },
): boolean {
  if (!/^[A-Za-z0-9_-]{22}$/.test(proof)) return false;
  const given = Buffer.from(proof, "base64url");
  return secrets.some((secret) => timingSafeEqual(proofOf(secret, gatewayId, reference), given));
}
