/** Plans of content, for previews. */
import type { PreviewAnswer, PreviewSmsInput } from "../../app/sending/preview-sms.ts";
import type { MessagePlan } from "../../encoding/message-plan.ts";
import type { MessagePlan as PbMessagePlan } from "../../gen/smsrelay/v1/message.ts";
import type { PreviewSmsRequest, PreviewSmsResponse } from "../../gen/smsrelay/v1/sms_service.ts";
import { toConcatenation, toEncoding } from "../translate/enums.ts";
import { fromSendSmsRequest, toRecipientOutcome } from "./translate-send-sms.ts";

const maxForcingCharacters = 100;

export function fromPreviewSmsRequest({ message, gatewayId }: PreviewSmsRequest): PreviewSmsInput {
  return { message: message && fromSendSmsRequest(message), gatewayId };
}

export function toPreviewSmsResponse(answer: PreviewAnswer): PreviewSmsResponse {
  return {
    plans: answer.plans.map(({ plan, recipients }) => ({ plan: toPlan(plan), recipients: [...recipients] })),
    rejectedRecipients: answer.rejected.map(toRecipientOutcome),
  };
}

function toPlan(plan: MessagePlan): PbMessagePlan {
  return {
    encoding: toEncoding(plan.encoding),
    singleShiftLanguage: plan.singleShift ?? 0,
    lockingShiftLanguage: plan.lockingShift ?? 0,
    concatenation: toConcatenation(plan.concatenation),
    segments: plan.segments.map((segment) => ({ ...segment, data: Buffer.from(segment.data) })),
    forcingCharacters: plan.forcingCharacters
      .slice(0, maxForcingCharacters)
      .map((forcing) => ({ ...forcing })),
    substitutions: plan.substitutions.map(({ offset, from, to }) => ({
      offset,
      original: from,
      replacement: to,
    })),
  };
}
