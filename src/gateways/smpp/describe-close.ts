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
      return describeError(reason.error);
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

/** The message of an error; its code where a host with several addresses leaves the message empty. */
export function describeError(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.message !== "") return error.message;
  return "code" in error ? String(error.code) : error.name;
}
