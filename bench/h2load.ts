/**
 * Load by Debian's h2load, a client in C: one written in Node tops out well below the server. It sends one file as the
 * body of every request, so a body is a file of gRPC frames.
 */
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { percentile } from "./support/rounds.ts";

const run = promisify(execFile);

export interface Load {
  /** Port on 127.0.0.1. */
  readonly port: number;
  /** Full name of the method, for instance `smsrelay.v1.SmsService/SendSms`. */
  readonly method: string;
  /** The messages of one body: one for a unary call, many for a stream. */
  readonly messages: readonly Uint8Array[];
  readonly apiKey: string | undefined;
  /** Connections (`-c`) and requests in flight on each (`-m`). */
  readonly clients: number;
  readonly streams: number;
  /** Requests over all connections (`-n`). */
  readonly requests: number;
  /** Requests a second over all connections; as fast as it goes where undefined. */
  readonly rate?: number;
}

export interface LoadResult {
  readonly requestsPerSecond: number;
  readonly seconds: number;
  /** When the first request began, in milliseconds since the epoch. */
  readonly startTimeMs: number;
  readonly medianMs: number;
  readonly p99Ms: number;
  /** Octets of message frames that came back; a refusal has none, so they tell accepted calls from refused ones. */
  readonly answerOctets: number;
}

/** Runs a load to its end; throws where a request failed or was not answered with HTTP 200. */
export async function runLoad(load: Load): Promise<LoadResult> {
  const folder = await mkdtemp(join(tmpdir(), "sms-relay-load-"));
  try {
    const body = join(folder, "body.bin");
    const log = join(folder, "requests.tsv");
    await writeFile(body, grpcFrames(load.messages));
    const stdout = await runH2load([...argumentsOf(load), "-d", body, "--log-file", log, urlOf(load)]);
    const latencies = latenciesOf(await readFile(log, "utf8"));
    return { ...parseSummary(stdout, load.requests), ...latencies };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function urlOf(load: Load): string {
  return `http://127.0.0.1:${load.port}/${load.method}`;
}

function argumentsOf(load: Load): string[] {
  const numbers = ["-c", `${load.clients}`, "-m", `${load.streams}`, "-n", `${load.requests}`];
  const headers = ["content-type: application/grpc", "te: trailers"];
  if (load.apiKey !== undefined) headers.push(`authorization: Bearer ${load.apiKey}`);
  const rate = load.rate === undefined ? [] : [`--rps=${load.rate / load.clients}`];
  return [...numbers, ...rate, ...headers.flatMap((header) => ["-H", header])];
}

/** Runs h2load with these arguments and answers what it printed. */
export async function runH2load(args: readonly string[]): Promise<string> {
  try {
    const { stdout } = await run("h2load", args, { maxBuffer: 16 * 1024 * 1024 });
    return stdout;
  } catch (cause) {
    if (cause instanceof Error && "code" in cause && cause.code === "ENOENT") {
      throw new Error("h2load is missing; on Debian: apt-get install nghttp2-client", { cause });
    }
    throw cause;
  }
}

/** Length-prefixed messages, uncompressed, as gRPC puts them on HTTP/2. */
export function grpcFrames(messages: readonly Uint8Array[]): Uint8Array {
  return Buffer.concat(
    messages.flatMap((message) => {
      const prefix = Buffer.alloc(5);
      prefix.writeUInt32BE(message.length, 1);
      return [prefix, message];
    }),
  );
}

function parseSummary(
  output: string,
  requests: number,
): Pick<LoadResult, "requestsPerSecond" | "seconds" | "answerOctets"> {
  const finished = /^finished in ([\d.]+)(us|ms|s|m), ([\d.]+) req\/s/m.exec(output);
  const succeeded = /^status codes: (\d+) 2xx/m.exec(output);
  const data = /\((\d+)\) data$/m.exec(output);
  if (finished === null || succeeded === null || data === null) {
    throw new Error(`h2load printed something else:\n${output}`);
  }
  if (Number(succeeded[1]) !== requests) throw new Error(`not every request was answered:\n${output}`);
  const unit = { us: 1e-6, ms: 1e-3, s: 1, m: 60 }[finished[2] ?? "s"] ?? 1;
  return {
    seconds: Number(finished[1]) * unit,
    requestsPerSecond: Number(finished[3]),
    answerOctets: Number(data[1]),
  };
}

/** Columns of the log: start in microseconds since the epoch, HTTP status, microseconds until the end. */
function latenciesOf(log: string): Pick<LoadResult, "startTimeMs" | "medianMs" | "p99Ms"> {
  const rows = log
    .trimEnd()
    .split("\n")
    .map((line) => line.split("\t").map(Number));
  const starts = rows.map((row) => row[0] ?? Number.NaN);
  const micros = rows.map((row) => row[2] ?? Number.NaN);
  return {
    startTimeMs: starts.reduce((least, start) => Math.min(least, start), Number.POSITIVE_INFINITY) / 1_000,
    medianMs: percentile(micros, 0.5) / 1_000,
    p99Ms: percentile(micros, 0.99) / 1_000,
  };
}
