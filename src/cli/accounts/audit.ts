/** `sms-relay audit`: what operators did, for operators. */
import { type Command, Option } from "commander";
import { AuditEntry, AuditSubjectKind, auditSubjectKindToJSON } from "../../gen/smsrelay/v1/admin_service.ts";
import { allPages } from "../client/all-pages.ts";
import { type ClientOptions, withClient, withClientOptions } from "../client/client.ts";
import type { CliContext } from "../context.ts";
import { parseCount } from "../option-values.ts";
import { bareName, timeText } from "../output/output.ts";
import { type Listing, printList } from "../output/print-list.ts";

const kinds = {
  account: AuditSubjectKind.AUDIT_SUBJECT_KIND_ACCOUNT,
  key: AuditSubjectKind.AUDIT_SUBJECT_KIND_KEY,
  gateway: AuditSubjectKind.AUDIT_SUBJECT_KIND_GATEWAY,
  identity: AuditSubjectKind.AUDIT_SUBJECT_KIND_IDENTITY,
} as const;

interface AuditOptions extends ClientOptions {
  readonly by: string;
  readonly subject: string;
  readonly kind?: keyof typeof kinds;
  readonly count: number;
}

const examples = `
Examples:
  sms-relay audit --subject shop --kind account
  sms-relay audit --by abcdefghijkl --count 1000 --json`;

/** Adds the command. */
export function defineAudit(program: Command, context: CliContext): void {
  const audit = program
    .command("audit")
    .description("Lists what operators did, newest first. Wants an operator's key.")
    .option("--by <key-id>", "only with this key", "")
    .option("--subject <id>", "only to this account, key or gateway", "")
    .addOption(new Option("--kind <kind>", "only to subjects of this kind").choices(Object.keys(kinds)))
    .option("--count <number>", "at most so many", parseCount, 100)
    .addHelpText("after", examples)
    .action((options: AuditOptions) => listAudit(options, context));
  withClientOptions(audit);
}

async function listAudit(options: AuditOptions, context: CliContext): Promise<void> {
  const { by: keyId, subject, count } = options;
  const { AUDIT_SUBJECT_KIND_UNSPECIFIED } = AuditSubjectKind;
  const subjectKind = options.kind === undefined ? AUDIT_SUBJECT_KIND_UNSPECIFIED : kinds[options.kind];
  const found = await withClient(options, context, "operator", (client) =>
    allPages(async (page) => {
      const request = { ...page, keyId, subject, subjectKind };
      const answer = await client.admin.listAuditEntries(request, client.callOptions());
      return [answer.entries, answer.nextPageToken];
    }, count),
  );
  await printList(found, listing, options, context);
}

const listing: Listing<AuditEntry> = {
  name: "AuditEntry",
  type: AuditEntry,
  head: ["entry", "time", "by", "method", "kind", "subject", "request"],
  rowsOf: (entry) => [
    [
      String(entry.entryNumber),
      timeText(entry.entryTime),
      entry.actor === "" ? entry.keyId : entry.actor,
      entry.method.replace(/^smsrelay\.v1\./, ""),
      entry.subjectKind === 0
        ? ""
        : bareName(auditSubjectKindToJSON(entry.subjectKind), "AUDIT_SUBJECT_KIND"),
      entry.subject,
      entry.requestJson,
    ],
  ],
  none: "Nothing.",
};
