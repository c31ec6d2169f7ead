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
import { AUDIENCE, CLIENT, startTokenIssuer } from "../../test/support/token-issuer.ts";

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

/** A way of calling with all that it needs beside the service. */
export interface RunningCaller extends AsyncDisposable {
  /** Its part of the service's configuration. */
  readonly settings?: Settings;
  /** What stands behind `Bearer`; good for ten minutes. */
  readonly credential: (operator: RpcClients, accountId: string) => Promise<string>;
}

export interface BenchCaller {
  readonly name: string;
  readonly start: () => Promise<RunningCaller>;
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
  { policy: { ipRanges: { allowed: ["127.0.0.0/8", "::1/128"] } } },
  { policy: { rateLimits: { limits: [limitOf(1n), limitOf(3_600n), limitOf(86_400n)] } } },
  { prepare: suppressMany },
  { policy: { pumpingGuard: { blocks: true, recipientCap: 1_000_000 } } },
];

export const callers: readonly BenchCaller[] = [
  { name: "API key with scopes", start: startKeys, single: 0.9, bulk: 0.9 },
  { name: "OIDC token", start: startIssuer, single: 0.85, bulk: undefined },
];

/** Of the account that calls without pause, each time for more messages than its day has, and the share that it has to leave its neighbour. */
export const refusing: { readonly rule: BenchRule; readonly recipients: number; readonly leaves: number } = {
  rule: { policy: { rateLimits: { limits: [{ window: { seconds: 86_400n }, messageCount: 1n }] } } },
  recipients: 2,
  leaves: 0.9,
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

/** A limit that nothing reaches. */
function limitOf(seconds: bigint) {
  return { window: { seconds }, messageCount: 1_000_000_000n };
}

async function startKeys(): Promise<RunningCaller> {
  return { credential: keyWithScopes, [Symbol.asyncDispose]: async () => {} };
}

async function startIssuer(): Promise<RunningCaller> {
  const issuer = await startTokenIssuer();
  return {
    settings: { issuers: [{ issuer: issuer.issuer, audience: AUDIENCE }] },
    async credential(operator, accountId) {
      const scopes = [Scope.SCOPE_SEND];
      const identity = { issuer: issuer.issuer, value: CLIENT, accountId, scopes };
      await operator.admin.setIdentity({ identity });
      return issuer.token("client.sms.send");
    },
    [Symbol.asyncDispose]: () => issuer[Symbol.asyncDispose](),
  };
}

/** 100,000 numbers, to none of which anything is sent. */
async function suppressMany(operator: RpcClients, accountId: string): Promise<void> {
  for (let from = 0; from < 100_000; from += 500) {
    const upserted = Array.from({ length: 500 }, (_, index) => ({
      recipient: `+4799${String(from + index).padStart(6, "0")}`,
    }));
    await operator.accounts.changeSuppressions({ accountId, upserted });
  }
}

async function approveSender(operator: RpcClients, accountId: string): Promise<void> {
  await operator.accounts.requestSender({ accountId, sender: { sender, regionCodes: ["SE", "NO"] } });
  const decision = SenderDecision.SENDER_DECISION_APPROVE;
  await operator.admin.reviewSender({ accountId, sender, decision });
}
