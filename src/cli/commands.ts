/** The list of commands. Only the one that is called is loaded, so that help comes at once. */
import type { Command } from "commander";
import type { CliContext } from "./context.ts";

export interface CommandEntry {
  readonly name: string;
  readonly summary: string;
  readonly load: () => Promise<(program: Command, context: CliContext) => void>;
}

export const commands: readonly CommandEntry[] = [
  {
    name: "serve",
    summary: "run the service",
    load: async () => (await import("./service/serve.ts")).defineServe,
  },
  {
    name: "send",
    summary: "send a message, or many from a CSV file",
    load: async () => (await import("./sending/send.ts")).defineSend,
  },
  {
    name: "status",
    summary: "show what became of a message",
    load: async () => (await import("./messages/status.ts")).defineStatus,
  },
  {
    name: "watch",
    summary: "follow delivery reports",
    load: async () => (await import("./reports/watch.ts")).defineWatch,
  },
  {
    name: "preview",
    summary: "show how a text is coded and cut",
    load: async () => (await import("./sending/preview.ts")).definePreview,
  },
  {
    name: "cancel",
    summary: "cancel what is not on its way yet",
    load: async () => (await import("./messages/cancel.ts")).defineCancel,
  },
  {
    name: "list",
    summary: "list messages, newest first",
    load: async () => (await import("./messages/list.ts")).defineList,
  },
  {
    name: "subscriptions",
    summary: "make, list and delete reading positions of reports",
    load: async () => (await import("./subscriptions/subscriptions.ts")).defineSubscriptions,
  },
  {
    name: "gateways",
    summary: "look at gateways, pause and resume them, explain routes",
    load: async () => (await import("./gateways/gateways.ts")).defineGateways,
  },
  {
    name: "keys",
    summary: "make, list and revoke API keys",
    load: async () => (await import("./keys/keys.ts")).defineKeys,
  },
  {
    name: "accounts",
    summary: "make, list and change accounts, suspend and reinstate them",
    load: async () => (await import("./accounts/accounts.ts")).defineAccounts,
  },
  {
    name: "senders",
    summary: "list and ask for senders, approve and reject them",
    load: async () => (await import("./accounts/senders.ts")).defineSenders,
  },
  {
    name: "suppressions",
    summary: "keep the numbers that nothing is sent to, also from and to CSV files",
    load: async () => (await import("./accounts/suppressions.ts")).defineSuppressions,
  },
  {
    name: "rates",
    summary: "import lists of prices, and show what holds for an account",
    load: async () => (await import("./money/rates.ts")).defineRates,
  },
  {
    name: "audit",
    summary: "list what operators did",
    load: async () => (await import("./accounts/audit.ts")).defineAudit,
  },
  {
    name: "identities",
    summary: "say for which account callers with tokens of other issuers act",
    load: async () => (await import("./identities/identities.ts")).defineIdentities,
  },
  {
    name: "simulate",
    summary: "run an SMSC simulator",
    load: async () => (await import("./simulator/simulate.ts")).defineSimulate,
  },
  {
    name: "backup",
    summary: "copy the store of a running service to a file",
    load: async () => (await import("./maintenance/backup.ts")).defineBackup,
  },
  {
    name: "check",
    summary: "check the configuration and everything that it names",
    load: async () => (await import("./service/check.ts")).defineCheck,
  },
  {
    name: "migrate",
    summary: "bring the store to this program's schema without starting the service",
    load: async () => (await import("./service/migrate.ts")).defineMigrate,
  },
  {
    name: "copy",
    summary: "move a stopped service's store from SQLite into PostgreSQL",
    load: async () => (await import("./service/copy.ts")).defineCopy,
  },
  {
    name: "demo",
    summary: "send real messages through a simulator and show their reports",
    load: async () => (await import("./simulator/demo.ts")).defineDemo,
  },
  {
    name: "config",
    summary: "check a configuration, print its schema",
    load: async () => (await import("./service/config.ts")).defineConfig,
  },
];
