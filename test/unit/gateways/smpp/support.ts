/** Starts a scripted SMSC and a gateway bound to it, and ends both after the test. */
import { afterEach } from "vitest";
import type { SmppGatewaySettings } from "../../../../src/gateways/smpp/settings.ts";
import { type Logger, silentLogger } from "../../../../src/observability/logger.ts";
import { createFakeClock } from "../../../support/fake-clock.ts";
import {
  type ScriptedSession,
  type ScriptedSmsc,
  type ScriptedSmscOptions,
  startScriptedSmsc,
} from "../../../support/scripted-smsc.ts";
import { type StartedGateway, startGateway, untilReady } from "../../../support/smpp-gateway.ts";

export interface Bound extends StartedGateway {
  readonly smsc: ScriptedSmsc;
  /** The first session. */
  readonly session: ScriptedSession;
}

const cleanups: (() => Promise<void>)[] = [];

/** Registers the cleaning; call it once in each test file. */
export function cleanAfterEach(): void {
  afterEach(async () => {
    for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
  });
}

/** Ends something after the test. */
export function onEnd(cleanup: () => Promise<void>): void {
  cleanups.push(cleanup);
}

export async function startSmsc(options: ScriptedSmscOptions = {}): Promise<ScriptedSmsc> {
  const smsc = await startScriptedSmsc(options);
  cleanups.push(() => smsc.stop());
  return smsc;
}

export function startAt(
  smsc: ScriptedSmsc,
  settings: Partial<SmppGatewaySettings> = {},
  log: Logger = silentLogger,
): StartedGateway {
  const started = startGateway(smsc.port, settings, createFakeClock(), log);
  cleanups.push(() => started.gateway.stop(0));
  return started;
}

export async function bind(
  settings: Partial<SmppGatewaySettings> = {},
  options: ScriptedSmscOptions = {},
): Promise<Bound> {
  const smsc = await startSmsc(options);
  const started = startAt(smsc, settings);
  await untilReady(started);
  return { ...started, smsc, session: await smsc.sessions.next() };
}
