/** The configuration of one gateway to a simulator on this machine, quick to come back. */
import type { Settings } from "../../support/service-process.ts";

export const WINDOW = 40;
export const SESSIONS = 2;

export function smscGateway(port: number, settings: Settings = {}): Settings {
  return {
    id: "smsc",
    kind: "smpp",
    host: "127.0.0.1",
    port,
    systemId: "relay",
    password: "secret",
    rate: 100_000,
    window: WINDOW,
    sessions: SESSIONS,
    reconnectMin: "20ms",
    reconnectMax: "200ms",
    ...settings,
  };
}
