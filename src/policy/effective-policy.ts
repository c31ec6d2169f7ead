/** A policy with the service's defaults filled in. */
import { optOutWords } from "../domain/opt-out.ts";
import type { AccountPolicy } from "./policy.ts";
import { defaultRecipientCap } from "./pumping-guard.ts";

/** How long is tried where nobody says. */
export const defaultValidityMs = 86_400_000;

/** What the service has for an account that says nothing. */
export interface PolicyDefaults {
  readonly maxRecipients: number;
}

const mostSegments = 255;
const longestText = 2_000;

export function effectivePolicy(policy: AccountPolicy, { maxRecipients }: PolicyDefaults): AccountPolicy {
  const isOneTime = policy.oneTimePasswordsOnly === true;
  return {
    oneTimePasswordsOnly: false,
    defaultRegionCode: "",
    numberForms: "E164",
    assumeNational: false,
    registeredSendersOnly: false,
    defaultSender: "",
    maxTextLength: longestText,
    defaultValidityMs,
    premiumAllowed: true,
    optOutWords: { allowed: optOutWords },
    ...policy,
    maxRecipients: isOneTime ? 1 : Math.min(maxRecipients, policy.maxRecipients ?? maxRecipients),
    ...(policy.pumpingGuard && {
      pumpingGuard: { recipientCap: defaultRecipientCap, ...policy.pumpingGuard },
    }),
    maxSegments: isOneTime ? 1 : (policy.maxSegments ?? mostSegments),
  };
}
