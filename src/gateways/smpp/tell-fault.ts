/** Logs what an SMSC sends out of place: loudly where it may explain why a bind fails. */
import type { Logger } from "../../observability/logger.ts";
import type { ConnectionFault } from "../../smpp/connection-options.ts";

export function tellFault(log: Logger, fault: ConnectionFault, isBinding: boolean): void {
  if (fault.kind === "renumbered-answer") {
    const { command, sequence_number } = fault.pdu;
    log.often.warn(
      { command, asked: fault.asked, answered: sequence_number },
      "The SMSC answered the bind under another sequence number; the answer is taken.",
    );
  } else if (fault.kind === "unexpected-answer" && isBinding) {
    const { command, sequence_number } = fault.pdu;
    log.often.warn(
      { command, answered: sequence_number },
      "The SMSC sent an answer that is none to the bind.",
    );
  } else {
    log.debug({ fault: fault.kind }, "The SMSC sent something that has no place.");
  }
}
