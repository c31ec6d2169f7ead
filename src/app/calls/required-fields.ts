/** The message that a call is about. */
import { refuseFields, SmsError } from "../../domain/errors.ts";
import { type MessageId, parseMessageId } from "../../domain/ids.ts";

/** The id; PARAMETER_MISSING where it is empty, UNKNOWN_MESSAGE where it does not have the form of one. */
export function requireMessageId(value: string): MessageId {
  if (value === "") throw missing("message_id");
  const id = parseMessageId(value);
  if (id === undefined) throw new SmsError("UNKNOWN_MESSAGE");
  return id;
}

/** The refusal for fields that a call cannot do without. */
export function missing(...fields: readonly string[]): SmsError {
  return refuseFields(
    fields.map((field) => ({ field, reason: "PARAMETER_MISSING", description: "is required" })),
  );
}

/** The refusal for a field whose value is not valid. */
export function invalid(field: string, description: string): SmsError {
  return refuseFields([{ field, reason: "INVALID_PARAMETER", description }]);
}
