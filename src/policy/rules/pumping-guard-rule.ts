/** Caps on what goes to few destinations in an hour; where they only tell, nothing is refused. */
import { capsOf, type GuardedKind, guardWindowMs, kindOver } from "../pumping-guard.ts";
import type { RecipientRuleMaker } from "./rule.ts";

const descriptions: Readonly<Record<GuardedKind, string>> = {
  recipient: "got as many messages in this hour as one number may",
  prefix: "begins as numbers do that got as many messages in this hour as these may",
  region: "is in a country that got as many messages in this hour as one may",
};

export const pumpingGuardRule: RecipientRuleMaker = ({ pumpingGuard }) => {
  if (pumpingGuard?.blocks !== true) return undefined;
  const caps = capsOf(pumpingGuard);
  return ({ sent, nowMs }) => {
    const kind = sent && kindOver(sent, caps);
    if (kind === undefined) return undefined;
    return {
      rule: "PUMPING_GUARD",
      code: "DESTINATION_LIMITED",
      description: descriptions[kind],
      retryAfterMs: guardWindowMs - (nowMs % guardWindowMs),
    };
  };
};
