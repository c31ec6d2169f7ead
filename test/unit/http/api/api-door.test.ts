import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { describe, expect, it } from "vitest";
import { SmsError } from "../../../../src/domain/errors.ts";
import type { ApiRequest, ApiRoute } from "../../../../src/http/api/route.ts";
import { openTestDoor } from "../../../support/api-door.ts";

const route = (fields: Partial<ApiRoute> = {}): ApiRoute => ({
  method: "POST",
  path: "/echo",
  maxBodyOctets: 1_000,
  answer: async ({ body, query }) => ({ status: 200, body: { text: Buffer.from(body).toString(), query } }),
  ...fields,
});

async function dial(port: number): Promise<Socket> {
  const socket = connect(port, "127.0.0.1");
  socket.on("error", () => {});
  await once(socket, "connect");
  return socket;
}

/** All that comes until the peer ends. */
async function readAll(socket: Socket): Promise<string> {
  const pieces: Buffer[] = [];
  socket.on("data", (piece) => pieces.push(piece));
  await once(socket, "close");
  return Buffer.concat(pieces).toString();
}

describe("openApiDoor", () => {
  it("hands a request to the route of its path and method", async () => {
    await using open = await openTestDoor({ routes: [route()] });
    const answer = await fetch(`${open.url}/echo?a=1`, { method: "POST", body: "hello" });
    expect(answer.status).toBe(200);
    expect(answer.headers.get("cache-control")).toBe("no-store");
    expect(await answer.json()).toEqual({ text: "hello", query: "a=1" });
    expect(open.count("/echo", 200)).toBe(1);
  });

  it("answers 404 and 405 in its own form, and counts names that strangers make up under one", async () => {
    await using open = await openTestDoor({ routes: [route()] });
    const gone = await fetch(`${open.url}/nothing/${"x".repeat(500)}`);
    expect(gone.status).toBe(404);
    expect(await gone.json()).toMatchObject({ error: "not_found" });
    const wrong = await fetch(`${open.url}/echo`);
    expect([wrong.status, wrong.headers.get("allow")]).toEqual([405, "POST"]);
    expect([open.count("", 404), open.count("/echo", 405)]).toEqual([1, 1]);
  });

  it.each([
    ["with its length told", { "content-length": "1001" }, "x".repeat(1_001)],
    ["in chunks", { "transfer-encoding": "chunked" }, `3e9\r\n${"x".repeat(1_001)}\r\n0\r\n\r\n`],
  ])("refuses a body that is too long, %s", async (_how, headers, body) => {
    let isAsked = false;
    const answer = async () => {
      isAsked = true;
      return { status: 200 };
    };
    await using open = await openTestDoor({ routes: [route({ answer })] });
    const socket = await dial(open.door.port);
    const head = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
    socket.write(`POST /echo HTTP/1.1\r\nhost: here\r\n${head.join("")}\r\n${body}`);
    expect(await readAll(socket)).toMatch(/^HTTP\/1\.1 413 [\s\S]*connection: close[\s\S]*invalid_request/i);
    expect(isAsked).toBe(false);
  });

  it.each([
    [
      "headers of more than 16 KiB",
      `GET / HTTP/1.1\r\nhost: here\r\nx: ${"x".repeat(20_000)}\r\n\r\n`,
      "431",
    ],
    ["what is no HTTP", "\u0016\u0003\u0001 hello\r\n\r\n", "400"],
    [
      "two lengths",
      "POST /echo HTTP/1.1\r\nhost: h\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab",
      "400",
    ],
    [
      "a length beside chunks",
      "POST /echo HTTP/1.1\r\nhost: h\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
      "400",
    ],
    ["no host", "GET / HTTP/1.1\r\n\r\n", "400"],
  ])("refuses %s", async (_what, text, status) => {
    await using open = await openTestDoor({ routes: [route()] });
    const socket = await dial(open.door.port);
    socket.write(text);
    expect(await readAll(socket)).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
  });

  it("P61 has a connection that showed no key give way to a newer one", async () => {
    await using open = await openTestDoor({
      routes: [route()],
      connections: { maxConnections: 10, maxStrangers: 3, maxOfAccount: 5 },
    });
    const idle: Socket[] = [];
    for (let count = 0; count < 6; count += 1) idle.push(await dial(open.door.port));
    const isOpen = (socket: Socket) => !socket.closed;
    for (const socket of idle) socket.resume();
    await expect.poll(() => idle.map(isOpen)).toEqual([false, false, false, true, true, true]);
    for (const socket of idle) socket.destroy();
  });

  it("ends a connection beyond those of its account with its answer", async () => {
    const answer = async ({ know }: ApiRequest) => {
      know("shop");
      return { status: 204 };
    };
    await using open = await openTestDoor({
      routes: [route({ answer })],
      connections: { maxConnections: 10, maxStrangers: 3, maxOfAccount: 1 },
    });
    const ask = "POST /echo HTTP/1.1\r\nhost: here\r\ncontent-length: 0\r\n\r\n";
    const first = await dial(open.door.port);
    first.write(ask);
    expect(String((await once(first, "data"))[0])).toMatch(/connection: keep-alive/i);
    const second = await dial(open.door.port);
    second.write(ask);
    expect(await readAll(second)).toMatch(/^HTTP\/1\.1 204 [\s\S]*connection: close/i);
    first.destroy();
  });

  it("answers a fault of its own without its cause, and a store that is away with 503 and a time", async () => {
    const fails = route({ path: "/fails", answer: () => Promise.reject(new Error("secret words")) });
    const away = route({
      path: "/away",
      answer: () => Promise.reject(new SmsError("SERVICE_UNAVAILABLE", undefined, { retryAfterMs: 2_500 })),
    });
    await using open = await openTestDoor({ routes: [fails, away] });
    const failed = await fetch(`${open.url}/fails`, { method: "POST" });
    const text = await failed.text();
    expect([failed.status, text.includes("secret")]).toEqual([500, false]);
    expect(JSON.parse(text)).toMatchObject({ error: "server_error" });
    const gone = await fetch(`${open.url}/away`, { method: "POST" });
    expect([gone.status, gone.headers.get("retry-after")]).toEqual([503, "3"]);
  });

  it("answers what has come in when it stops, takes nothing new, and closes what is idle", async () => {
    const arrived = Promise.withResolvers<void>();
    const goOn = Promise.withResolvers<void>();
    const answer = async () => {
      arrived.resolve();
      await goOn.promise;
      return { status: 204 };
    };
    await using open = await openTestDoor({ routes: [route({ answer })] });
    const idle = await dial(open.door.port);
    const busy = await dial(open.door.port);
    busy.write("POST /echo HTTP/1.1\r\nhost: here\r\ncontent-length: 0\r\n\r\n");
    const answered = readAll(busy);
    await arrived.promise;
    const stopped = open.door.stop(60_000);
    await expect(dial(open.door.port)).rejects.toThrow();
    goOn.resolve();
    expect(await answered).toMatch(/^HTTP\/1\.1 204 [\s\S]*connection: close/i);
    await stopped;
    idle.resume();
    await expect.poll(() => idle.closed).toBe(true);
  });

  it("cuts off what hangs when the time to stop is over, and stops twice without harm", async () => {
    const arrived = Promise.withResolvers<void>();
    const answer = () => {
      arrived.resolve();
      return new Promise<never>(() => {});
    };
    await using open = await openTestDoor({ routes: [route({ answer })] });
    const socket = await dial(open.door.port);
    socket.write("POST /echo HTTP/1.1\r\nhost: here\r\ncontent-length: 0\r\n\r\n");
    const read = readAll(socket);
    await arrived.promise;
    await Promise.all([open.door.stop(0), open.door.stop(0)]);
    expect(await read).toBe("");
  });

  it("listens in plain text on loopback addresses only, unless that is allowed", async () => {
    const listen = { host: "0.0.0.0", port: 0, allowPlaintext: false };
    await expect(openTestDoor({ listen })).rejects.toThrow("plain-text HTTP API on 0.0.0.0 needs TLS");
    await using open = await openTestDoor({ listen: { ...listen, allowPlaintext: true } });
    expect((await fetch(open.url)).status).toBe(404);
  });
});
