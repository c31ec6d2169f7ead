/** The calls of AdminService on identities: how operators say for which account the caller of a token acts. */
import type { IdentitiesFeature } from "../../app/identities/create-identities.ts";
import { type AdminServiceDefinition, SetIdentityRequest } from "../../gen/smsrelay/v1/admin_service.ts";
import type { Identity as PbIdentity } from "../../gen/smsrelay/v1/identity.ts";
import type { Logger } from "../../observability/logger.ts";
import type { Identity } from "../../store/records/identities.ts";
import { actor, callerOf } from "../calls/caller.ts";
import type { Handlers, ScopesOf } from "../calls/handlers.ts";
import { fromScope, toScope } from "../translate/enums.ts";

export interface IdentityCallsDeps {
  readonly identities: IdentitiesFeature;
  readonly log: Logger;
}

export const identityScopes = {
  listIdentities: "ADMIN",
  setIdentity: "ADMIN",
} as const satisfies ScopesOf<AdminServiceDefinition>;

export function createIdentityCalls({
  identities,
  log,
}: IdentityCallsDeps): Pick<Handlers<AdminServiceDefinition>, keyof typeof identityScopes> {
  return {
    listIdentities: async ({ accountId, ...page }) => {
      const { entries, nextPageToken = "" } = await identities.list(page, accountId);
      return { identities: entries.map(toIdentity), nextPageToken };
    },
    setIdentity: async (request, ...who) => {
      const { issuer = "", value = "", accountId = "", scopes = [] } = request.identity ?? {};
      const caller = await callerOf(SetIdentityRequest, request, ...who);
      const asked = { issuer, value, accountId, scopes: scopes.map(fromScope) };
      const done = await identities.set(asked, caller);
      if ("isRemoved" in done) {
        if (done.isRemoved) log.info({ issuer, value, ...actor(...who) }, "An operator removed an identity.");
        return { identity: undefined, removed: done.isRemoved };
      }
      const fields = { issuer, value, account: done.accountId, scopes: done.scopes };
      log.info({ ...fields, ...actor(...who) }, "An operator set an identity.");
      return { identity: toIdentity(done), removed: false };
    },
  };
}

function toIdentity({ issuer, value, accountId, scopes }: Identity): PbIdentity {
  return { issuer, value, accountId, scopes: scopes.map(toScope) };
}
