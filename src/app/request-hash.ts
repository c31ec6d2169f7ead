/** The fingerprint of a request, by which a repeated request_id tells the same request from another one. It holds no content. */
import { hash } from "node:crypto";
import type { SendRequest } from "./send-request.ts";

/** SHA-256 over everything that decides what is sent: all of the parsed request but wait_for and request_id. */
export function hashRequest(request: SendRequest): string {
  const { content } = request;
  const canonical = [
    request.sender.address,
    request.recipients.map((recipient) => recipient ?? null),
    content.kind === "text"
      ? content.text
      : [Buffer.from(content.data).toString("base64"), Buffer.from(content.udh).toString("base64")],
    request.clientReference ?? null,
    request.lane,
    request.validityMs,
    request.encoding,
    request.transliterate,
    request.maxSegments,
    request.fast,
    request.duplicatePolicy,
    request.dryRun,
    Object.entries(request.metadata),
  ];
  return hash("sha256", JSON.stringify(canonical), "hex");
}
