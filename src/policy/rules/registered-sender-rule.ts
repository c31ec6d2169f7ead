/** An account that sends under registered senders alone: exactly as they were approved. */
import type { CallFault, CallRuleMaker } from "./rule.ts";

const fault: CallFault = {
  rule: "REGISTERED_SENDER",
  violations: [
    {
      field: "sender",
      reason: "SENDER_NOT_REGISTERED",
      description: "must be one of the account's that is approved",
    },
  ],
};

export const registeredSenderRule: CallRuleMaker = ({ registeredSendersOnly }, { approved }) => {
  if (registeredSendersOnly !== true) return undefined;
  return ({ sender }) => (sender === undefined || approved.has(sender) ? undefined : fault);
};
