/** `sms-relay demo`: the whole product on a temporary folder, with real sockets, and a check of everything that it shows. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Command } from "commander";
import { loadConfig } from "../../config/load.ts";
import { createLogger } from "../../observability/logger.ts";
import { type Simulator, startSimulator } from "../../smsc/start-simulator.ts";
import { withClient } from "../client/client.ts";
import { type CliContext, CliFailure, exitCodes } from "../context.ts";
import { runDemoScript } from "./demo-script.ts";

/** The demonstration takes a few seconds; one that takes this long has failed. */
const longestMs = 30_000;

const notes = `
Example:
  sms-relay demo

It starts two simulated SMSCs, of which the first refuses numbers that begin with +4673, the service with its store in a
temporary folder, and sends 504 messages. Nothing is left behind.`;

/** Adds the command. */
export function defineDemo(program: Command, context: CliContext): void {
  program
    .command("demo")
    .description("Sends real messages through a simulator and shows their reports.")
    .addHelpText("after", notes)
    .action(() => demo(context));
}

async function demo(context: CliContext): Promise<void> {
  const { clock } = context;
  await using parts = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), "sms-relay-demo-"));
  parts.defer(() => rm(folder, { recursive: true, force: true }));
  const startMs = clock.monotonic();

  const north = await startSimulator({
    port: 0,
    receiptDelayMs: 200,
    receiptJitterMs: 300,
    rules: [
      { prefix: "4673", submitStatus: 0x45 },
      { suffix: "99001", state: "UNDELIV", error: 1 },
    ],
    clock,
  });
  parts.defer(() => north.stop());
  const south = await startSimulator({ port: 0, receiptDelayMs: 200, clock });
  parts.defer(() => south.stop());

  const key = "a-key-that-lives-as-long-as-the-demo";
  const file = join(folder, "sms-relay.yaml");
  // JSON is YAML.
  await writeFile(file, JSON.stringify(configuration(north, south, key)));
  const { config } = loadConfig({ file, environment: {}, workingDirectory: folder });
  const log = createLogger({
    ...config.logging,
    isTerminal: context.progress !== undefined,
    clock,
    destination: { write: (line) => context.err(line.trimEnd()) },
  });
  const { startService } = await loadService();
  const service = await startService(config, { clock, log });
  parts.defer(() => service.stop());
  const address = `127.0.0.1:${service.grpcPort}`;
  context.out(
    `sms-relay listens on ${address}; SMSC north on port ${north.port} refuses +4673…, SMSC south on port ${south.port} takes all.` +
      ` Ready after ${Math.round(clock.monotonic() - startMs)} ms.\n`,
  );

  const timeout = AbortSignal.timeout(longestMs);
  const signal = AbortSignal.any([context.signal, timeout]);
  await Promise.all([north, south].map((simulator) => simulator.waitUntil(({ binds }) => binds > 0, signal)));
  const inFolder = { ...context, environment: {}, workingDirectory: folder, signal };
  try {
    await withClient({ address, key, timeout: longestMs / 1_000 }, inFolder, "default", (client) =>
      runDemoScript({ client, context: inFolder, north, south }),
    );
  } catch (error) {
    if (context.signal.aborted) throw new CliFailure(exitCodes.failed, "Stopped; nothing is left behind.");
    if (timeout.aborted)
      throw new CliFailure(exitCodes.failed, `Not all reports came within ${longestMs / 1_000} s.`);
    throw error;
  }
}

/**
 * Loaded late, so that help does not wait for the whole service. A function of its own, because tsc does not rewrite the extension of an
 * import inside code where it rewrites `await using`.
 */
function loadService() {
  return import("../../compose.ts");
}

function configuration(north: Simulator, south: Simulator, key: string) {
  const gateway = (id: string, { port }: Simulator, priority: number) => ({
    id,
    kind: "smpp",
    host: "127.0.0.1",
    port,
    systemId: "demo",
    password: "demo",
    priority,
  });
  return {
    listen: { grpc: { port: 0 }, http: { port: 0 } },
    store: { path: "sms-relay.db", minFreeDisk: "0" },
    accounts: [{ id: "demo", role: "OPERATOR", keys: [key] }],
    gateways: [gateway("north", north, 10), gateway("south", south, 20)],
    logging: { level: "error" },
    shutdown: { grace: "3s" },
  };
}
