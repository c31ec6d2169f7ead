/** HTTP gateways for tests: a profile written here, so that what ships is not what is tested against itself. */
import { createHttpGateway } from "../../src/gateways/http/create-http-gateway.ts";
import type { HttpGatewaySettings } from "../../src/gateways/http/settings.ts";
import { type Clock, systemClock } from "../../src/observability/clock.ts";
import { silentLogger } from "../../src/observability/logger.ts";
import { parseProfile } from "../../src/providers/parse-profile.ts";
import type { ProviderProfile } from "../../src/providers/profile.ts";
import { createRecordingListener, gatewayId, type RecordingListener } from "./smpp-gateway.ts";

const plainProfile = `
name: plain
title: A plain API
source: this test
date: 2026-12-01
mark: documented
url: https://sms.example
account: { key: { secret: true } }
auth: { kind: bearer, token: "\${account.key}" }
number: e164
request: { path: /send, json: { to: "\${recipient}", from: "\${sender}", text: "\${text}", ref: "\${reference}" } }
answer:
  - { when: { status: 2xx, path: error, exists: true }, class: recipient, code: error }
  - { when: { status: 2xx }, class: accepted, id: id }
  - { when: { status: 400, path: error, in: [unroutable] }, class: route, code: error, blamesGateway: true }
receipts: none
`;

/** The same, called back at an address for each message. */
export const calledBack = plainProfile
  .replace("ref:", 'url: "${callbackUrl}", ref:')
  .replace(
    "receipts: none",
    "receipts: { format: json, id: id, recipient: to, status: status, verdicts: { DELIVERED: [done] } }",
  );

/** A profile out of its text, or the plain one. */
export function profileOf(text = plainProfile): ProviderProfile {
  const parsed = parseProfile(text);
  if (parsed.kind === "profile") return parsed.profile;
  throw new Error(parsed.faults.map(({ path, rule }) => `${path} ${rule}`).join("; "));
}

export function httpSettings(url: string, more: Partial<HttpGatewaySettings> = {}): HttpGatewaySettings {
  return {
    id: gatewayId,
    provider: profileOf(),
    url,
    account: { key: "s3cret" },
    sessions: 2,
    window: 4,
    connectTimeoutMs: 10_000,
    responseTimeoutMs: 60_000,
    ambiguityHoldMs: 0,
    reconnectMinMs: 2,
    reconnectMaxMs: 10,
    ...more,
  };
}

export interface StartedHttpGateway {
  readonly gateway: ReturnType<typeof createHttpGateway>;
  readonly listener: RecordingListener;
}

/** Makes and starts a gateway, and waits until it can send. */
export async function startHttpGateway(
  url: string,
  more: Partial<HttpGatewaySettings> = {},
  deps: { readonly clock?: Clock; readonly mayWrite?: () => boolean } = {},
): Promise<StartedHttpGateway> {
  const gateway = createHttpGateway(httpSettings(url, more), {
    clock: systemClock,
    random: () => 0.5,
    log: silentLogger,
    ...deps,
  });
  const listener = createRecordingListener();
  gateway.start(listener);
  while ((await listener.statuses.next()).kind !== "ready");
  return { gateway, listener };
}
