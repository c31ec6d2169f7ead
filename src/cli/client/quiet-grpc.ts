/** gRPC's library writes about its own faults to the error output (`E No address added …`), which commands and the log tell in their own words. */
import { logVerbosity, setLogVerbosity } from "@grpc/grpc-js";
import type { Environment } from "../../config/environment.ts";

/** Silences it, unless somebody who looks for a fault of the library has asked for its lines. */
export function quietGrpc(environment: Environment): void {
  if (environment["GRPC_VERBOSITY"] === undefined) setLogVerbosity(logVerbosity.NONE);
}
