/** What a gateway of kind `http` has in the configuration: one account at one provider's API, which a profile describes. */
import { z } from "zod";
import { isSafeUrl } from "../oidc/issuer.ts";
import { parseProfile } from "../providers/parse-profile.ts";
import type { ProviderProfile } from "../providers/profile.ts";
import { readShipped, shippedNames } from "../providers/shipped-profiles.ts";
import { suggestName } from "./describe-issue.ts";
import { type ReferenceReader, secret } from "./references.ts";
import { clientTls } from "./tls-files.ts";
import { duration, whole } from "./values.ts";

const apiUrl = z
  .string()
  .max(2_048)
  .refine(
    (url) => isSafeUrl(url) && new URL(url).search === "" && new URL(url).hash === "",
    "must be an https URL without user, password and query, or http on a loopback address",
  );

/** The name of a profile that ships, or the path of one's own. */
const provider = (reader: ReferenceReader) =>
  z
    .string()
    .min(1)
    .transform((name, context): ProviderProfile => {
      const refuse = (message: string) => {
        context.addIssue({ code: "custom", message });
        return z.NEVER;
      };
      let text: string | undefined;
      try {
        text = /\.ya?ml$/.test(name) ? reader.readFile(name) : readShipped(name);
      } catch (error) {
        return refuse(error instanceof Error ? error.message : String(error));
      }
      if (text === undefined) {
        const names = shippedNames();
        const meant = suggestName(name, names);
        const hint = meant === undefined ? `one of ${names.join(", ")}` : `did you mean ${meant}?`;
        return refuse(`is neither the path of a .yaml file nor a profile that ships; ${hint}`);
      }
      const parsed = parseProfile(text);
      if (parsed.kind === "profile") return parsed.profile;
      const [first] = parsed.faults;
      return refuse(`names a profile with a fault: ${first?.path ?? ""} ${first?.rule ?? ""}`);
    });

export const httpGateway = (reader: ReferenceReader) => ({
  kind: z.literal("http"),
  provider: provider(reader),
  url: apiUrl.optional(),
  tokenUrl: apiUrl.optional(),
  tls: clientTls(reader).optional(),
  account: z.record(z.string(), secret(reader)).default({}),
  sessions: whole(1, 32).default(4),
  window: whole(1, 1_000).default(8),
  connectTimeout: duration("100ms", "5m").default(10_000),
  responseTimeout: duration("100ms", "10m").default(30_000),
  ambiguityHold: duration("0", "10m").default(10_000),
  reconnectMin: duration("10ms", "1h").default(500),
  reconnectMax: duration("100ms", "1h").default(10_000),
});

interface Checked {
  readonly provider: ProviderProfile;
  readonly account: Readonly<Record<string, string>>;
  readonly lanes?: readonly string[] | undefined;
}

/** The account has what its provider asks for and nothing else, and the gateway no lanes that the provider does not take. */
export function checkProvider(
  { provider: profile, account, lanes }: Checked,
  context: z.RefinementCtx,
): void {
  const refuse = (path: string[], message: string) => context.addIssue({ code: "custom", path, message });
  const asked = Object.entries(profile.account);
  for (const [name, { default: usual }] of asked) {
    if (usual === undefined && (account[name] ?? "") === "") refuse(["account", name], "is required");
  }
  for (const name of Object.keys(account)) {
    if (Object.hasOwn(profile.account, name)) continue;
    const meant = suggestName(name, Object.keys(profile.account));
    const hint = meant === undefined ? "" : `; did you mean ${meant}?`;
    refuse(["account", name], `is nothing that ${profile.name} asks for${hint}`);
  }
  const taken: readonly string[] | undefined = profile.lanes;
  if (taken !== undefined && (lanes === undefined || lanes.some((lane) => !taken.includes(lane)))) {
    refuse(["lanes"], `must be given: ${profile.name} takes ${taken.join(", ")} only`);
  }
}
