/**
 * Every status code of the product, as one table: number, name, gRPC code, whether a later try may succeed, and its text.
 * The numbers up to 4041, 5000 and 5003 are those of the websms API; the others are ours.
 */

/** The canonical gRPC codes that the table uses, by name (google.rpc.Code). */
export type GrpcCodeName =
  | "OK"
  | "INVALID_ARGUMENT"
  | "NOT_FOUND"
  | "ALREADY_EXISTS"
  | "PERMISSION_DENIED"
  | "UNAUTHENTICATED"
  | "FAILED_PRECONDITION"
  | "RESOURCE_EXHAUSTED"
  | "OUT_OF_RANGE"
  | "ABORTED"
  | "UNAVAILABLE"
  | "INTERNAL";

export interface StatusCodeEntry {
  readonly number: number;
  readonly name: string;
  readonly grpcCode: GrpcCodeName;
  /** Whether the same request may succeed later without a change. */
  readonly isRetryable: boolean;
  readonly text: string;
}

const entry = <Name extends string>(
  number: number,
  name: Name,
  grpcCode: GrpcCodeName,
  isRetryable: boolean,
  text: string,
) => ({ number, name, grpcCode, isRetryable, text }) as const;

export const statusCodes = [
  entry(2000, "OK", "OK", false, "The message was handed to a gateway."),
  entry(2001, "OK_QUEUED", "OK", false, "The message is stored and will be sent."),
  entry(
    4001,
    "INVALID_CREDENTIALS",
    "UNAUTHENTICATED",
    false,
    "The API key, token or certificate is missing, unknown, expired or revoked.",
  ),
  entry(4002, "INVALID_RECIPIENT", "INVALID_ARGUMENT", false, "A recipient is not a valid number."),
  entry(4003, "INVALID_SENDER", "INVALID_ARGUMENT", false, "The sender is neither numeric nor alphanumeric."),
  entry(
    4004,
    "INVALID_MESSAGE_TYPE",
    "INVALID_ARGUMENT",
    false,
    "The kind of content or encoding is not valid.",
  ),
  entry(4008, "INVALID_MESSAGE_ID", "INVALID_ARGUMENT", false, "The client reference is not valid."),
  entry(4009, "INVALID_TEXT", "INVALID_ARGUMENT", false, "The text is empty, too long or not valid."),
  entry(4013, "MSG_LIMIT_EXCEEDED", "RESOURCE_EXHAUSTED", true, "The account's message limit is reached."),
  entry(4014, "UNAUTHORIZED_IP", "PERMISSION_DENIED", false, "The caller's address is not allowed."),
  entry(4015, "INVALID_MESSAGE_PRIORITY", "INVALID_ARGUMENT", false, "The lane is not valid."),
  entry(4016, "INVALID_COD_RETURNADDRES", "INVALID_ARGUMENT", false, "The callback URL is not valid."),
  entry(4019, "PARAMETER_MISSING", "INVALID_ARGUMENT", false, "A required field is missing."),
  entry(4021, "INVALID_ACCOUNT", "PERMISSION_DENIED", false, "The account is disabled."),
  entry(4022, "ACCESS_DENIED", "PERMISSION_DENIED", false, "The key, or the account, does not allow this."),
  entry(4023, "THROTTLING_SPAMMING_IP", "RESOURCE_EXHAUSTED", true, "Too many calls come from this address."),
  entry(
    4025,
    "THROTTLING_TOO_MANY_RECIPIENTS",
    "INVALID_ARGUMENT",
    false,
    "There are too many recipients in one request.",
  ),
  entry(
    4026,
    "MAX_SMS_PER_MESSAGE_EXCEEDED",
    "INVALID_ARGUMENT",
    false,
    "The text needs more segments than allowed.",
  ),
  entry(
    4027,
    "INVALID_MESSAGE_SEGMENT",
    "INVALID_ARGUMENT",
    false,
    "The binary content or its header is not valid.",
  ),
  entry(
    4029,
    "RECIPIENTS_NOT_ALLOWED",
    "PERMISSION_DENIED",
    false,
    "The account may not send to this recipient.",
  ),
  entry(4031, "RECIPIENTS_BLACKLISTED", "FAILED_PRECONDITION", false, "The recipient is suppressed."),
  entry(4034, "INVALID_ATTACHMENT", "INVALID_ARGUMENT", false, "The attachment is not valid."),
  entry(4035, "SMS_DISABLED", "PERMISSION_DENIED", false, "Sending is disabled for this account."),
  entry(4040, "INVALID_CONTENT_CATEGORY", "INVALID_ARGUMENT", false, "The content category is not valid."),
  entry(4041, "INVALID_VALIDITY_PERIODE", "INVALID_ARGUMENT", false, "The validity is outside of its range."),
  entry(
    4100,
    "INSUFFICIENT_BALANCE",
    "FAILED_PRECONDITION",
    false,
    "The balance does not cover the message.",
  ),
  entry(4101, "UNKNOWN_MESSAGE", "NOT_FOUND", false, "The account has no such message."),
  entry(4102, "UNKNOWN_GROUP", "NOT_FOUND", false, "The account has no such group."),
  entry(4103, "UNKNOWN_TEMPLATE", "NOT_FOUND", false, "The account has no such template."),
  entry(
    4104,
    "SENDER_NOT_REGISTERED",
    "PERMISSION_DENIED",
    false,
    "The sender is not registered for the account, or not taken in this country.",
  ),
  entry(4105, "MISSING_TEMPLATE_PARAMETER", "INVALID_ARGUMENT", false, "A template parameter is missing."),
  entry(4106, "REQUEST_ID_REUSED", "ALREADY_EXISTS", false, "The request id was used for another request."),
  entry(4107, "INVALID_SCHEDULE_TIME", "INVALID_ARGUMENT", false, "The time to send at is not valid."),
  entry(4108, "RATE_LIMITED", "RESOURCE_EXHAUSTED", true, "The account sends too fast."),
  entry(
    4109,
    "NOT_CANCELLABLE",
    "FAILED_PRECONDITION",
    false,
    "Nothing of the message can be cancelled any more.",
  ),
  entry(4110, "INVALID_CURSOR", "INVALID_ARGUMENT", false, "The cursor or page token is not one of ours."),
  entry(4111, "CURSOR_EXPIRED", "OUT_OF_RANGE", false, "Reports after the cursor have been deleted."),
  entry(4112, "NO_ROUTE", "FAILED_PRECONDITION", false, "No gateway may carry the message."),
  entry(
    4113,
    "PRICE_LIMIT_EXCEEDED",
    "FAILED_PRECONDITION",
    false,
    "The message costs more than the request allows.",
  ),
  entry(4114, "INVALID_PARAMETER", "INVALID_ARGUMENT", false, "A field is not valid."),
  entry(4115, "UNKNOWN_GATEWAY", "NOT_FOUND", false, "There is no such gateway."),
  entry(4116, "UNKNOWN_SUBSCRIPTION", "NOT_FOUND", false, "The account has no such subscription."),
  entry(4117, "UNKNOWN_CAMPAIGN", "NOT_FOUND", false, "The account has no such campaign."),
  entry(4118, "READER_REPLACED", "ABORTED", false, "Another reader took over the subscription."),
  entry(4119, "UNKNOWN_KEY", "NOT_FOUND", false, "There is no such key."),
  entry(4120, "UNKNOWN_ACCOUNT", "NOT_FOUND", false, "There is no such account."),
  entry(4121, "UNKNOWN_SENDER", "NOT_FOUND", false, "The account has no such sender."),
  entry(4122, "ALREADY_EXISTS", "ALREADY_EXISTS", false, "The id is taken."),
  entry(4123, "STALE_REVISION", "ABORTED", false, "It was changed in between: read it again."),
  entry(4124, "NOT_CHANGEABLE", "FAILED_PRECONDITION", false, "It cannot be changed this way."),
  entry(
    4126,
    "DESTINATION_LIMITED",
    "RESOURCE_EXHAUSTED",
    true,
    "Too much goes to this recipient, or to numbers or a country like it.",
  ),
  entry(
    4128,
    "QUOTA_EXCEEDED",
    "RESOURCE_EXHAUSTED",
    false,
    "The account has as many of these as it may have.",
  ),
  entry(5000, "INTERNAL_ERROR", "INTERNAL", false, "The service failed."),
  entry(5001, "ALL_GATEWAYS_FAILED", "FAILED_PRECONDITION", false, "Every gateway refused the message."),
  entry(5002, "OVERLOADED", "RESOURCE_EXHAUSTED", true, "The service takes no more work for now."),
  entry(
    5003,
    "SERVICE_UNAVAILABLE",
    "UNAVAILABLE",
    true,
    "The service is starting, stopping or without its store.",
  ),
] as const satisfies readonly StatusCodeEntry[];

/** The closed set of status code names. */
export type StatusCodeName = (typeof statusCodes)[number]["name"];

const byName = new Map<string, StatusCodeEntry>(statusCodes.map((code) => [code.name, code]));

/** The table's row for a name. */
export function statusCode(name: StatusCodeName): StatusCodeEntry {
  const found = byName.get(name);
  if (found === undefined) throw new RangeError(`no status code is named ${name}`);
  return found;
}
