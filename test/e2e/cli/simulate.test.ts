/** `sms-relay simulate` as a process that is told by flag, by file and by control calls how to behave. */
import { mkdtemp, readdir, readFile, readlink, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { connectEsme, type Esme, submitTo } from "../../support/esme.ts";
import { type NodeProcess, startNode } from "../../support/node-process.ts";

const mainPath = join(import.meta.dirname, "../../../src/main.ts");
let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "sms-relay-e2e-simulate-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function portsOf(simulator: NodeProcess) {
  const banner = await vi.waitFor(
    () => {
      const text = simulator.errorText();
      expect(text).toContain("Ctrl-C ends it.");
      return text;
    },
    { timeout: 60_000 },
  );
  return {
    smpp: Number(/listens on 127\.0\.0\.1:(\d+)/.exec(banner)?.[1]),
    control: /control calls on (http:\/\/127\.0\.0\.1:\d+) /.exec(banner)?.[1],
  };
}

/** The addresses on which a process listens, as Linux writes them: 0100007F is 127.0.0.1. */
async function listeningAddresses({ pid }: NodeProcess): Promise<readonly string[]> {
  const files = await readdir(`/proc/${pid}/fd`);
  const links = await Promise.all(files.map((file) => readlink(`/proc/${pid}/fd/${file}`).catch(() => "")));
  const tables = await Promise.all(
    ["tcp", "tcp6"].map((name) => readFile(`/proc/${pid}/net/${name}`, "utf8")),
  );
  return tables
    .flatMap((table) => table.split("\n").slice(1))
    .map((line) => line.trim().split(/\s+/))
    .filter(([, , , state, , , , , , inode]) => state === "0A" && links.includes(`socket:[${inode}]`))
    .map(([, address = ""]) => address);
}

async function statusOf(esme: Esme): Promise<number | string> {
  const outcome = await esme.connection.request(submitTo("4790000001"));
  return outcome.kind === "response" ? outcome.pdu.command_status : outcome.kind;
}

describe("simulate", () => {
  it("begins with file and flags, and is changed by control calls while an ESME is bound", async () => {
    await writeFile(
      join(folder, "hostile.yaml"),
      "behaviours:\n  - { kind: refuse-submit, status: 0x58, times: 1 }\n",
    );
    const flag = '{"kind":"refuse-submit","status":8,"times":1}';
    const argv = ["simulate", "--port", "0", "--control", "--behave", flag, "--behave-file", "hostile.yaml"];
    await using simulator = startNode(mainPath, argv, { cwd: folder });
    const { smpp, control } = await portsOf(simulator);
    const { esme } = await connectEsme({ port: smpp });
    expect([await statusOf(esme), await statusOf(esme), await statusOf(esme)]).toEqual([0x58, 8, 0]);

    const url = `${control}/behaviours`;
    const listed = [
      { kind: "refuse-submit", status: 0x58, times: 1 },
      { kind: "refuse-submit", status: 8, times: 1 },
    ];
    expect(await (await fetch(url)).json()).toEqual(listed);
    const headers = { "content-type": "application/json" };
    await fetch(url, { method: "PUT", headers, body: '[{"kind":"refuse-submit"}]' });
    expect(await statusOf(esme)).toBe(0x14);
    await fetch(url, { method: "DELETE" });
    expect(await statusOf(esme)).toBe(0);
    expect(await (await fetch(`${control}/counters`)).json()).toMatchObject({ submits: 5, refused: 3 });

    simulator.kill("SIGINT");
    expect((await simulator.ended).code).toBe(0);
    expect(simulator.errorText()).toContain("5 submits: 2 accepted, 3 refused");
  });

  it.runIf(process.platform === "linux")("opens the door with --control only, and on loopback", async () => {
    await using closed = startNode(mainPath, ["simulate", "--port", "0"]);
    expect((await portsOf(closed)).control).toBeUndefined();
    expect(await listeningAddresses(closed)).toHaveLength(1);

    await using open = startNode(mainPath, [
      "simulate",
      "--port",
      "0",
      "--host",
      "0.0.0.0",
      "--control",
      "0",
    ]);
    await vi.waitFor(() => expect(open.errorText()).toContain("Ctrl-C ends it."), { timeout: 60_000 });
    const addresses = (await listeningAddresses(open)).map((address) => address.split(":")[0]);
    expect(addresses.sort()).toEqual(["00000000", "0100007F"]);
  });

  it("ends with 1 where the door's port is taken", async () => {
    await using first = startNode(mainPath, ["simulate", "--port", "0", "--control"]);
    const port = new URL((await portsOf(first)).control ?? "").port;
    await using second = startNode(mainPath, ["simulate", "--port", "0", "--control", port]);
    expect((await second.ended).code).toBe(1);
    expect(second.errorText()).toContain(
      `Another program listens on 127.0.0.1:${port} already, perhaps another sms-relay. End it, or choose another port (--control).`,
    );
  });
});
