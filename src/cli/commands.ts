/** The list of commands. Only the one that is called is loaded, so that help comes at once. */
import type { Command } from "commander";
import type { CliContext } from "./context.ts";

export interface CommandEntry {
  readonly name: string;
  readonly summary: string;
  readonly load: () => Promise<(program: Command, context: CliContext) => void>;
}

export const commands: readonly CommandEntry[] = [
  { name: "serve", summary: "run the service", load: async () => (await import("./serve.ts")).defineServe },
  {
    name: "send",
    summary: "send a message, or many from a CSV file",
    load: async () => (await import("./send.ts")).defineSend,
  },
  {
    name: "status",
    summary: "show what became of a message",
    load: async () => (await import("./status.ts")).defineStatus,
  },
  {
    name: "watch",
    summary: "follow delivery reports",
    load: async () => (await import("./watch.ts")).defineWatch,
  },
  {
    name: "preview",
    summary: "show how a text is coded and cut",
    load: async () => (await import("./preview.ts")).definePreview,
  },
  {
    name: "cancel",
    summary: "cancel what is not on its way yet",
    load: async () => (await import("./cancel.ts")).defineCancel,
  },
  {
    name: "list",
    summary: "list messages, newest first",
    load: async () => (await import("./list.ts")).defineList,
  },
  {
    name: "subscriptions",
    summary: "make, list and delete reading positions of reports",
    load: async () => (await import("./subscriptions.ts")).defineSubscriptions,
  },
  {
    name: "gateways",
    summary: "look at gateways, pause and resume them, explain routes",
    load: async () => (await import("./gateways.ts")).defineGateways,
  },
  {
    name: "keys",
    summary: "make, list and revoke API keys",
    load: async () => (await import("./keys.ts")).defineKeys,
  },
  {
    name: "simulate",
    summary: "run an SMSC simulator",
    load: async () => (await import("./simulate.ts")).defineSimulate,
  },
  {
    name: "backup",
    summary: "copy the store of a running service to a file",
    load: async () => (await import("./backup.ts")).defineBackup,
  },
  {
    name: "check",
    summary: "check the configuration and everything that it names",
    load: async () => (await import("./check.ts")).defineCheck,
  },
  {
    name: "migrate",
    summary: "bring the store to this program's schema without starting the service",
    load: async () => (await import("./migrate.ts")).defineMigrate,
  },
  {
    name: "copy",
    summary: "move a stopped service's store from SQLite into PostgreSQL",
    load: async () => (await import("./copy.ts")).defineCopy,
  },
  {
    name: "demo",
    summary: "send real messages through a simulator and show their reports",
    load: async () => (await import("./demo.ts")).defineDemo,
  },
  {
    name: "config",
    summary: "check a configuration, print its schema",
    load: async () => (await import("./config.ts")).defineConfig,
  },
];
