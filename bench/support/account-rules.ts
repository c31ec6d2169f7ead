/**
 * What `bench/accounts.ts` measures: the rules of the account that has some, who calls for it, and who is refused without pause beside it.
 * A rule, or a way of calling, is one line here.
 */
import type { AccountPolicy } from "../../src/gen/smsrelay/v1/account.ts";
import { SenderDecision } from "../../src/gen/smsrelay/v1/admin_service.ts";
import { Scope } from "../../src/gen/smsrelay/v1/api_key.ts";
import type { DeepPartial } from "../../src/gen/smsrelay/v1/sms_service.ts";
import type { RpcClients } from "../../test/support/rpc-client.ts";
import type { Settings } from "../../test/support/service-process.ts";

/** The sender of the requests that benchmarks send. */
const sender = "Shop";

export interface BenchRule {
  /** Its part of the account's policy. */
  readonly policy?: DeepPartial<AccountPolicy>;
  /** What it wants beside the policy, of an operator and once. */
  readonly prepare?: (operator: RpcClients, accountId: string) => Promise<unknown>;
  /** Its part of the service's configuration, which then holds for both accounts. */
  readonly settings?: Settings;
}

export interface BenchCaller {
  readonly name: string;
  /** What stands behind `Bearer`. */
  readonly credential: (operator: RpcClients, accountId: string) => Promise<string>;
  /** Least shares of the rate without rules; undefined where that shape is not measured. */
  readonly single: number | undefined;
  readonly bulk: number | undefined;
}

export const rules: readonly BenchRule[] = [
  { policy: { regions: { allowed: ["SE", "NO", "DK", "FI"] } } },
  { policy: { numberTypes: { allowed: ["MOBILE"] } } },
  { policy: { contentCategories: { denied: ["ADVERTISEMENT"] }, premiumAllowed: false } },
  { policy: { maxSegments: 4, maxTextLength: 1_000, defaultValidity: { seconds: 3_600n } } },
  { policy: { quietHours: { fromMinute: 1_260, untilMinute: 480 } } },
  { policy: { registeredSendersOnly: true }, prepare: approveSender },
];

export const callers: readonly BenchCaller[] = [
  { name: "API key with scopes", credential: keyWithScopes, single: 0.9, bulk: 0.9 },
];

/** Of the account that calls without pause, and the share that it has to leave its neighbour; undefined where nothing is wanted yet. */
export const refusing: { readonly rule: BenchRule; readonly leaves: number | undefined } = {
  rule: { policy: { regions: { denied: ["SE"] } } },
  leaves: undefined,
};

/** For the account without rules, too. */
export async function keyWithScopes(operator: RpcClients, accountId: string): Promise<string> {
  const { secret } = await operator.keys.createKey({
    accountId,
    scopes: [Scope.SCOPE_SEND, Scope.SCOPE_READ],
  });
  return secret;
}

/** The account, with all that its rules want. */
export async function makeAccount(
  operator: RpcClients,
  accountId: string,
  ruledBy: readonly BenchRule[],
): Promise<void> {
  const policy = Object.assign({}, ...ruledBy.map((rule) => rule.policy)) as DeepPartial<AccountPolicy>;
  await operator.admin.createAccount({ account: { accountId, policy } });
  for (const { prepare } of ruledBy) await prepare?.(operator, accountId);
}

async function approveSender(operator: RpcClients, accountId: string): Promise<void> {
  await operator.accounts.requestSender({ accountId, sender: { sender, regionCodes: ["SE", "NO"] } });
  const decision = SenderDecision.SENDER_DECISION_APPROVE;
  await operator.admin.reviewSender({ accountId, sender, decision });
}
