/** gRPC's library writes its faults to standard error (`E No address added …`); commands and the log report them in their own words. */
import { logVerbosity, setLogVerbosity } from "@grpc/grpc-js";
import type { Environment } from "../../config/environment.ts";

/** Silences it, unless somebody who debugs the library has asked for its lines. */
export function quietGrpc(environment: Environment): void {
  if (environment["GRPC_VERBOSITY"] === undefined) setLogVerbosity(logVerbosity.NONE);
}
