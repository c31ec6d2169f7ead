/** `sms-relay audit`: what operators did, for operators. */
import type { Command } from "commander";
import { AuditEntry } from "../../gen/smsrelay/v1/admin_service.ts";
import { type ClientOptions, withClient, withClientOptions } from "../client/client.ts";
import type { CliContext } from "../context.ts";
import { tableText, timeText } from "../output/output.ts";
import { protobufJson } from "../output/protobuf-json.ts";
import { parseCount } from "../sending/message-options.ts";

interface AuditOptions extends ClientOptions {
  readonly by: string;
  readonly subject: string;
  readonly count: number;
}

const examples = `
Examples:
  sms-relay audit --subject shop
  sms-relay audit --by abcdefghijkl --count 1000 --json`;

/** Adds the command. */
export function defineAudit(program: Command, context: CliContext): void {
  const audit = program
    .command("audit")
    .description("Lists what operators did, newest first. Wants an operator's key.")
    .option("--by <key-id>", "only with this key", "")
    .option("--subject <id>", "only to this account, key or gateway", "")
    .option("--count <number>", "at most so many", parseCount, 100)
    .addHelpText("after", examples)
    .action((options: AuditOptions) => listAudit(options, context));
  withClientOptions(audit);
}

async function listAudit(options: AuditOptions, context: CliContext): Promise<void> {
  const { by: keyId, subject, count } = options;
  const found: AuditEntry[] = [];
  await withClient(options, context, "operator", async (client) => {
    for (let pageToken = ""; found.length < count; ) {
      const request = { pageSize: Math.min(1_000, count - found.length), pageToken, keyId, subject };
      const page = await client.admin.listAuditEntries(request, client.callOptions());
      found.push(...page.entries);
      pageToken = page.nextPageToken;
      if (pageToken === "") return;
    }
  });
  if (options.json === true) {
    const json = await protobufJson("AuditEntry", AuditEntry);
    for (const entry of found) context.out(json(entry));
    return;
  }
  if (found.length === 0) return context.out("Nothing.");
  const rows = found.map((entry) => [
    String(entry.entryNumber),
    timeText(entry.entryTime),
    entry.actor === "" ? entry.keyId : entry.actor,
    entry.method.replace(/^smsrelay\.v1\./, ""),
    entry.subject,
    entry.requestJson,
  ]);
  context.out(tableText(["entry", "time", "by", "method", "subject", "request"], rows));
}
