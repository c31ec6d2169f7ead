/** The simulator's behaviours, changed over HTTP while an ESME talks to it. */
import { request } from "node:http";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type ControlDoor, openControlDoor } from "../../../src/cli/simulator/control-door.ts";
import { type Simulator, startSimulator } from "../../../src/smsc/start-simulator.ts";
import { connectEsme, type Esme, idOf, submitTo } from "../../support/esme.ts";

let simulator: Simulator;
let door: ControlDoor;
beforeEach(async () => {
  simulator = await startSimulator({
    port: 0,
    receiptDelayMs: 0,
    behaviours: [{ kind: "refuse-submit", times: 1 }],
  });
  door = await openControlDoor({ port: 0, simulator });
});
afterEach(async () => {
  await door.stop();
  await simulator.stop();
});

/** What a refusal looks like; other answers are compared whole. */
interface Refusal {
  readonly error?: string;
  readonly faults?: readonly { readonly field: string; readonly rule: string }[];
}

async function call(method: string, path: string, body?: string, type = "application/json") {
  const response = await fetch(`http://127.0.0.1:${door.port}${path}`, {
    method,
    ...(body !== undefined && { body, headers: { "content-type": type } }),
  });
  return { status: response.status, body: (await response.json()) as Refusal };
}

const put = (...behaviours: readonly object[]) => call("PUT", "/behaviours", JSON.stringify(behaviours));

async function statusOf(esme: Esme): Promise<number | string> {
  const outcome = await esme.connection.request(submitTo("4790000001"));
  return outcome.kind === "response" ? outcome.pdu.command_status : outcome.kind;
}

describe("the control door", () => {
  it("lists, replaces, adds and removes behaviours in the middle of a session", async () => {
    const { esme } = await connectEsme({ port: simulator.port });
    const first = { kind: "refuse-submit", times: 1 };
    expect(await call("GET", "/behaviours")).toEqual({ status: 200, body: [first] });
    expect([await statusOf(esme), await statusOf(esme)]).toEqual([0x14, 0]);

    const throttled = { kind: "refuse-submit", status: 0x58, times: 1 };
    expect(await put(throttled)).toEqual({ status: 200, body: [throttled] });
    expect([await statusOf(esme), await statusOf(esme)]).toEqual([0x58, 0]);

    const failing = { kind: "refuse-submit", status: 0x08 };
    const added = await call("POST", "/behaviours", JSON.stringify(failing));
    expect(added).toEqual({ status: 201, body: [throttled, failing] });
    // The one before it has had its turn, and does not begin anew.
    expect([await statusOf(esme), await statusOf(esme)]).toEqual([8, 8]);

    expect(await call("DELETE", "/behaviours")).toEqual({ status: 200, body: [] });
    expect(await statusOf(esme)).toBe(0);
    expect(await call("GET", "/counters")).toEqual({ status: 200, body: simulator.counters() });
    expect(simulator.counters()).toMatchObject({ binds: 1, submits: 7, accepted: 3, refused: 4 });
  });

  it("changes receipts, connections and binds too", async () => {
    const { esme } = await connectEsme({ port: simulator.port });
    await put({ kind: "double-receipt" }, { kind: "no-tlvs" });
    const id = idOf(await esme.connection.request(submitTo("4790000001")));
    const receipts = [await esme.next(), await esme.next()];
    for (const receipt of receipts) {
      expect(receipt).toMatchObject({ command: "deliver_sm", tlvs: {} });
      expect(receipt.command === "deliver_sm" && receipt.body.short_message.toString()).toContain(`id:${id}`);
    }
    await put({ kind: "drop", how: "close" }, { kind: "refuse-bind", status: 0x0e });
    expect(await statusOf(esme)).toBe("lost");
    expect((await esme.closed).kind).toBe("ended");
    const refused = await connectEsme({ port: simulator.port });
    expect(refused.bound).toMatchObject({ pdu: { command_status: 0x0e } });
    await call("DELETE", "/behaviours");
    const { bound } = await connectEsme({ port: simulator.port });
    expect(bound).toMatchObject({ pdu: { command_status: 0 } });
  });

  it.each([
    ["PUT", '{"kind":"drop"}', "body", "must be a list of behaviours"],
    ["PUT", '[{"kind":"drop"},{"kind":"throttle"}]', "[1].perSecond", "is required"],
    ["PUT", '[{"kind":"drop","how":"explode"}]', "[0].how", "must be one of close, reset, silence"],
    ["PUT", '[{"kind":"thottle"}]', "[0].kind", /^thottle is not known; did you mean throttle\?/],
    ["PUT", "[7]", "[0]", /^must have a kind/],
    ["PUT", "[", "body", "must be JSON without __proto__"],
    ["PUT", "", "body", "must be JSON without __proto__"],
    ["POST", '[{"kind":"drop"}]', "body", /^must have a kind/],
    ["POST", '{"kind":"unbind","share":2}', "share", "must be at most 1"],
    ["POST", '{"kind":"unbind","shaer":1}', "shaer", /^is not a setting; did you mean share\?/],
    ["POST", '{"kind":"unbind","__proto__":{"share":1}}', "body", "must be JSON without __proto__"],
  ])("refuses %s %s with the field and the rule, and changes nothing", async (method, body, field, rule) => {
    const matching = typeof rule === "string" ? rule : expect.stringMatching(rule);
    const answer = await call(method, "/behaviours", body);
    expect(answer).toEqual({
      status: 400,
      body: { error: expect.any(String), faults: [{ field, rule: matching }] },
    });
    expect(answer.body.error).toBe(`${field} ${answer.body.faults?.[0]?.rule}.`);
    expect(simulator.behaviours()).toEqual([{ kind: "refuse-submit", times: 1 }]);
    const { esme } = await connectEsme({ port: simulator.port });
    expect(await statusOf(esme)).toBe(0x14);
  });

  it("takes no more than a list may hold", async () => {
    const tooMany = await put(...Array(101).fill({ kind: "no-tlvs" }));
    expect(tooMany).toMatchObject({ status: 400, body: { error: "body must be shorter: at most 100." } });
    expect(simulator.behaviours()).toHaveLength(1);
    expect((await put(...Array(100).fill({ kind: "no-tlvs" }))).status).toBe(200);
    const { status, body } = await call("POST", "/behaviours", '{"kind":"drop"}');
    expect(status).toBe(400);
    expect(body.error).toBe("body must not make the list longer than 100.");
    expect(simulator.behaviours()).toHaveLength(100);
  });

  it("refuses a body that is too large, announced or not", async () => {
    const large = JSON.stringify([{ kind: "drop", how: "x".repeat(65_536) }]);
    const error = "The body must be at most 65536 octets.";
    expect(await call("PUT", "/behaviours", large)).toEqual({ status: 413, body: { error } });
    const status = await new Promise((resolve, reject) => {
      const chunked = request({
        port: door.port,
        host: door.host,
        method: "PUT",
        path: "/behaviours",
        headers: { "content-type": "application/json", "transfer-encoding": "chunked" },
      });
      chunked.on("response", (response) => resolve(response.resume().statusCode)).on("error", reject);
      chunked.end(large);
    });
    expect(status).toBe(413);
    expect(simulator.behaviours()).toHaveLength(1);
  });

  it.each(["text/plain", "application/x-www-form-urlencoded"])("takes no %s", async (type) => {
    const { status, body } = await call("POST", "/behaviours", '{"kind":"drop"}', type);
    expect(status).toBe(415);
    expect(body.error).toContain("application/json");
    expect(simulator.behaviours()).toHaveLength(1);
  });

  it("names its calls to whoever asks for another", async () => {
    const error = "There are GET, PUT, POST and DELETE /behaviours, and GET /counters.";
    expect(await call("GET", "/")).toEqual({ status: 404, body: { error } });
    expect(await call("DELETE", "/counters")).toEqual({ status: 404, body: { error } });
  });

  it("stops twice without harm", async () => {
    await door.stop();
    await door.stop();
    await expect(call("GET", "/behaviours")).rejects.toThrow("fetch failed");
  });
});
