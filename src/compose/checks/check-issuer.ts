/** Whether the keys of an issuer of tokens can be read. */
import type { Clock } from "../../observability/clock.ts";
import type { Issuer } from "../../oidc/issuer.ts";
import { readIssuerKeys } from "../../oidc/read-issuer-keys.ts";
import type { Finding } from "./finding.ts";

export async function checkIssuer(issuer: Issuer, clock: Clock): Promise<Finding> {
  const subject = `issuer ${issuer.issuer}`;
  try {
    const { keys } = await readIssuerKeys(issuer, clock);
    return { subject, level: "ok", text: `publishes ${keys.length} ${keys.length === 1 ? "key" : "keys"}` };
  } catch (thrown) {
    return { subject, level: "fail", text: `its keys cannot be read: ${reasonOf(thrown)}` };
  }
}

/** What fetch says is "fetch failed"; why stands below. */
function reasonOf(thrown: unknown): string {
  if (!(thrown instanceof Error)) return String(thrown);
  return thrown.cause instanceof Error ? thrown.cause.message : thrown.message;
}
