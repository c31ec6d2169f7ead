/** Tests whether a provider can be reached and, where it has a token endpoint, whether that takes the account; nothing is sent. */
import type { Clock } from "../../observability/clock.ts";
import { AccessTokens } from "./access-tokens.ts";
import { ApiConnection } from "./api-connection.ts";
import type { HttpGatewaySettings } from "./settings.ts";

export type ApiProbe =
  | { readonly kind: "reached" | "token" }
  | { readonly kind: "failed"; readonly reason: string };

/** Connects and, where `asksToken`, fetches an access token. */
export async function probeApi(
  settings: HttpGatewaySettings,
  asksToken: boolean,
  clock: Clock,
): Promise<ApiProbe> {
  const { tls, connectTimeoutMs, responseTimeoutMs: timeoutMs, account } = settings;
  const { auth } = settings.provider;
  const open = (url: string) => new ApiConnection({ url, tls, connectTimeoutMs, clock, connections: 1 });
  const api = open(settings.url);
  const reason = await api.probe();
  await api.close();
  if (reason !== undefined) return { kind: "failed", reason };
  if (!asksToken || auth.kind !== "oauth2") return { kind: "reached" };
  const issuer = open(settings.tokenUrl ?? auth.url);
  const obstacle = () => undefined;
  const call: ConstructorParameters<typeof AccessTokens>[0]["call"] = (request) =>
    issuer.call(request, { obstacle, timeoutMs }).end;
  const taken = await new AccessTokens({ auth, account, clock, call }).take();
  await issuer.close();
  if (typeof taken === "string" || taken.kind === "token") return { kind: "token" };
  return { kind: "failed", reason: taken.reason };
}
