/** Who did what an operator may do, for the log: which key, and where its call came from. */
import type { CallContext } from "nice-grpc-common";
import type { Principal } from "../../app/calls/principal.ts";

export function actor({ keyId }: Principal, { peer }: CallContext) {
  return { by: keyId, peer };
}
