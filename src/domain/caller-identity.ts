/** Who somebody is whom another issuer, or a certificate, vouches for. */

export interface CallerIdentity {
  readonly issuer: string;
  readonly value: string;
}

/** In an issuer's place, for those whom a verified certificate names. */
export const certificateIssuer = "";

/** An issuer is a URL without a blank, so that no two have the same, and none that of a certificate. */
export const identityText = ({ issuer, value }: CallerIdentity) =>
  `${issuer === certificateIssuer ? "certificate" : issuer} ${value}`;

/** Undefined where it is none's. */
export function parseIdentityText(text: string): CallerIdentity | undefined {
  const blank = text.indexOf(" ");
  if (blank < 1) return undefined;
  const issuer = text.slice(0, blank);
  return { issuer: issuer === "certificate" ? certificateIssuer : issuer, value: text.slice(blank + 1) };
}
