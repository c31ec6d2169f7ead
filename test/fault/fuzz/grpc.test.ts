/**
 * Arbitrary octets, frames and headers at the gRPC door of a running service, by bare HTTP/2. Every call is answered or cut off, none
 * counts as a failure of our own, and good calls are served all the while.
 */
import { type ClientHttp2Session, connect, constants, type OutgoingHttpHeaders } from "node:http2";
import { connect as connectTcp } from "node:net";
import { Status } from "nice-grpc";
import { describe, expect, it } from "vitest";
import { GatewayServiceDefinition } from "../../../src/gen/smsrelay/v1/gateway_service.ts";
import { KeyServiceDefinition } from "../../../src/gen/smsrelay/v1/key_service.ts";
import { SendSmsRequest } from "../../../src/gen/smsrelay/v1/sms.ts";
import { SmsServiceDefinition } from "../../../src/gen/smsrelay/v1/sms_service.ts";
import { type ServiceWorld, startServiceWorld, WORLD_KEY } from "../../support/service-world.ts";
import { beginFuzz, type FuzzRun, heapInUse, mutate, patience } from "./support/fuzz-run.ts";

const SHARE = 0.03;
const AT_ONCE = 16;
const MOST_GROWTH = 48 * 1024 * 1024;
/** After this a call counts as hanging. */
const PATIENCE_MS = 15_000;
/** Streams that nothing ends are left after this. */
const STREAM_MS = 1_000;

const methods = [SmsServiceDefinition, GatewayServiceDefinition, KeyServiceDefinition].flatMap((service) =>
  Object.values(service.methods).map(({ name }) => `/${service.fullName}/${name}`),
);

const requests: readonly Buffer[] = [
  SendSmsRequest.create({
    sender: "Acme",
    recipients: ["+4790000001", "+4790000002"],
    content: { $case: "text", value: "Hello, Привет 😀" },
    requestId: "a-request",
    clientReference: "a reference",
    expiration: { $case: "validity", value: { seconds: 3_600n, nanos: 5 } },
    metadata: { campaign: "spring" },
    maxSegments: 4,
    allowPartial: true,
  }),
  SendSmsRequest.create({
    sender: "72555",
    recipients: ["+4790000001"],
    content: { $case: "binary", value: { data: Buffer.from([1, 2, 3]), udh: Buffer.from([2, 0x70, 0]) } },
  }),
  SendSmsRequest.create({}),
].map((request) => Buffer.from(SendSmsRequest.encode(request).finish()));

function framed(message: Buffer): Buffer {
  const frame = Buffer.alloc(5 + message.length);
  frame.writeUInt32BE(message.length, 1);
  frame.set(message, 5);
  return frame;
}

function randomOctets(run: FuzzRun, most: number): Buffer {
  return Buffer.from(Array.from({ length: run.below(most) }, () => run.below(256)));
}

/** The body of a call: sometimes whole frames around odd messages, sometimes odd frames. */
function bodyOf(run: FuzzRun): Buffer {
  const message = mutate(run.pick(requests), run.pick(requests), run);
  switch (run.below(8)) {
    case 0:
      return randomOctets(run, 200);
    case 1:
      return Buffer.concat([Buffer.from([run.below(256)]), framed(message).subarray(1)]);
    case 2: {
      const frame = framed(message);
      frame.writeUInt32BE(run.pick([0, 1, message.length + 1, 0x7fffffff, 0xffffffff]), 1);
      return frame;
    }
    case 3:
      return Buffer.concat([framed(message), framed(run.pick(requests))]);
    case 4:
      return Buffer.alloc(0);
    case 5:
      return framed(randomOctets(run, 100));
    default:
      return framed(message);
  }
}

const printable = (run: FuzzRun) =>
  Array.from({ length: run.below(60) }, () => String.fromCharCode(0x21 + run.below(0x5e))).join("");

/** Headers of a call, of which now and then one is odd. */
function headersOf(run: FuzzRun): OutgoingHttpHeaders {
  const good: OutgoingHttpHeaders = {
    ":method": "POST",
    ":path": run.pick(methods),
    "content-type": "application/grpc",
    te: "trailers",
    authorization: `Bearer ${WORLD_KEY}`,
    "grpc-timeout": "500m",
  };
  const odd: readonly OutgoingHttpHeaders[] = [
    { ":path": `/${printable(run)}` },
    { ":path": `${run.pick(methods)}/${printable(run)}` },
    { ":method": run.pick(["GET", "PUT", "DELETE", "OPTIONS"]) },
    { "content-type": run.pick(["application/grpc+json", "application/json", "text/html", printable(run)]) },
    { "grpc-timeout": run.pick(["0n", "1n", "99999999H", "-1S", "1.5S", "S", printable(run)]) },
    { "grpc-encoding": run.pick(["gzip", "deflate", "br", "identity", printable(run)]) },
    { "grpc-accept-encoding": printable(run) },
    {
      authorization: run.pick([
        "",
        "Bearer",
        "Bearer ",
        `Basic ${printable(run)}`,
        `Bearer ${printable(run)}`,
      ]),
    },
    { "odd-bin": printable(run) },
    { "grpc-status-details-bin": "////" },
    { "user-agent": printable(run) },
    { "x-long": "x".repeat(run.below(12_000)) },
  ];
  return run.below(3) === 0 ? { ...good, ...run.pick(odd) } : good;
}

interface Answer {
  readonly status: number | undefined;
  readonly text: string;
}

/** Makes one call; rejects when it hangs. */
function call(
  session: ClientHttp2Session,
  headers: OutgoingHttpHeaders,
  body: Buffer,
  cutAfter: number,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const stream = session.request(headers, { endStream: false });
    let status: number | undefined;
    let text = "";
    const take = (received: Readonly<Record<string, unknown>>) => {
      if (received["grpc-status"] === undefined) return;
      status = Number(received["grpc-status"]);
      text = String(received["grpc-message"] ?? "");
    };
    const timer = setTimeout(
      () => reject(new Error(`no answer to ${JSON.stringify(headers)} ${body.toString("hex")}`)),
      PATIENCE_MS,
    );
    const isStream = String(headers[":path"]).includes("Stream");
    const leave = setTimeout(() => isStream && stream.close(constants.NGHTTP2_CANCEL), STREAM_MS);
    stream.on("response", take);
    stream.on("trailers", take);
    stream.on("error", () => {});
    stream.on("close", () => {
      clearTimeout(timer);
      clearTimeout(leave);
      resolve({ status, text });
    });
    stream.resume();
    if (cutAfter < body.length) {
      stream.write(body.subarray(0, cutAfter));
      stream.close(constants.NGHTTP2_CANCEL);
    } else {
      stream.end(body);
    }
  });
}

/** Makes the cases' calls, some at once, and answers how often each status came. */
async function attack(world: ServiceWorld, run: FuzzRun): Promise<ReadonlyMap<number | undefined, number>> {
  const counts = new Map<number | undefined, number>();
  let session: ClientHttp2Session | undefined;
  const sessionOf = () => {
    if (session === undefined || session.closed || session.destroyed) {
      session = connect(`http://${world.address}`);
      session.on("error", () => {});
    }
    return session;
  };
  let left = run.cases;
  const work = async () => {
    while (left-- > 0) {
      const body = bodyOf(run);
      const cutAfter = run.below(20) === 0 ? run.below(body.length + 1) : body.length;
      const { status, text } = await call(sessionOf(), headersOf(run), body, cutAfter);
      expect(text).not.toMatch(/\/src\/|node_modules|\.ts:\d|sqlite/i);
      counts.set(status, (counts.get(status) ?? 0) + 1);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  session?.close();
  return counts;
}

describe("the gRPC door", () => {
  it(
    "answers whatever comes, and serves good calls all the while",
    async () => {
      const run = beginFuzz("grpc", SHARE);
      await using world = await startServiceWorld();
      await world.ended(await world.send());
      const before = heapInUse();
      const counts = await attack(world, run);
      console.log(
        Object.fromEntries([...counts].map(([status, count]) => [Status[status ?? -1] ?? "none", count])),
      );
      expect(counts.get(Status.OK)).toBeGreaterThan(run.cases / 50);
      expect(counts.get(Status.INVALID_ARGUMENT)).toBeGreaterThan(run.cases / 50);
      expect(world.sentences).not.toContain("A call failed for a reason of our own.");
      await world.clients.gateways.resumeGateway({ gatewayId: "north" });
      await world.ended(await world.send());
      expect((await world.get("/readyz")).status).toBe(200);
      expect(heapInUse() - before).toBeLessThan(MOST_GROWTH);
    },
    patience(SHARE, 20_000),
  );

  it(
    "outlives octets that are no HTTP/2 at all",
    async () => {
      const run = beginFuzz("http2", SHARE / 10);
      await using world = await startServiceWorld();
      const preface = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
      for (let i = 0; i < run.cases; i++) {
        const octets =
          run.below(2) === 0 ? randomOctets(run, 300) : Buffer.concat([preface, randomOctets(run, 300)]);
        await new Promise<void>((resolve) => {
          const socket = connectTcp(Number(world.address.split(":")[1]), "127.0.0.1");
          socket.on("error", () => {});
          socket.on("close", () => resolve());
          socket.resume();
          socket.end(octets);
        });
      }
      await world.ended(await world.send());
    },
    patience(SHARE, 20_000),
  );
});
