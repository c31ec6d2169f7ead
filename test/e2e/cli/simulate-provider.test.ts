/** `sms-relay simulate --provider`: what it takes is on file before the answer, and it can be told to misbehave. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { cli } from "../../support/cli.ts";
import { findFreePort } from "../../support/free-port.ts";

let folder = "";

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "sms-relay-provider-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const send = (port: number) =>
  fetch(`http://127.0.0.1:${port}/rest/smsmessaging/text`, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: "Bearer secret" },
    body: JSON.stringify({ messageContent: "hello", recipientAddressList: ["4790000001"] }),
  });

describe("sms-relay simulate --provider", () => {
  it("keeps what it takes on file before it answers, prints it, and misbehaves on request", async () => {
    const [port, control] = [await findFreePort(), await findFreePort()];
    const ending = new AbortController();
    const printed = Promise.withResolvers<string>();
    const run = cli(
      [
        "simulate",
        "--provider",
        "websms",
        "--port",
        `${port}`,
        "--control",
        `${control}`,
        "--record",
        "taken",
      ],
      { workingDirectory: folder, signal: ending.signal, onLine: (line) => printed.resolve(line) },
    );
    await expect
      .poll(() =>
        send(port).then(
          ({ status }) => status,
          () => 0,
        ),
      )
      .toBe(200);
    expect(readFileSync(join(folder, "taken"), "utf8")).toContain('"text":"hello"');
    expect(await printed.promise).toContain("4790000001");
    const modes = (method: string, body: unknown) =>
      fetch(`http://127.0.0.1:${control}/behaviours`, {
        method,
        headers: { "content-type": "application/json" },
        body: JSON.stringify(body),
      });
    expect((await modes("POST", { kind: "nonsense" })).status).toBe(400);
    await modes("POST", { kind: "throttle", retryAfterSeconds: 7 });
    const throttled = await send(port);
    expect([throttled.status, throttled.headers.get("retry-after")]).toEqual([429, "7"]);
    ending.abort();
    const { exitCode, err } = await run;
    expect([exitCode, err]).toEqual([0, expect.stringContaining("1 message taken")]);
  });

  it.each([
    [["simulate", "--provider", "nobody"], "is not one of kpn"],
    [["simulate", "--provider", "sinch", "--mode", '{"kind":"drop"}'], "kind must be one of"],
    [["simulate", "--mode", '{"kind":"html"}'], "go with --provider"],
  ])("%s is refused", async (argv, text) => {
    const { exitCode, err } = await cli(argv, { workingDirectory: folder });
    expect([exitCode, err]).toEqual([2, expect.stringContaining(text)]);
  });
});
