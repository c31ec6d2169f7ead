/** Countries that a sender may be used in: those it was approved for, and by the operators' table of kinds of senders. */
import { senderKindOf } from "../sender-table.ts";
import type { RecipientFault, RecipientRuleMaker } from "./rule.ts";

const fault = (description: string): RecipientFault => ({
  rule: "SENDER_COUNTRY",
  code: "SENDER_NOT_REGISTERED",
  description,
});

const notApproved = fault("is in a country for which the sender is not approved");
const wrongKind = fault("is in a country that takes no senders of this kind");
const otherShortCode = fault("is in a country that does not have this short code");

export const senderCountryRule: RecipientRuleMaker = ({ registeredSendersOnly }, { approved, table }) => {
  const isEverywhere = [...approved.values()].every((regions) => regions === undefined);
  if (table.size === 0 && (registeredSendersOnly !== true || isEverywhere)) return undefined;
  return ({ sender, country, knownCountry }) => {
    const entry = country === undefined ? undefined : table.get(country);
    if (registeredSendersOnly === true || entry?.isRegistered === true) {
      if (!approved.has(sender.address)) return notApproved;
      const regions = approved.get(sender.address);
      if (regions !== undefined && (knownCountry === undefined || !regions.has(knownCountry)))
        return notApproved;
    }
    if (entry === undefined) return undefined;
    const kind = senderKindOf(sender);
    if (!entry.kinds.has(kind)) return wrongKind;
    const isOther = kind === "SHORT_CODE" && entry.shortCodes?.has(sender.address) === false;
    return isOther ? otherShortCode : undefined;
  };
};
