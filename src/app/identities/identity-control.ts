/** Sets, removes and lists identities for operators; `identities.ts` keeps them. */
import { certificateIssuer, identityText, parseIdentityText } from "../../domain/caller-identity.ts";
import { type FieldViolation, refuseFields } from "../../domain/errors.ts";
import { accountFormRule, isAccountId, toAccountId } from "../../domain/ids.ts";
import { accountScopes, type Scope, tidyScopes } from "../../domain/scopes.ts";
import type { Clock } from "../../observability/clock.ts";
import type { Identity } from "../../store/records/identities.ts";
import { actOf, type Caller } from "../calls/act.ts";
import { isCleanText, isLongerThan } from "../calls/check-stored-text.ts";
import { type Page, type PageRequest, readPage } from "../calls/page-token.ts";
import type { TokenSealer } from "../calls/sealed-token.ts";
import type { Unknown } from "../calls/unknown.ts";
import type { Identities } from "./identities.ts";

const maxValueLength = 255;

export interface IdentityControlDeps {
  readonly identities: Pick<Identities, "list" | "set" | "remove">;
  readonly sealer: TokenSealer;
  readonly clock: Pick<Clock, "now">;
  /** URLs of the issuers of the configuration; an empty one where clients may show certificates. */
  readonly issuers: readonly string[];
}

export interface IdentityControl {
  /** By issuer, then value; `accountId` empty for all. */
  list(page: PageRequest, accountId: string): Promise<Page<Identity>>;
  /** Sets it, or removes it where `accountId` is empty; answers it as it is now, or whether there was one. */
  set(
    input: {
      readonly issuer: string;
      readonly value: string;
      readonly accountId: string;
      /** Empty for those of an account. */
      readonly scopes: readonly (Scope | Unknown)[];
    },
    caller: Caller,
  ): Promise<Identity | { readonly isRemoved: boolean }>;
}

export function createIdentityControl({
  identities,
  sealer,
  clock,
  issuers,
}: IdentityControlDeps): IdentityControl {
  return {
    async list(page, accountId) {
      // What cannot be an account's id is that of no account.
      if (accountId !== "" && !isAccountId(accountId)) return { entries: [], nextPageToken: undefined };
      const account = accountId === "" ? undefined : toAccountId(accountId);
      const read = (after: string | undefined, limit: number) =>
        identities.list(after === undefined ? undefined : parseIdentityText(after), limit, account);
      return readPage(sealer, `identities ${accountId}`, page, read, identityText);
    },
    async set({ issuer, value, accountId, scopes }, caller) {
      const violations: FieldViolation[] = [];
      const refuse = (field: string, reason: FieldViolation["reason"], description: string) =>
        violations.push({ field: `identity.${field}`, reason, description });
      const isRemoval = accountId === "";
      // What an issuer that is gone left behind can still be removed.
      if (!issuers.includes(issuer) && !(isRemoval && value !== "")) {
        if (issuer === certificateIssuer)
          refuse(
            "issuer",
            "PARAMETER_MISSING",
            "is required, but for certificates, which want listen.grpc.tls.clientCa",
          );
        else if (!isRemoval)
          refuse("issuer", "INVALID_PARAMETER", "must be an issuer of the configuration, letter by letter");
      }
      if (value === "") refuse("value", "PARAMETER_MISSING", "is required");
      else if (isLongerThan(value, maxValueLength) || !isCleanText(value))
        refuse("value", "INVALID_PARAMETER", "must have at most 255 characters, no controls and no U+FFFD");
      if (!isRemoval && !isAccountId(accountId)) refuse("account_id", "INVALID_PARAMETER", accountFormRule);
      const held = scopes.filter((scope) => scope !== "UNRECOGNIZED");
      if (held.length < scopes.length)
        refuse("scopes", "INVALID_PARAMETER", "must be of SEND, READ, MANAGE and ADMIN");
      if (violations.length > 0) throw refuseFields(violations);
      const act = actOf(caller, identityText({ issuer, value }), clock.now());
      if (isRemoval) return { isRemoved: await identities.remove(act, issuer, value) };
      const identity = {
        issuer,
        value,
        accountId: toAccountId(accountId),
        scopes: held.length === 0 ? accountScopes : tidyScopes(held),
      };
      await identities.set(act, identity);
      return identity;
    },
  };
}
