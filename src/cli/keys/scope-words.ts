/** What a key or an identity may do, as the command line says it. */
import { Scope } from "../../gen/smsrelay/v1/api_key.ts";

export const scopeWords = {
  send: Scope.SCOPE_SEND,
  read: Scope.SCOPE_READ,
  manage: Scope.SCOPE_MANAGE,
  admin: Scope.SCOPE_ADMIN,
} as const;

export type ScopeWord = keyof typeof scopeWords;
