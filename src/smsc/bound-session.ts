/** What the desks need to know about a session. */
import type { SmppConnection } from "../smpp/connection.ts";
import type { ConnectionHandle } from "./behaviours/behaviour.ts";

export interface BoundSession {
  readonly id: number;
  readonly systemId: string;
  readonly connection: SmppConnection;
  readonly handle: ConnectionHandle;
  /** Whether nothing may be sent to it any more. */
  isGone(): boolean;
}
