/** What `sms-relay/client` exports: the generated client, and the few things that every caller needs with it. */
export { ChannelCredentials } from "@grpc/grpc-js";
export { type CallOptions, ClientError, Metadata, Status } from "nice-grpc-common";
export type { Duration } from "../gen/google/protobuf/duration.ts";
export type { BadRequest, ErrorInfo, QuotaFailure } from "../gen/google/rpc/error_details.ts";
export * from "../gen/smsrelay/v1/delivery.ts";
export * from "../gen/smsrelay/v1/delivery_report.ts";
export * from "../gen/smsrelay/v1/gateway.ts";
export * from "../gen/smsrelay/v1/gateway_service.ts";
export * from "../gen/smsrelay/v1/key_service.ts";
export * from "../gen/smsrelay/v1/maintenance_service.ts";
export * from "../gen/smsrelay/v1/message.ts";
export * from "../gen/smsrelay/v1/sms_service.ts";
// Each generated file has these.
export {
  type DeepPartial,
  type MessageFns,
  protobufFileName,
  protobufPackage,
  type ServerStreamingMethodResult,
} from "../gen/smsrelay/v1/sms_service.ts";
export * from "../gen/smsrelay/v1/status_code.ts";
export * from "../gen/smsrelay/v1/subscription.ts";
export * from "../gen/smsrelay/v1/subscription_service.ts";
export type { CallTimeout } from "./call-timeout.ts";
export { type ConnectOptions, connect, type SmsRelayClient } from "./connect.ts";
export { detailsOf, type ErrorDetails } from "./error-details.ts";
export { type FollowOptions, followReports } from "./follow-reports.ts";
export { leavesDoubt } from "./leaves-doubt.ts";
export { type SendOptions, SendOutcomeUnknown, sendSms } from "./send-sms.ts";
export { serviceConfig } from "./service-config.ts";
