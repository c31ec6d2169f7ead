/**
 * A provider's HTTP API as data: what a request looks like and what its answers mean. There are no expressions and no code in it; what
 * interprets it is beside this.
 */
import { z } from "zod";
import { receiptRules } from "./receipt-rules.ts";
import { messageNames, namesIn } from "./template.ts";
import { parsePath } from "./value-path.ts";

const template = z.string().max(2_000);
const path = z
  .string()
  .max(200)
  .refine(
    (value) => parsePath(value) !== undefined,
    "must be a path such as a.b[0], [*].id or messages[to=${recipient}].id",
  );

const tree: z.ZodType<Tree> = z.lazy(() =>
  z.union([template, z.number(), z.boolean(), z.array(tree), z.record(z.string(), tree)]),
);
/** A body before it is filled. */
export type Tree = string | number | boolean | readonly Tree[] | { readonly [name: string]: Tree };

const status = z.union([
  z.int().min(200).max(599),
  z.string().regex(/^[2-5]xx$/, "must be an HTTP status such as 429, or 4xx"),
]);

const when = z
  .strictObject({
    status: z.union([status.transform((one) => [one]), z.array(status).min(1)]).optional(),
    path: path.optional(),
    in: z
      .array(z.union([z.string(), z.number()]))
      .min(1)
      .optional(),
    prefix: z.string().min(1).optional(),
    exists: z.boolean().optional(),
  })
  .refine(({ path: at, in: among, prefix, exists }) => {
    const tests = [among, prefix, exists].filter((test) => test !== undefined).length;
    return at === undefined ? tests === 0 : tests === 1;
  }, "must have one of in, prefix and exists beside path, and none without it");

/** account: for a while. credentials: until somebody resumes the gateway. */
export const answerClasses = [
  "accepted",
  "recipient",
  "route",
  "account",
  "credentials",
  "temporary",
  "throttled",
  "ambiguous",
] as const;

const rule = z
  .strictObject({
    when,
    class: z.enum(answerClasses),
    id: path.optional(),
    code: path.optional(),
    blamesGateway: z.boolean().default(false),
  })
  .refine((one) => one.id === undefined || one.class === "accepted", {
    path: ["id"],
    message: "goes with class accepted",
  });

const templates = z.record(z.string().min(1), template);

const auth = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("none") }),
  z.strictObject({ kind: z.literal("basic"), user: template, password: template }),
  z.strictObject({ kind: z.literal("bearer"), token: template }),
  z.strictObject({
    kind: z.literal("oauth2"),
    /** Whole URL. */
    url: z.string().url(),
    /** Where id and secret stand. */
    credentials: z.enum(["basic", "body"]),
    clientId: template,
    clientSecret: template,
    query: templates.default({}),
    form: templates.default({}),
  }),
]);

const request = z
  .strictObject({
    method: z.enum(["POST", "GET"]).default("POST"),
    path: template.refine((value) => value.startsWith("/"), "must begin with /"),
    headers: templates.default({}),
    query: templates.default({}),
    json: z.record(z.string(), tree).optional(),
    form: templates.optional(),
    xml: z.record(z.string(), tree).optional(),
    omitIfEmpty: z.array(z.string()).max(50).default([]),
  })
  .refine(({ method, json, form, xml }) => {
    const bodies = [json, form, xml].filter((body) => body !== undefined).length;
    return method === "GET" ? bodies === 0 : bodies === 1;
  }, "must have one of json, form and xml, and with GET none");

const seconds = z.int().min(1).max(2_592_000);

export const profileSchema = z
  .strictObject({
    name: z.string().regex(/^[a-z0-9][a-z0-9-]{0,31}$/, "must be 1 to 32 of a-z, 0-9 and dash"),
    title: z.string().min(1),
    /** Where it was written from, and when. */
    source: z.string().min(1),
    date: z.iso.date(),
    /** documented: from the vendor's pages. unsure: something in it is a guess. */
    mark: z.enum(["documented", "unsure"]),
    url: z.string().url(),
    account: z
      .record(
        z.string().regex(/^[a-z][A-Za-z0-9]*$/, "must be a name such as apiToken"),
        z.strictObject({ secret: z.boolean().default(false), default: z.string().optional() }),
      )
      .default({}),
    auth,
    number: z.enum(["e164", "digits", "00"]),
    text: z
      .strictObject({ maxSegments: z.int().min(1).max(255).default(255), ucs2: z.boolean().default(true) })
      .prefault({}),
    validity: z.strictObject({ min: seconds.default(1), max: seconds.default(2_592_000) }).prefault({}),
    /** What a provider calls what we call otherwise. */
    words: z
      .strictObject({
        receipts: z.strictObject({ wanted: z.string(), unwanted: z.string() }).optional(),
        encoding: z.strictObject({ gsm7: z.string(), ucs2: z.string() }).optional(),
        senderKind: z
          .strictObject({
            INTERNATIONAL: z.string(),
            NATIONAL: z.string(),
            SHORT_CODE: z.string(),
            ALPHANUMERIC: z.string(),
          })
          .optional(),
      })
      .prefault({}),
    request,
    answer: z.array(rule).max(100),
    receipts: z.union([z.literal("none"), receiptRules]),
    lanes: z.array(z.enum(["OTP", "NORMAL", "BULK"])).optional(),
  })
  .superRefine((profile, context) => {
    const known = new Set<string>([
      ...messageNames,
      ...Object.keys(profile.account).map((name) => `account.${name}`),
    ]);
    const look = (node: unknown, at: readonly PropertyKey[], among: ReadonlySet<string>): void => {
      if (typeof node === "string") {
        for (const name of namesIn(node)) {
          if (!among.has(name)) {
            context.addIssue({ code: "custom", path: [...at], message: `\${${name}} is not a known name` });
          }
        }
      } else if (typeof node === "object" && node !== null) {
        for (const [key, child] of Object.entries(node)) look(child, [...at, key], among);
      }
    };
    if (profile.receipts !== "none" && !JSON.stringify(profile.request).includes("${callbackUrl}")) {
      const message = "needs a ${callbackUrl} in the request";
      context.addIssue({ code: "custom", path: ["receipts"], message });
    }
    look(profile.request, ["request"], known);
    look(profile.auth, ["auth"], new Set([...known].filter((name) => name.startsWith("account."))));
  });

export type ProviderProfile = z.output<typeof profileSchema>;
export type AnswerRule = ProviderProfile["answer"][number];
export type AnswerClass = (typeof answerClasses)[number];
