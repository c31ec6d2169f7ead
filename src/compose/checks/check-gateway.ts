/** Whether a gateway's SMSC can be reached and accepts its account. */

import type { GatewayConfig } from "../../config/gateway-schema.ts";
import { assertNever } from "../../domain/assert-never.ts";
import type { SessionRole } from "../../gateways/smpp/bind.ts";
import { ESME_RALYBND } from "../../gateways/smpp/classify-status.ts";
import { type ProbeOutcome, probeBind, probeConnection } from "../../gateways/smpp/probe.ts";
import type { Clock } from "../../observability/clock.ts";
import { commandStatusName } from "../../smpp/command-status.ts";
import { smppSettingsOf } from "../gateways/gateway-settings.ts";
import type { Finding } from "./finding.ts";

/** Connects, and binds and unbinds in each role of the gateway where `isBinding`. */
export async function checkGateway(
  config: GatewayConfig,
  isBinding: boolean,
  clock: Clock,
): Promise<readonly Finding[]> {
  const settings = smppSettingsOf(config);
  const address = `${config.host}:${config.port}${config.tls === undefined ? "" : " (TLS)"}`;
  const describe = (outcome: ProbeOutcome, done: string): Finding => {
    const subject = `gateway ${config.id}`;
    switch (outcome.kind) {
      case "reached":
        return { subject, level: "ok", text: `${address} ${done}` };
      case "failed":
        return { subject, level: "fail", text: `${address} cannot be reached or used: ${outcome.reason}` };
      case "refused":
        return { subject, ...refusalOf(outcome.commandStatus, address) };
      default:
        return assertNever(outcome);
    }
  };
  if (!isBinding) return [describe(await probeConnection(settings, clock), "takes connections")];
  const roles: readonly SessionRole[] =
    config.bindMode === "transceiver" ? ["transceiver"] : ["transmitter", "receiver"];
  const findings: Finding[] = [];
  for (const role of roles) {
    const done = `takes ${config.systemId} as ${role}`;
    findings.push(describe(await probeBind(settings, role, clock), done));
  }
  return findings;
}

function refusalOf(commandStatus: number, address: string): Pick<Finding, "level" | "text"> {
  const name = commandStatusName(commandStatus);
  if (commandStatus === ESME_RALYBND) {
    return { level: "warn", text: `${address} answers ${name}: the account is bound already, elsewhere` };
  }
  return { level: "fail", text: `${address} refuses the bind with ${name}` };
}
