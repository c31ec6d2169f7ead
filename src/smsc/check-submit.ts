/** What an SMSC checks before it takes a message: the fields' values, and that they do not contradict each other. */
import { COMMAND_STATUS } from "../smpp/command-status.ts";
import type { PduOf } from "../smpp/pdu.ts";
import { parseSmppTime } from "../smpp/smpp-time.ts";

const DIGITS = /^[0-9]{1,20}$/;

/** The command_status that a submit is refused with; ESME_ROK when nothing is wrong with it. */
export function checkSubmit(pdu: PduOf<"submit_sm"> | PduOf<"data_sm">): number {
  const { body, tlvs } = pdu;
  if (body.dest_addr_ton > 6) return COMMAND_STATUS.ESME_RINVDSTTON;
  if (body.source_addr_ton > 6) return COMMAND_STATUS.ESME_RINVSRCTON;
  if (!DIGITS.test(body.destination_addr)) return COMMAND_STATUS.ESME_RINVDSTADR;
  const sar = [tlvs.sar_msg_ref_num, tlvs.sar_total_segments, tlvs.sar_segment_seqnum];
  const present = sar.filter((value) => value !== undefined).length;
  if (present !== 0 && present !== 3) return COMMAND_STATUS.ESME_RMISSINGOPTPARAM;
  if (present === 3 && (body.esm_class & 0x40) !== 0) return COMMAND_STATUS.ESME_ROPTPARNOTALLWD;
  if (pdu.command === "data_sm") return COMMAND_STATUS.ESME_ROK;
  if (pdu.body.short_message.length > 0 && tlvs.message_payload !== undefined) {
    return COMMAND_STATUS.ESME_ROPTPARNOTALLWD;
  }
  const { schedule_delivery_time: schedule, validity_period: validity } = pdu.body;
  if (schedule !== "" && parseSmppTime(schedule) === undefined) return COMMAND_STATUS.ESME_RINVSCHED;
  if (validity !== "" && parseSmppTime(validity) === undefined) return COMMAND_STATUS.ESME_RINVEXPIRY;
  return COMMAND_STATUS.ESME_ROK;
}

/** Milliseconds from `nowMs` that a time field of a submit means; undefined for an empty one. */
export function delayOf(field: string, nowMs: number): number | undefined {
  const time = field === "" ? undefined : parseSmppTime(field);
  if (time === undefined) return undefined;
  return time.kind === "relative" ? time.durationMs : time.timeMs - nowMs;
}
