/** Answers query_sm, cancel_sm and replace_sm about messages that are still kept (SMPP 3.4 §4.8 to §4.10). */
import { COMMAND_STATUS } from "../smpp/command-status.ts";
import type { SmppConnection } from "../smpp/connection.ts";
import { encodePdu } from "../smpp/encode-pdu.ts";
import { MESSAGE_STATES } from "../smpp/message-state.ts";
import type { PduOf } from "../smpp/pdu.ts";
import { formatAbsoluteTime } from "../smpp/smpp-time.ts";
import type { CounterBoard } from "./counters.ts";
import { type LoggedMessage, type ReceivedLog, submitOf } from "./received-log.ts";
import type { SubmitDesk } from "./submit-desk.ts";

export interface MessageDesk {
  query(pdu: PduOf<"query_sm">, systemId: string, connection: SmppConnection): void;
  cancel(pdu: PduOf<"cancel_sm">, systemId: string, connection: SmppConnection): void;
  replace(pdu: PduOf<"replace_sm">, systemId: string, connection: SmppConnection): void;
}

export function createMessageDesk(
  log: ReceivedLog,
  submitDesk: Pick<SubmitDesk, "finish">,
  board: CounterBoard,
): MessageDesk {
  function find(messageId: string, source: string, systemId: string): LoggedMessage | undefined {
    const message = log.find(messageId);
    if (message === undefined || message.systemId !== systemId) return undefined;
    return submitOf(message).body.source_addr === source ? message : undefined;
  }

  /** Messages between two addresses, for a cancel_sm that names no id. */
  function between(pdu: PduOf<"cancel_sm">, systemId: string): readonly LoggedMessage[] {
    return [...log.messages()].filter((message) => {
      if (message.systemId !== systemId || message.doneTimeMs !== undefined) return false;
      const { body } = submitOf(message);
      return (
        body.source_addr === pdu.body.source_addr &&
        body.destination_addr === pdu.body.destination_addr &&
        (pdu.body.service_type === "" || body.service_type === pdu.body.service_type)
      );
    });
  }

  return {
    query(pdu, systemId, connection) {
      board.count("queries");
      const message = find(pdu.body.message_id, pdu.body.source_addr, systemId);
      if (message === undefined) {
        connection.respond(pdu, { command_status: COMMAND_STATUS.ESME_RQUERYFAIL });
        return;
      }
      connection.respond(pdu, {
        body: {
          message_id: message.messageId,
          final_date: message.doneTimeMs === undefined ? "" : formatAbsoluteTime(message.doneTimeMs),
          message_state: MESSAGE_STATES.find(({ stat }) => stat === message.state)?.state ?? 7,
          error_code: message.error & 0xff,
        },
      });
    },

    cancel(pdu, systemId, connection) {
      board.count("cancels");
      const { message_id, source_addr } = pdu.body;
      const one = message_id === "" ? undefined : find(message_id, source_addr, systemId);
      const found = message_id === "" ? between(pdu, systemId) : one === undefined ? [] : [one];
      const open = found.filter(({ doneTimeMs }) => doneTimeMs === undefined);
      for (const message of open) submitDesk.finish(message, "DELETED", 0);
      connection.respond(pdu, { command_status: open.length > 0 ? 0 : COMMAND_STATUS.ESME_RCANCELFAIL });
    },

    replace(pdu, systemId, connection) {
      board.count("replaces");
      const { message_id, source_addr, short_message, registered_delivery } = pdu.body;
      const message = find(message_id, source_addr, systemId);
      const submit = message === undefined ? undefined : submitOf(message);
      if (message === undefined || message.doneTimeMs !== undefined || submit?.command !== "submit_sm") {
        connection.respond(pdu, { command_status: COMMAND_STATUS.ESME_RREPLACEFAIL });
        return;
      }
      message.frame = encodePdu({ ...submit, body: { ...submit.body, short_message, registered_delivery } });
      connection.respond(pdu);
    },
  };
}
