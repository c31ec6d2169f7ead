/**
 * A request as it was sent, in one spelling, by which a repeated request_id is compared. It has field numbers and values in the order of
 * the numbers, and pairs of a map by their keys. What is unset is left out, before any default is filled in, and so are request_id and
 * wait_for. A field that the contract gains changes no request that does not set it. The spelling must never change for what it spells
 * today: hashes of it live in stores for as long as request ids do (test/vectors/request-hashes.json).
 */
import type { SendSmsRequest } from "../../gen/smsrelay/v1/sms.ts";

/** JSON, of which only a hash is kept. */
export function canonicalRequest(request: SendSmsRequest): string {
  const fields: unknown[] = [];
  if (request.sender !== "") fields.push(1, request.sender);
  if (request.recipients.length > 0) fields.push(2, request.recipients);
  const { content } = request;
  if (content?.$case === "text") fields.push(3, content.value);
  else if (content !== undefined) {
    const { data, udh } = content.value;
    fields.push(4, [base64(data), base64(udh)]);
  }
  if (request.clientReference !== "") fields.push(6, request.clientReference);
  if (request.lane !== 0) fields.push(7, request.lane);
  const { expiration } = request;
  if (expiration !== undefined) fields.push(8, [String(expiration.value.seconds), expiration.value.nanos]);
  if (request.encoding !== 0) fields.push(9, request.encoding);
  if (request.transliterate) fields.push(10, 1);
  if (request.maxSegments !== 0) fields.push(11, request.maxSegments);
  if (request.premium) fields.push(12, 1);
  if (request.duplicatePolicy !== 0) fields.push(13, request.duplicatePolicy);
  if (request.allowPartial) fields.push(14, 1);
  if (request.dryRun) fields.push(16, 1);
  const keys = Object.keys(request.metadata);
  // Keys are ASCII where a request is taken, so that code units sort as octets do.
  if (keys.length > 0)
    fields.push(
      17,
      keys.sort().map((key) => [key, request.metadata[key]]),
    );
  if (request.contentCategory !== 0) fields.push(24, request.contentCategory);
  if (request.regionCode !== "") fields.push(27, request.regionCode);
  if (request.senderType !== 0) fields.push(28, request.senderType);
  return JSON.stringify(fields);
}

function base64(octets: Uint8Array): string {
  return Buffer.from(octets.buffer, octets.byteOffset, octets.length).toString("base64");
}
