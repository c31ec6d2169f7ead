import { afterEach, describe, expect, it } from "vitest";
import { type HttpDoor, openHttpDoor } from "../../../src/http/http-door.ts";

let door: HttpDoor | undefined;
afterEach(async () => {
  await door?.stop();
  door = undefined;
});

async function get(path: string, reasons: readonly string[] = []) {
  door = await openHttpDoor({
    host: "127.0.0.1",
    port: 0,
    readiness: () => reasons,
    renderMetrics: async () => ({ contentType: "text/plain; version=0.0.4", text: "sms_relay_ready 1\n" }),
  });
  const response = await fetch(`http://127.0.0.1:${door.port}${path}`);
  return { status: response.status, type: response.headers.get("content-type"), body: await response.text() };
}

describe("openHttpDoor", () => {
  it("answers that it lives even when it takes no work", async () => {
    expect(await get("/healthz", ["draining"])).toMatchObject({ status: 200, body: '{"status":"live"}' });
  });

  it("is ready while nothing speaks against it", async () => {
    expect(await get("/readyz")).toMatchObject({ status: 200, body: '{"ready":true,"reasons":[]}' });
  });

  it("tells every reason why it takes no work", async () => {
    const answer = await get("/readyz", ["draining", "little disk space is left"]);
    expect(answer.status).toBe(503);
    expect(JSON.parse(answer.body)).toEqual({
      ready: false,
      reasons: ["draining", "little disk space is left"],
    });
  });

  it("shows the figures in the form that Prometheus reads", async () => {
    expect(await get("/metrics")).toEqual({
      status: 200,
      type: "text/plain; version=0.0.4",
      body: "sms_relay_ready 1\n",
    });
  });

  it("names its paths to whoever asks for another", async () => {
    expect((await get("/")).status).toBe(404);
  });

  it("stops twice without harm", async () => {
    await get("/healthz");
    await door?.stop();
    await door?.stop();
  });
});
