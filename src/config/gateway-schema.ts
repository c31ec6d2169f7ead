/** One gateway in the configuration: what it can carry and what it may be used for, whatever its kind; each kind has a schema beside this. */
import { z } from "zod";
import { lanes } from "../domain/message.ts";
import type { RouteRules } from "../routing/route-rules.ts";
import { checkProvider, httpGateway } from "./http-gateway-schema.ts";
import type { ReferenceReader } from "./references.ts";
import { smppGateway } from "./smpp-gateway-schema.ts";
import { accountId, country, sender } from "./text-forms.ts";
import { whole } from "./values.ts";

const prefix = z.string().regex(/^\+[1-9][0-9]{0,14}$/, "must be a number's beginning such as +4670");

/** `[SE, NO]` is short for `{ allow: [SE, NO] }`. */
const allowDeny = (item: z.ZodString) =>
  z
    .preprocess(
      (value) => (Array.isArray(value) ? { allow: value } : value),
      z.strictObject({
        allow: z.array(item).max(1_000).optional(),
        deny: z.array(item).max(1_000).optional(),
      }),
    )
    .optional();

const gatewayId = z
  .string()
  .regex(/^[a-z0-9][a-z0-9._-]{0,31}$/, "must be 1 to 32 of a-z, 0-9, dot, dash and underscore");

/** What a gateway may be used for; a rule that routing knows and the file cannot say fails the types. */
const rules = {
  countries: allowDeny(country),
  prefixes: allowDeny(prefix),
  senderKinds: z
    .array(z.enum(["NUMERIC", "ALPHANUMERIC"]))
    .min(1)
    .default(["NUMERIC", "ALPHANUMERIC"]),
  senders: z.array(sender).max(1_000).optional(),
  lanes: z.array(z.enum(lanes)).min(1).optional(),
  accounts: z.array(accountId).max(10_000).optional(),
  premium: z.boolean().default(false),
} satisfies Record<keyof RouteRules, z.ZodType>;

const common = {
  id: gatewayId,
  formerIds: z.array(gatewayId).max(10).default([]),
  rate: z.number().min(0.1).max(100_000).optional(),
  burst: whole(1, 100_000).optional(),
  maxResends: whole(0, 10).default(1),
  priority: whole(0, 1_000_000).default(100),
  weight: whole(0, 1_000).default(1),
  ...rules,
  paused: z.boolean().default(false),
};

/** The schema of a gateway: what every kind has, and what its own has. */
export const gatewaySchema = (reader: ReferenceReader) =>
  z.discriminatedUnion("kind", [
    z.strictObject({ ...common, ...smppGateway(reader) }),
    z.strictObject({ ...common, ...httpGateway(reader) }).superRefine(checkProvider),
  ]);

/** A gateway as the configuration describes it, with every gap filled. */
export type GatewayConfig = z.output<ReturnType<typeof gatewaySchema>>;

const settingsOfRules = z.object(rules);

/** The settings of its rules, whole, so that routing gets one that is added here without further ado. */
export const rulesOf = (config: GatewayConfig): RouteRules => settingsOfRules.parse(config);
