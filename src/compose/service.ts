/** The running service as the command that started it sees it. */
import type { Config } from "../config/schema.ts";
import type { Clock } from "../observability/clock.ts";
import type { Logger } from "../observability/logger.ts";
import type { FirstKeys } from "./first-keys.ts";

export interface ServiceDeps {
  readonly clock: Clock;
  readonly log: Logger;
  /** Starts on a file that was copied into a database, too. */
  readonly startsCopied?: boolean | undefined;
}

export interface Service {
  readonly grpcPort: number;
  readonly httpPort: number;
  /** Undefined where `listen.api` is not set. */
  readonly apiPort: number | undefined;
  /** Undefined where `listen.callbacks` is not set. */
  readonly callbacksPort: number | undefined;
  /** Where the keys lie that this start made; undefined where none was missing. */
  readonly firstKeys: FirstKeys | undefined;
  /**
   * Takes the gateways and the certificates of another configuration; everything else in it waits for a restart. Where the listener's
   * certificate cannot be used it rejects, and everything stays as it is.
   */
  reload(config: Config): Promise<void>;
  /** Drains and stops within `shutdown.grace`. Harmless when repeated. */
  stop(): Promise<void>;
}
