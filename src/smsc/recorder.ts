/**
 * Writes each submit to a file before it is answered, one line of JSON each, so that duplicates can be counted across the
 * simulator's own death. Plain write calls: what was written survives the process, not the machine.
 */
import { closeSync, openSync, writeSync } from "node:fs";
import type { PduOf } from "../smpp/pdu.ts";
import { userDataOf } from "../smpp/read-inbound.ts";
import type { LoggedMessage } from "./received-log.ts";

/** One line of the file. */
export interface RecordedSubmit {
  /** Empty where the submit was refused. */
  readonly id: string;
  readonly commandStatus: number;
  readonly systemId: string;
  readonly sessionId: number;
  readonly sequenceNumber: number;
  readonly timeMs: number;
  readonly source: string;
  readonly destination: string;
  readonly esmClass: number;
  readonly dataCoding: number;
  /** User data, header included, in hex. */
  readonly dataHex: string;
  readonly userMessageReference?: number;
  /** SAR reference, total and number of the part. */
  readonly sar?: readonly [number, number, number];
}

export interface Recorder {
  record(message: LoggedMessage, pdu: PduOf<"submit_sm"> | PduOf<"data_sm">): void;
  close(): void;
}

/** Opens a file to append to; throws when it cannot be opened. */
export function openRecorder(path: string): Recorder {
  const file = openSync(path, "a");
  let isOpen = true;
  return {
    record(message, pdu) {
      if (!isOpen) return;
      const { user_message_reference, sar_msg_ref_num, sar_total_segments, sar_segment_seqnum } = pdu.tlvs;
      const hasSar =
        sar_msg_ref_num !== undefined && sar_total_segments !== undefined && sar_segment_seqnum !== undefined;
      const line: RecordedSubmit = {
        id: message.messageId,
        commandStatus: message.commandStatus,
        systemId: message.systemId,
        sessionId: message.sessionId,
        sequenceNumber: pdu.sequence_number,
        timeMs: message.receivedTimeMs,
        source: pdu.body.source_addr,
        destination: pdu.body.destination_addr,
        esmClass: pdu.body.esm_class,
        dataCoding: pdu.body.data_coding,
        dataHex: userDataOf(pdu).toString("hex"),
        ...(user_message_reference === undefined ? {} : { userMessageReference: user_message_reference }),
        ...(hasSar ? { sar: [sar_msg_ref_num, sar_total_segments, sar_segment_seqnum] as const } : {}),
      };
      writeSync(file, `${JSON.stringify(line)}\n`);
    },
    close() {
      if (!isOpen) return;
      isOpen = false;
      closeSync(file);
    },
  };
}
