/** POST /oauth/token: access tokens of our own by client credentials (RFC 6749 §4.4), each refusal with its code (§5.2). */
import { type AddressLimit, tooManyCalls } from "../../app/calls/address-limit.ts";
import type { CallerAddresses } from "../../app/calls/caller-address.ts";
import type { FailingAddresses } from "../../app/calls/failing-addresses.ts";
import { describeFailure, type FailureDeps } from "../../app/calls/failure.ts";
import type { KeyVerifier } from "../../app/calls/principal.ts";
import type { Verifications } from "../../app/calls/verifications.ts";
import type { IssueToken, TokenRequest } from "../../app/tokens/issue-token.ts";
import { SmsError } from "../../domain/errors.ts";
import { type ApiAnswer, type ApiRoute, faultAnswer } from "../api/route.ts";
import { readTokenRequest, wrongClient } from "./read-token-request.ts";

export interface TokenRouteDeps extends FailureDeps {
  readonly issue: IssueToken;
  readonly keys: Pick<KeyVerifier, "whyRefused" | "isKnown">;
  readonly addresses: CallerAddresses;
  readonly failing: FailingAddresses;
  readonly verifications: Verifications;
  /** Undefined where addresses may call as often as they like. */
  readonly addressLimit?: AddressLimit | undefined;
}

const maxBodyOctets = 8_192;

export function createTokenRoute(deps: TokenRouteDeps): ApiRoute {
  const { issue, keys, log, addresses, failing, verifications, addressLimit } = deps;
  /** Counted as gRPC's are. */
  const count = (code: "INVALID_CREDENTIALS" | "INVALID_ACCOUNT") =>
    describeFailure(new SmsError(code), deps);

  function comeAgain(refusal: SmsError, description: string): ApiAnswer {
    const { retryAfterMs = 0 } = describeFailure(refusal, deps);
    const retryAfter = String(Math.ceil(retryAfterMs / 1_000));
    return faultAnswer(429, "temporarily_unavailable", description, { "retry-after": retryAfter });
  }

  /** Of an address from which many come at once, some wait for others, so that wrong ones count before the next is verified. */
  async function issueInTurn(asked: TokenRequest, address: string | undefined) {
    if (asked.clientSecrets.some(keys.isKnown)) return issue(asked);
    const verify = async () => {
      const retryAfterMs = failing.heldBackMs(address);
      if (retryAfterMs !== undefined)
        throw new SmsError("THROTTLING_SPAMMING_IP", undefined, { retryAfterMs });
      const issued = await issue(asked);
      if (issued.kind === "wrong_client") failing.note(address);
      return issued;
    };
    try {
      return await verifications.run(() => address, verify);
    } catch (refusal) {
      if (refusal instanceof SmsError && refusal.code === "THROTTLING_SPAMMING_IP")
        return { kind: "held_back", refusal } as const;
      throw refusal;
    }
  }

  return {
    method: "POST",
    path: "/oauth/token",
    maxBodyOctets,
    async answer(request): Promise<ApiAnswer> {
      const address = addresses.of(
        () => [request.headers["x-forwarded-for"] ?? []].flat().join(","),
        request.peer,
      );
      const peer = address ?? request.peer;
      const waitMs = addressLimit?.waitMs(address);
      if (waitMs !== undefined) {
        log.often.warn(
          { peer },
          "Calls are refused: more come from this address than limits.perAddress lets in.",
        );
        return comeAgain(tooManyCalls(waitMs), "Too many calls come from this address.");
      }
      const asked = readTokenRequest(request);
      if ("status" in asked) {
        if (asked.status === 401) {
          count("INVALID_CREDENTIALS");
          log.often.warn(
            { ...keys.whyRefused(undefined), peer },
            "A token was refused to a client for its key.",
          );
        }
        return asked;
      }
      const issued = await issueInTurn(asked, address);
      switch (issued.kind) {
        case "held_back":
          return comeAgain(issued.refusal, "Too many wrong clients came from this address.");
        case "issued": {
          request.know(issued.accountId);
          const { token, lastsMs, scope } = issued;
          return {
            status: 200,
            headers: { pragma: "no-cache" },
            body: { access_token: token, token_type: "Bearer", expires_in: lastsMs / 1_000, scope },
          };
        }
        case "wrong_client":
          count("INVALID_CREDENTIALS");
          log.often.warn(
            { ...keys.whyRefused(asked.clientSecrets[0]), peer },
            "A token was refused to a client for its key.",
          );
          return wrongClient();
        case "suspended": {
          count("INVALID_ACCOUNT");
          const { keyId, accountId: account } = issued;
          log.often.warn(
            { reason: "SUSPENDED", keyId, account, peer },
            "A token was refused to a suspended account.",
          );
          return faultAnswer(400, "unauthorized_client", "The account is suspended.");
        }
        case "wrong_scope":
          return faultAnswer(
            400,
            "invalid_scope",
            "The key does not hold all of these scopes, or they are none.",
          );
      }
    },
  };
}
