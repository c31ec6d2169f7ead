/** Who calls: the API key in `authorization: Bearer …`, checked on every call. */
import type { CallContext } from "nice-grpc-common";
import type { ApiKeys, Principal } from "../app/api-keys.ts";
import { SmsError } from "../domain/errors.ts";

const bearerForm = /^bearer +([\x21-\x7e]{1,256})$/i;

/** The key in the header, or undefined where it has none in good form. */
export function bearerOf(authorization: unknown): string | undefined {
  return typeof authorization === "string" ? bearerForm.exec(authorization)?.[1] : undefined;
}

/** The caller, or INVALID_CREDENTIALS. At once where the key is known, which spares each call two promises. */
export function authenticate(
  context: CallContext,
  keys: Pick<ApiKeys, "verify">,
): Principal | Promise<Principal> {
  const presented = bearerOf(context.metadata.get("authorization"));
  if (presented === undefined) return refuseStranger(undefined);
  const found = keys.verify(presented);
  return found instanceof Promise ? found.then(refuseStranger) : refuseStranger(found);
}

function refuseStranger(principal: Principal | undefined): Principal {
  if (principal === undefined) throw new SmsError("INVALID_CREDENTIALS");
  return principal;
}

/** Refuses with ACCESS_DENIED whoever is no operator. */
export function requireOperator(principal: Principal): void {
  if (principal.role !== "OPERATOR") throw new SmsError("ACCESS_DENIED");
}
