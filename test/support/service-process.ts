/**
 * The service as a process of its own, as `npm start` runs it, on a configuration and a folder of its own.
 */
import { mkdir, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { join } from "node:path";
import { findFreePort } from "./free-port.ts";
import { type NodeProcess, type NodeProcessOptions, START_FLAGS, startNode } from "./node-process.ts";

/** Keys in every configuration written here. */
export const ACCOUNT_KEY = "account-key-of-tests-and-benchmarks-0001";
export const OPERATOR_KEY = "operator-key-of-tests-and-benchmarks-001";

export interface ServiceSetup {
  readonly folder: string;
  readonly configPath: string;
  readonly databasePath: string;
  readonly grpcPort: number;
  readonly httpPort: number;
}

/** Settings as they stand in sms-relay.yaml. */
export type Settings = Readonly<Record<string, unknown>>;

/** Writes a configuration on free loopback ports; `settings` are its further sections. */
export async function setUpService(folder: string, settings: Settings): Promise<ServiceSetup> {
  await mkdir(folder, { recursive: true });
  const [grpcPort, httpPort] = [await findFreePort(), await findFreePort()];
  const databasePath = join(folder, "sms-relay.db");
  const configPath = join(folder, "sms-relay.yaml");
  const config = {
    listen: { grpc: { host: "127.0.0.1", port: grpcPort }, http: { host: "127.0.0.1", port: httpPort } },
    store: { path: databasePath },
    accounts: [
      { id: "shop", keys: [ACCOUNT_KEY] },
      { id: "operator", role: "OPERATOR", keys: [OPERATOR_KEY] },
    ],
    logging: { level: "warn" },
    ...settings,
  };
  // JSON is YAML.
  await writeFile(configPath, JSON.stringify(config, null, 2));
  return { folder, configPath, databasePath, grpcPort, httpPort };
}

export interface ServiceProcess extends NodeProcess {
  readonly setup: ServiceSetup;
  /** Milliseconds from the start of `node` until it took calls. */
  readonly startMs: number;
}

const mainPath = join(import.meta.dirname, "../../bin/sms-relay.cjs");
const READY_PATIENCE_MS = 120_000;

/** Starts the service, or a `program` that becomes one, and waits until it takes calls. */
export async function startServiceProcess(
  setup: ServiceSetup,
  { program = mainPath, ...options }: NodeProcessOptions & { readonly program?: string } = {},
): Promise<ServiceProcess> {
  const start = performance.now();
  for (;;) {
    const child = startNode(program, ["serve", "--config", setup.configPath], {
      nodeFlags: START_FLAGS,
      cwd: setup.folder,
      ...options,
    });
    try {
      await waitUntilReady(child, setup.grpcPort);
      return { ...child, setup, startMs: performance.now() - start };
    } catch (cause) {
      await child.stop();
      // It gives a database 5 s to take its connection; whoever runs it on a busy machine starts it again.
      const isWorthAnother = child.errorText().includes("timeout expired");
      if (!isWorthAnother || performance.now() - start > READY_PATIENCE_MS) throw cause;
    }
  }
}

/** Ready means that the gRPC door, which opens last, takes connections. */
async function waitUntilReady(child: NodeProcess, grpcPort: number): Promise<void> {
  const deadline = performance.now() + READY_PATIENCE_MS;
  while (performance.now() < deadline) {
    if (child.hasEnded()) throw new Error(`the service ended at its start:\n${child.errorText()}`);
    if (await takesConnections(grpcPort)) return;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  throw new Error(`the service was not ready within ${READY_PATIENCE_MS} ms:\n${child.errorText()}`);
}

function takesConnections(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    const settle = (taken: boolean) => {
      socket.destroy();
      resolve(taken);
    };
    socket.once("connect", () => settle(true)).once("error", () => settle(false));
  });
}
