/** Texts of a certain form: hosts, countries, senders, accounts, and what an SMPP string can carry. */
import { isIP } from "node:net";
import { domainToASCII } from "node:url";
import { isSupportedCountry } from "libphonenumber-js/max";
import { z } from "zod";
import { isAccountId } from "../domain/ids.ts";
import { isIpRange } from "../domain/ip-ranges.ts";
import { parseSender } from "../domain/sender.ts";

const hostName =
  /^(?=.{1,253}$)[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?(?:\.[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?)*\.?$/;

/** An address, or a name that could be looked up. */
export const host = z
  .string()
  .refine(
    (value) => isIP(value) !== 0 || hostName.test(domainToASCII(value)),
    "must be an IP address or a host name such as smsc.example.net",
  );

export const ipRange = z
  .string()
  .refine(isIpRange, "must be an address or a range such as 192.0.2.0/24 or 2001:db8::/32");

/** ISO 3166-1 alpha-2; only those that numbers are found to belong to, since no other would ever match. */
export const country = z
  .string()
  .refine(
    (value) => /^[A-Z]{2}$/.test(value) && isSupportedCountry(value),
    "must be the code of a country in two capital letters such as SE (ISO 3166-1)",
  );

/** A sender in the form in which messages carry it: numeric ones without their plus. */
export const sender = z.string().transform((value, context) => {
  const parsed = parseSender(value);
  if (parsed !== undefined) return parsed.address;
  context.addIssue({
    code: "custom",
    message:
      "must be a sender: 1 to 15 digits, or 1 to 11 letters, digits and spaces with a letter among them",
  });
  return z.NEVER;
});

export const accountId = z
  .string()
  .refine(isAccountId, "must be 1 to 64 of a-z, 0-9, dot, dash and underscore");

/** What a C-Octet String of so many octets safely carries: printable ASCII (SMPP 3.4 §3.1). */
export const asciiText = (longest: number) =>
  z.string().regex(new RegExp(`^[ -~]{0,${longest}}$`), `must be at most ${longest} ASCII characters`);
