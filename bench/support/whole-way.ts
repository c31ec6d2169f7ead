/**
 * The whole way of a message as benchmarks go it, from the first request to the last final report that a subscriber read: load, service
 * or replicas, SMSC and subscriber in processes of their own, every message submitted over SMPP and its receipt returned.
 */
import { join } from "node:path";
import { type NodeProcess, startNode } from "../../test/support/node-process.ts";
import {
  type ServiceProcess,
  type Settings,
  setUpService,
  startServiceProcess,
} from "../../test/support/service-process.ts";
import { type Load, runLoad } from "../h2load.ts";
import { API_KEY, benchSettings } from "./bench-service.ts";
import { type BenchSmsc, startBenchSmsc } from "./bench-smsc.ts";
import { encodeSendSms, SEND_SMS } from "./send-requests.ts";

/** Requests over all replicas, each with so many recipients. */
export interface Traffic extends Pick<Load, "messages" | "clients" | "streams" | "requests"> {
  readonly recipients: number;
}

export function unaryTraffic(requests: number): Traffic {
  return { messages: [encodeSendSms()], clients: 4, streams: 32, requests, recipients: 1 };
}

const bulkRecipients = 500;

export function bulkTraffic(requests: number): Traffic {
  const messages = [encodeSendSms(bulkRecipients)];
  return { messages, clients: 4, streams: 2, requests, recipients: bulkRecipients };
}

export interface WholeWay extends AsyncDisposable {
  readonly services: readonly ServiceProcess[];
  readonly smsc: BenchSmsc;
  readonly reader: NodeProcess;
  /** Messages a second. */
  run(traffic: Traffic): Promise<number>;
}

export interface WayOptions {
  /** Where configurations and SQLite files go. */
  readonly folder: string;
  /** Further settings of each replica; one for a single service. */
  readonly replicas: readonly Settings[];
  readonly gateway?: Settings;
  /** Another program than this clone's. */
  readonly program?: string;
}

const benchFolder = join(import.meta.dirname, "..");

/** Starts everything; load goes to the replicas in equal shares, and the subscriber reads at the first. */
export async function startWholeWay({ folder, replicas, gateway, program }: WayOptions): Promise<WholeWay> {
  await using started = new AsyncDisposableStack();
  const smsc = started.use(await startBenchSmsc());
  const services: ServiceProcess[] = [];
  for (const [index, settings] of replicas.entries()) {
    const setup = await setUpService(join(folder, `${index}`), {
      ...benchSettings(smsc, gateway),
      ...settings,
    });
    const options = program === undefined ? {} : { program };
    services.push(started.use(await startServiceProcess(setup, options)));
  }
  const ports = services.map(({ setup }) => setup.grpcPort);
  const reader = started.use(startNode(join(benchFolder, "report-reader.ts"), [`${ports[0]}`, API_KEY]));
  await reader.nextLine();
  const running = started.move();
  return {
    services,
    smsc,
    reader,
    async run(traffic) {
      const requests = Math.ceil(traffic.requests / ports.length);
      const clients = Math.ceil(traffic.clients / ports.length);
      const count = requests * ports.length * traffic.recipients;
      reader.write(`${count}`);
      const loads = await Promise.all(
        ports.map((port) =>
          runLoad({ ...traffic, requests, clients, port, method: SEND_SMS, apiKey: API_KEY }),
        ),
      );
      const startTimeMs = Math.min(...loads.map((load) => load.startTimeMs));
      return (count / (Number(await reader.nextLine()) - startTimeMs)) * 1_000;
    },
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}
