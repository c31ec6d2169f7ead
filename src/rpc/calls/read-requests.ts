/**
 * Reads requests off the wire so that nothing of them is lost unseen. The generated decoders drop unknown fields, known ones in another
 * wire type, all behind a broken tag and the map key `__proto__`, and throw at octets that are not protobuf, which the stack answers
 * without details. An older server would send at once what a newer client has scheduled. Here such faults are kept beside the message, and
 * the handlers refuse them like all others.
 */
import { BinaryReader, WireType } from "@bufbuild/protobuf/wire";
import { type FieldViolation, refuseFields, SmsError } from "../../domain/errors.ts";
import { ExplainRouteRequest } from "../../gen/smsrelay/v1/gateway_service.ts";
import { SendSmsRequest, SendSmsRequest_MetadataEntry } from "../../gen/smsrelay/v1/sms.ts";
import {
  PreviewSmsRequest,
  SendSmsBatchRequest,
  SendSmsStreamRequest,
} from "../../gen/smsrelay/v1/sms_service.ts";
import { findStrays, type Stray } from "./find-strays.ts";
import type { MessageType } from "./handlers.ts";
import type { MessageShape } from "./request-shapes.ts";

const metadataField = 17;
/** Of the SendSmsRequest in each request that has one. */
const messageField = 1;
/** Of the many in a SendSmsBatchRequest. */
const messagesField = 2;
const protoKey = "__proto__";

const noFaults: readonly FieldViolation[] = [];
const faultsOf = new WeakMap<object, readonly FieldViolation[]>();
const refusals = new WeakMap<object, () => SmsError>();

/** What the fields of a request cannot tell: what of it would be dropped, and a metadata key that no message can hold. */
export function wireFaultsOf(request: SendSmsRequest): readonly FieldViolation[] {
  return faultsOf.get(request) ?? noFaults;
}

/** Refuses what was not a protobuf message of its method's request, or had more in it than the method knows. */
export function refuseUnreadable(request: object): void {
  const refusal = refusals.get(request);
  if (refusal !== undefined) throw refusal();
}

/** A decoder that keeps faults instead of dropping or throwing them. */
export function keepingFaults(type: MessageType, shape: MessageShape): (octets: Uint8Array) => object {
  const inspect = inspectors.get(type) ?? refuseStrays;
  return (octets) => {
    try {
      const message = type.decode(octets);
      const strays = findStrays(octets, shape);
      // Nearly no request has anything of it, which is seen at one look.
      if (strays.length > 0 || holdsProtoKey(octets)) inspect(message, octets, strays);
      return message;
    } catch {
      const message = type.fromPartial({});
      refusals.set(message, unreadable);
      return message;
    }
  };
}

function unreadable(): SmsError {
  return new SmsError("INVALID_PARAMETER", "The request is not a protobuf message of this method.");
}

type Inspect = (message: object, octets: Uint8Array, strays: readonly Stray[]) => void;

/** The faults of a SendSmsRequest within another request stay with it, as with one on its own; all others refuse the whole. */
function inspectorOf(field: string, messageIn: (request: object) => SendSmsRequest | undefined): Inspect {
  const prefix = `${field}.`;
  const isInner = (stray: Stray) => stray.field.startsWith(prefix);
  return (request, octets, strays) => {
    const message = messageIn(request);
    if (message !== undefined) {
      const inner = strays
        .filter(isInner)
        .map((stray) => ({ ...stray, field: stray.field.slice(prefix.length) }));
      const ofKeys = protoKeyFaults(octets, () => piecesOf(octets, messageField));
      noteFaults(message, ofKeys, inner);
    }
    refuseStrays(
      request,
      octets,
      strays.filter((stray) => !isInner(stray)),
    );
  };
}

/** Those of a SendSmsRequest are refused together with the faults of its fields. */
const inspectors = new Map<object, Inspect>([
  [
    SendSmsRequest,
    (message, octets, strays) =>
      noteFaults(
        message,
        protoKeyFaults(octets, () => [octets]),
        strays,
      ),
  ],
  [SendSmsStreamRequest, inspectorOf("request", (request) => (request as SendSmsStreamRequest).request)],
  [SendSmsBatchRequest, inspectMany],
  [PreviewSmsRequest, inspectorOf("message", (request) => (request as PreviewSmsRequest).message)],
  [ExplainRouteRequest, inspectorOf("message", (request) => (request as ExplainRouteRequest).message)],
]);

/** A caller whose messages have what this service does not know is of another release: none of them is sent. */
function inspectMany(message: object, octets: Uint8Array, strays: readonly Stray[]): void {
  const ofKeys = protoKeyFaults(octets, () => piecesOf(octets, messagesField));
  if (ofKeys.length + strays.length > 0)
    refusals.set(message, () => refuseFields([...ofKeys.map(inMany), ...faults(strays)]));
}

const inMany = (fault: FieldViolation): FieldViolation => ({ ...fault, field: `requests.${fault.field}` });

function refuseStrays(message: object, _octets: Uint8Array, strays: readonly Stray[]): void {
  if (strays.length > 0) refusals.set(message, () => refuseFields(faults(strays)));
}

function noteFaults(message: object, ofKeys: readonly FieldViolation[], strays: readonly Stray[]): void {
  if (ofKeys.length > 0 || strays.length > 0) faultsOf.set(message, [...ofKeys, ...faults(strays)]);
}

function faults(strays: readonly Stray[]): readonly FieldViolation[] {
  return strays.map(({ field, rule }) => ({ field, reason: "INVALID_PARAMETER", description: rule }));
}

function holdsProtoKey(octets: Uint8Array): boolean {
  return Buffer.from(octets.buffer, octets.byteOffset, octets.length).includes(protoKey);
}

/** The decoders drop this key of the metadata. */
function protoKeyFaults(
  octets: Uint8Array,
  requestsIn: () => readonly Uint8Array[],
): readonly FieldViolation[] {
  if (!holdsProtoKey(octets)) return noFaults;
  const entries = requestsIn().flatMap((request) => piecesOf(request, metadataField));
  if (!entries.some((entry) => SendSmsRequest_MetadataEntry.decode(entry).key === protoKey)) return noFaults;
  return [
    { field: "metadata", reason: "INVALID_PARAMETER", description: `must not have the key ${protoKey}` },
  ];
}

/** The values of a repeated or repeatedly given message field. */
function piecesOf(octets: Uint8Array, wanted: number): readonly Uint8Array[] {
  const pieces: Uint8Array[] = [];
  const reader = new BinaryReader(octets);
  while (reader.pos < reader.len) {
    const tag = reader.uint32();
    const wireType: WireType = tag & 7;
    if (tag === 0 || wireType === WireType.EndGroup) break;
    if (tag >>> 3 === wanted && wireType === WireType.LengthDelimited) pieces.push(reader.bytes());
    else reader.skip(wireType);
  }
  return pieces;
}
