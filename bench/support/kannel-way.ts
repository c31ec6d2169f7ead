/**
 * The whole way of a message through Kannel, the open-source gateway in C: HTTP request, SMPP, receipt, and a request for each report.
 * As Debian ships it, with its reports in memory and no store, so that it never waits for a disk and a crash loses what it has.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { createConnection } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { findFreePort } from "../../test/support/free-port.ts";
import { startNode } from "../../test/support/node-process.ts";
import { runH2load } from "../h2load.ts";
import { type BenchSmsc, startBenchSmsc } from "./bench-smsc.ts";

const clients = 128;
const benchFolder = join(import.meta.dirname, "..");

export interface KannelRun {
  /** Reported messages a second, from the first request to the last report. */
  readonly rate: number;
  /** How many of the messages were reported, 0 to 1. */
  readonly share: number;
}

export interface KannelWay extends AsyncDisposable {
  /** Sends so many messages, one recipient a request. */
  run(messages: number): Promise<KannelRun>;
}

/** Starts Kannel with an SMSC simulator and a receiver of reports of its own; configuration and logs go to `folder`. */
export async function startKannelWay(folder: string): Promise<KannelWay> {
  await using started = new AsyncDisposableStack();
  const smsc = started.use(await startBenchSmsc());
  const receiver = started.use(startNode(join(benchFolder, "http-counter.ts"), []));
  const receiverPort = Number(await receiver.nextLine());
  const [adminPort, boxPort, sendPort] = [await findFreePort(), await findFreePort(), await findFreePort()];
  const file = join(folder, "kannel.conf");
  await writeFile(file, configuration({ folder, smsc, adminPort, boxPort, sendPort }));
  started.use(await startBox("bearerbox", file, boxPort));
  started.use(await startBox("smsbox", file, sendPort));
  const report = encodeURIComponent(`http://127.0.0.1:${receiverPort}/`);
  const message = "username=bench&password=bench&from=31600000000&to=31612345678&text=Your+code+is+123456";
  const url = `http://127.0.0.1:${sendPort}/cgi-bin/sendsms?${message}&dlr-mask=3&dlr-url=${report}`;
  const running = started.move();
  return {
    async run(messages) {
      receiver.write(`${messages}`);
      const startTimeMs = performance.timeOrigin + performance.now();
      await runH2load(["--h1", "-c", `${clients}`, "-m", "1", "-n", `${messages}`, url]);
      const [count = "0", endTimeMs = "0"] = (await receiver.nextLine()).split(" ");
      const share = Number(count) / messages;
      if (share < 0.5) throw new Error(`Kannel reported ${count} of ${messages} messages`);
      return { rate: (Number(count) / (Number(endTimeMs) - startTimeMs)) * 1_000, share };
    },
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

interface Places {
  readonly folder: string;
  readonly smsc: BenchSmsc;
  readonly adminPort: number;
  readonly boxPort: number;
  readonly sendPort: number;
}

/** Half of the simulator's window: once it is throttled, Kannel sleeps for 15 seconds. */
function configuration({ folder, smsc, adminPort, boxPort, sendPort }: Places): string {
  return `group = core
admin-port = ${adminPort}
admin-password = bench
smsbox-port = ${boxPort}
box-allow-ip = "127.0.0.1"
log-level = 4
log-file = "${folder}/bearerbox.log"
dlr-storage = internal

group = smsc
smsc = smpp
smsc-id = smsc
host = ${smsc.host}
port = ${smsc.port}
smsc-username = relay
smsc-password = secret
system-type = ""
transceiver-mode = true
max-pending-submits = 250

group = smsbox
bearerbox-host = 127.0.0.1
sendsms-port = ${sendPort}
log-level = 4
log-file = "${folder}/smsbox.log"

group = sendsms-user
username = bench
password = bench
`;
}

/** Starts one of Kannel's two processes and waits until it listens. */
async function startBox(name: string, file: string, port: number): Promise<AsyncDisposable> {
  const child = spawn(`/usr/sbin/${name}`, ["-v", "4", file], { stdio: "ignore" });
  await Promise.race([once(child, "spawn"), once(child, "error").then(() => refuseMissing())]);
  await untilListening(child, port);
  return { [Symbol.asyncDispose]: () => end(child) };
}

function refuseMissing(): never {
  throw new Error("Kannel is missing; on Debian: apt-get install kannel");
}

async function untilListening(child: ChildProcess, port: number): Promise<void> {
  for (let tries = 0; tries < 100 && child.exitCode === null; tries++) {
    const socket = createConnection({ host: "127.0.0.1", port });
    const isOpen = await Promise.race([
      once(socket, "connect").then(() => true),
      once(socket, "error").then(() => false),
    ]).catch(() => false);
    socket.destroy();
    if (isOpen) return;
    await sleep(100);
  }
  throw new Error("Kannel does not listen");
}

async function end(child: ChildProcess): Promise<void> {
  const ended = once(child, "exit");
  child.kill("SIGTERM");
  const timer = setTimeout(() => child.kill("SIGKILL"), 5_000);
  await ended;
  clearTimeout(timer);
}
