/**
 * Signing keys as the store has them: encrypted (AES-256-GCM) under a secret that stands outside the database where one is set, so that the
 * database alone forges no token. The key of the encryption is derived from the secret for this purpose alone (HKDF, RFC 5869).
 */
import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomBytes } from "node:crypto";

/** The first secret encrypts, by all of them keys of before are read. */
export type Secrets = readonly [string, ...(readonly string[])];

export interface KeySealer {
  /** Names the secret that encrypts. */
  readonly sealedBy: string;
  seal(keyId: string, secret: Uint8Array): string;
  /** Undefined where its secret is not known here, or where somebody changed it. */
  open(keyId: string, sealedBy: string, sealed: string): Uint8Array | undefined;
}

const algorithm = "aes-256-gcm";
const keyOctets = 32;
const nonceOctets = 12;
const tagOctets = 16;
const idDigits = 16;

export function createKeySealer(secrets: Secrets): KeySealer {
  const derived = secrets.map((secret) => {
    const key = Buffer.from(hkdfSync("sha256", secret, "", "sms-relay signing keys", keyOctets));
    return {
      key,
      id: createHmac("sha256", key).update("the id of this secret").digest("hex").slice(0, idDigits),
    };
  });
  const [first] = derived as [(typeof derived)[number]];
  return {
    sealedBy: first.id,
    seal(keyId, secret) {
      const nonce = randomBytes(nonceOctets);
      const cipher = createCipheriv(algorithm, first.key, nonce).setAAD(Buffer.from(keyId));
      return Buffer.concat([nonce, cipher.update(secret), cipher.final(), cipher.getAuthTag()]).toString(
        "base64url",
      );
    },
    open(keyId, sealedBy, sealed) {
      const known = derived.find(({ id }) => id === sealedBy);
      const octets = Buffer.from(sealed, "base64url");
      if (known === undefined || octets.length <= nonceOctets + tagOctets) return undefined;
      const decipher = createDecipheriv(algorithm, known.key, octets.subarray(0, nonceOctets), {
        authTagLength: tagOctets,
      });
      decipher.setAAD(Buffer.from(keyId)).setAuthTag(octets.subarray(-tagOctets));
      try {
        return Buffer.concat([decipher.update(octets.subarray(nonceOctets, -tagOctets)), decipher.final()]);
      } catch {
        return undefined;
      }
    },
  };
}
