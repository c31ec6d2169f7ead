/** Whether a certificate and a private key, both as PEM, belong together. */
import { createPrivateKey, X509Certificate } from "node:crypto";

/** What is wrong with a pair, and which of the two is to blame. */
export interface KeyPairFault {
  readonly of: "cert" | "key";
  readonly rule: string;
}

/** The fault of a pair; undefined where the certificate's public key is that of the private key. */
export function keyPairFault(cert: string | Buffer, key: string | Buffer): KeyPairFault | undefined {
  let certificate: X509Certificate;
  try {
    certificate = new X509Certificate(cert);
  } catch {
    return { of: "cert", rule: "holds no certificate that can be read" };
  }
  try {
    if (certificate.checkPrivateKey(createPrivateKey(key))) return undefined;
  } catch {
    return { of: "key", rule: "holds no private key that can be read without a passphrase" };
  }
  return { of: "key", rule: "is the key of another certificate" };
}
