/**
 * The whole service in this process, with its store in a temporary folder, against SMSCs over TCP, seen as a caller sees it: through
 * gRPC, by status and by reports.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startService } from "../../src/compose.ts";
import { configSchema } from "../../src/config/schema.ts";
import { type Delivery, DeliveryState } from "../../src/gen/smsrelay/v1/delivery.ts";
import type { DeliveryReport } from "../../src/gen/smsrelay/v1/delivery_report.ts";
import type { Gateway } from "../../src/gen/smsrelay/v1/gateway.ts";
import { SendSmsRequest, StatusView } from "../../src/gen/smsrelay/v1/sms.ts";
import type { SendSmsResponse } from "../../src/gen/smsrelay/v1/sms_service.ts";
import { InitialStart } from "../../src/gen/smsrelay/v1/subscription.ts";
import { createLogger } from "../../src/observability/logger.ts";
import type { SimulatorOptions } from "../../src/smsc/options.ts";
import { type Simulator, startSimulator } from "../../src/smsc/start-simulator.ts";
import { createJumpingClock, type JumpingClock } from "./jumping-clock.ts";
import { connectClients, type RpcClients } from "./rpc-client.ts";

/** Settings as they stand in sms-relay.yaml. */
type Settings = Readonly<Record<string, unknown>>;

/** The key of every world; it may do all that operators may. */
export const WORLD_KEY = "key-of-tests-against-hostile-smscs-00001";

/** A gateway, and the simulator behind it; with `port` the SMSC is the test's own, and with `http` it is an HTTP API of the test's. */
export interface SmscSetup {
  readonly simulator?: SimulatorOptions;
  readonly gateway?: Settings;
  readonly port?: number;
  /** The settings of kind `http`. */
  readonly http?: Settings;
}

export interface ServiceWorld extends AsyncDisposable {
  /** The simulator of the first gateway. */
  readonly smsc: Simulator;
  /** Those of all gateways that have one, in their order. */
  readonly smscs: readonly Simulator[];
  readonly clients: RpcClients;
  readonly address: string;
  /** Where the HTTP API is, where `listen.api` is set. */
  readonly apiUrl: string;
  /** Moves the time of service and simulators. */
  readonly clock: JumpingClock;
  /** Where the store is, for what no door shows yet. */
  readonly databasePath: string;
  /** Sentences logged so far at `warn` and above. */
  readonly sentences: readonly string[];
  /** Sends a short text to one number unless told otherwise. */
  send(fields?: SendFields): Promise<SendSmsResponse>;
  /** The report of the first delivery's state; waits for it. */
  reported(sent: SendSmsResponse, state: DeliveryState): Promise<DeliveryReport>;
  /** The final report of the first delivery; waits for it. */
  ended(sent: SendSmsResponse): Promise<DeliveryReport>;
  /** States reported so far about a message, in order. */
  reportsOf(sent: SendSmsResponse): readonly DeliveryReport[];
  /** The first delivery with its attempts and parts. */
  status(sent: SendSmsResponse): Promise<Delivery>;
  /** Makes all simulators behave and has a message delivered, so that every report before it has been read. */
  settle(): Promise<void>;
  gateway(id: string): Promise<Gateway>;
  /** Takes other gateways, made of those that stand in the configuration now, as SIGHUP does. */
  reload(change: (gateways: readonly Settings[]) => readonly Settings[]): Promise<void>;
  /** Waits until a look at the gateways satisfies `isSo`. */
  untilGateway(id: string, isSo: (gateway: Gateway) => boolean): Promise<Gateway>;
  /** GET of the HTTP door. */
  get(path: string): Promise<{ readonly status: number; readonly text: string }>;
}

export type SendFields = Omit<Partial<SendSmsRequest>, "content"> & {
  readonly to?: string;
  readonly text?: string;
  readonly content?: SendSmsRequest["content"];
};

const FIRST_FINAL: number = DeliveryState.DELIVERY_STATE_DELIVERED;

/** Gateways are named `north`, `south`, `east`, `west` and come in that order. */
export const gatewayNames = ["north", "south", "east", "west"] as const;

/** Starts SMSCs and service; `settings` are further sections of the configuration. */
export async function startServiceWorld(
  setups: readonly SmscSetup[] = [{}],
  settings: Settings = {},
): Promise<ServiceWorld> {
  await using parts = new AsyncDisposableStack();
  const clock = createJumpingClock();
  const folder = mkdtempSync(join(tmpdir(), "sms-relay-world-"));
  parts.defer(() => rmSync(folder, { recursive: true, force: true }));
  const databasePath = join(folder, "sms-relay.db");
  const smscs: Simulator[] = [];
  let gateways: readonly Settings[] = [];
  for (const [index, setup] of setups.entries()) {
    if (setup.http !== undefined) {
      gateways = [
        ...gateways,
        { id: gatewayNames[index], kind: "http", priority: (index + 1) * 10, ...setup.http },
      ];
      continue;
    }
    let { port } = setup;
    if (port === undefined) {
      const smsc = await startSimulator({ port: 0, receiptDelayMs: 5, clock, ...setup.simulator });
      parts.defer(() => smsc.stop({ abruptly: true }));
      smscs.push(smsc);
      port = smsc.port;
    }
    gateways = [...gateways, gatewaySettings(index, port, setup.gateway)];
  }
  const readConfig = () =>
    configSchema({ readVariable: refuse, readFile: refuse }).parse({
      listen: { grpc: { port: 0 }, http: { port: 0 } },
      store: { path: databasePath, minFreeDisk: "0" },
      accounts: [{ id: "shop", role: "OPERATOR", keys: [WORLD_KEY] }],
      gateways,
      shutdown: { grace: "2s" },
      ...settings,
    });
  const sentences: string[] = [];
  const log = createLogger({
    level: "warn",
    showRecipients: false,
    isTerminal: false,
    clock,
    destination: { write: (line) => void sentences.push((JSON.parse(line) as { msg: string }).msg) },
  });
  const service = await startService(readConfig(), { clock, log });
  parts.defer(() => service.stop());
  const address = `127.0.0.1:${service.grpcPort}`;
  const clients = connectClients(address, WORLD_KEY);
  parts.defer(() => clients[Symbol.dispose]());
  const reports = followReports(clients);
  parts.defer(() => reports.stop());

  async function send({ to = "+4790000001", text = "Hello", ...fields }: SendFields = {}) {
    return clients.sms.sendSms(
      SendSmsRequest.create({
        sender: "Acme",
        recipients: [to],
        content: { $case: "text", value: text },
        ...fields,
      }),
    );
  }
  const ended = (sent: SendSmsResponse) =>
    reports.find((report) => report.deliveryId === idOf(sent) && report.state >= FIRST_FINAL);
  const gateway = async (id: string) => {
    const { gateways: all } = await clients.gateways.listGateways({});
    const found = all.find((each) => each.gatewayId === id);
    if (found === undefined) throw new Error(`no gateway ${id}`);
    return found;
  };

  const running = parts.move();
  const [smsc] = smscs;
  return {
    get smsc() {
      if (smsc === undefined) throw new Error("this world has no simulator");
      return smsc;
    },
    smscs,
    clients,
    address,
    apiUrl: `http://127.0.0.1:${service.apiPort}`,
    clock,
    databasePath,
    sentences,
    send,
    ended,
    reported: (sent, state) =>
      reports.find((report) => report.deliveryId === idOf(sent) && report.state === state),
    reportsOf: (sent) => reports.all.filter((report) => report.messageId === sent.messageId),
    async status(sent) {
      const { deliveries } = await clients.sms.getStatus({
        messageId: sent.messageId,
        view: StatusView.STATUS_VIEW_FULL,
      });
      const [delivery] = deliveries;
      if (delivery === undefined) throw new Error("a message without deliveries");
      return delivery;
    },
    async settle() {
      for (const each of smscs) each.behave();
      await ended(await send({ to: "+4790000000", text: "the last one" }));
    },
    gateway,
    async reload(change) {
      gateways = change(gateways);
      await service.reload(readConfig());
    },
    async untilGateway(id, isSo) {
      for (;;) {
        const seen = await gateway(id);
        if (isSo(seen)) return seen;
        await new Promise((resolve) => setImmediate(resolve));
      }
    },
    async get(path) {
      const answer = await fetch(`http://127.0.0.1:${service.httpPort}${path}`);
      return { status: answer.status, text: await answer.text() };
    },
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

function gatewaySettings(index: number, port: number, settings: Settings = {}): Settings {
  return {
    id: gatewayNames[index],
    kind: "smpp",
    host: "127.0.0.1",
    port,
    systemId: "relay",
    password: "secret",
    priority: (index + 1) * 10,
    reconnectMin: "10ms",
    reconnectMax: "100ms",
    ...settings,
  };
}

function idOf(sent: SendSmsResponse): string {
  const id = sent.outcomes[0]?.deliveryId;
  if (id === undefined || id === "") throw new Error("the answer names no delivery");
  return id;
}

function refuse(): never {
  throw new Error("the configuration of a test refers to nothing");
}

/** Reads reports from the first one on, for as long as the world lives. */
function followReports(clients: RpcClients) {
  const all: DeliveryReport[] = [];
  const waiters = new Set<() => void>();
  const stopping = new AbortController();
  let failure: unknown;
  const wake = () => {
    for (const waiter of waiters) waiter();
  };
  const done = (async () => {
    try {
      const request = { start: { initialStart: InitialStart.INITIAL_START_EARLIEST } };
      for await (const page of clients.sms.streamDeliveryReports(request, { signal: stopping.signal })) {
        all.push(...page.reports);
        wake();
      }
    } catch (error) {
      if (!stopping.signal.aborted) failure = error;
      wake();
    }
  })();
  return {
    all,
    find: (isWanted: (report: DeliveryReport) => boolean) =>
      new Promise<DeliveryReport>((resolve, reject) => {
        const look = () => {
          const found = all.find(isWanted);
          if (found === undefined && failure === undefined) return;
          waiters.delete(look);
          if (found === undefined) reject(failure);
          else resolve(found);
        };
        waiters.add(look);
        look();
      }),
    async stop() {
      stopping.abort();
      await done;
    },
  };
}
