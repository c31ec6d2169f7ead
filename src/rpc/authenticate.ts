/** Who calls: the API key in `authorization: Bearer …`, checked on every call. */
import type { CallContext } from "nice-grpc-common";
import type { ApiKeys, Principal } from "../app/api-keys.ts";
import { SmsError } from "../domain/errors.ts";

const bearerForm = /^bearer +([\x21-\x7e]{1,256})$/i;

/** The caller, or INVALID_CREDENTIALS. */
export async function authenticate(context: CallContext, keys: Pick<ApiKeys, "verify">): Promise<Principal> {
  const presented = bearerForm.exec(context.metadata.get("authorization") ?? "")?.[1];
  const principal = presented === undefined ? undefined : await keys.verify(presented);
  if (principal === undefined) throw new SmsError("INVALID_CREDENTIALS");
  return principal;
}

/** Refuses with ACCESS_DENIED whoever is no operator. */
export function requireOperator(principal: Principal): void {
  if (principal.role !== "OPERATOR") throw new SmsError("ACCESS_DENIED");
}
