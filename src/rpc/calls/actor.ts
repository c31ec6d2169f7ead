/** Who did what an operator may do, for the log: which key, and where its call came from. */
import type { Principal } from "../../app/calls/principal.ts";
import type { CallContext } from "./handlers.ts";

export function actor({ keyId }: Principal, { peer }: CallContext) {
  return { by: keyId, peer };
}
