/** The end of a connection as half a sentence for logs and for the gateway's status. */
import { assertNever } from "../../domain/assert-never.ts";
import type { CloseReason } from "../../smpp/connection-options.ts";

/** For instance `the SMSC unbound`. */
export function describeClose(reason: CloseReason): string {
  switch (reason.kind) {
    case "unbound":
      return reason.by === "peer" ? "the SMSC unbound" : "unbound";
    case "ended":
      return "the SMSC closed the connection";
    case "error":
      return reason.error.message;
    case "silent":
      return "the SMSC did not answer enquire_link";
    case "impossible-length":
      return `the SMSC sent a PDU of ${reason.command_length} octets`;
    case "dropped":
      return "the connection was dropped";
    default:
      return assertNever(reason);
  }
}
