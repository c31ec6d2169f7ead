/**
 * The hash that request ids were kept under before hashes had a scheme and a key: without allow_partial, after defaults. It is compared as
 * long as such rows live, and never written.
 */
import { hash } from "node:crypto";
import { defaultValidityMs } from "../../policy/effective-policy.ts";
import type { SendRequest } from "./request/send-request.ts";

/** SHA-256 over the parsed request. It must stay as it is, defaults included. */
export function unkeyedRequestHash(request: SendRequest): string {
  const { content } = request;
  const canonical = [
    request.sender.address,
    request.recipients.map((recipient) => recipient ?? null),
    content.kind === "text"
      ? content.text
      : [Buffer.from(content.data).toString("base64"), Buffer.from(content.udh).toString("base64")],
    request.clientReference ?? null,
    request.lane ?? "NORMAL",
    request.validityMs ?? defaultValidityMs,
    request.encoding,
    request.transliterate,
    request.maxSegments,
    request.premium,
    request.duplicatePolicy,
    request.dryRun,
    Object.entries(request.metadata),
  ];
  return hash("sha256", JSON.stringify(canonical), "hex");
}
