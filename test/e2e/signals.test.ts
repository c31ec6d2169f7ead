/** Signals that meet npm, npx or a container's first process instead of the program: it drains and ends all the same. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { createInterface } from "node:readline";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { describeWithPackage } from "../support/debian-package.ts";
import { setUpService } from "../support/service-process.ts";

const root = join(import.meta.dirname, "../..");
const canHaveNamespaces = spawnSync("unshare", ["--pid", "--fork", "--mount-proc", "true"]).status === 0;

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "sms-relay-e2e-signals-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

interface Started extends AsyncDisposable {
  readonly child: ChildProcess;
  /** What it wrote to both outputs, line by line. */
  readonly lines: readonly string[];
  /** Resolves once nothing holds its outputs any more: all of its processes are gone. */
  readonly ended: Promise<number | null>;
  until(text: string): Promise<void>;
}

/** Starts a command in the clone as a terminal would, with npm's Node first. */
function start(command: readonly string[], env: NodeJS.ProcessEnv = {}): Started {
  const [program = "", ...args] = command;
  const kept = Object.entries(process.env).filter(
    ([name]) => !/^(npm_(?!config_)|NODE_OPTIONS|VITEST|SMS_RELAY_)/.test(name),
  );
  const child = spawn(program, args, {
    cwd: root,
    env: { ...Object.fromEntries(kept), PATH: `${process.env["PATH"]}${delimiter}/usr/bin`, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const lines: string[] = [];
  let waiting: (() => void) | undefined;
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on("line", (line) => {
      lines.push(line);
      waiting?.();
    });
  }
  const ended = once(child, "close").then(([code]) => code as number | null);
  return {
    child,
    lines,
    ended,
    async until(text) {
      while (!lines.some((line) => line.includes(text))) {
        if (child.exitCode !== null) throw new Error(`it ended without ${text}:\n${lines.join("\n")}`);
        await new Promise<void>((resolve) => {
          waiting = resolve;
        });
      }
    },
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      await ended;
    },
  };
}

async function environmentOf(): Promise<NodeJS.ProcessEnv> {
  const { configPath } = await setUpService(folder, { gateways: [] });
  return { SMS_RELAY_CONFIG: configPath, SMS_RELAY_LOGGING_LEVEL: "info" };
}

describe("P62 a signal that meets a wrapper", () => {
  it("SIGTERM to `npm start` drains the service, and nothing is left", async () => {
    await using started = start(["npm", "start"], await environmentOf());
    await started.until("Send a message");
    started.child.kill("SIGTERM");
    expect(await started.ended).toBe(0);
    expect(started.lines.at(-1)).toContain("The service has stopped");
  });

  it("SIGTERM to `npx sms-relay serve` drains the service, and nothing is left", async () => {
    await using started = start(["npx", "sms-relay", "serve"], await environmentOf());
    await started.until("Send a message");
    started.child.kill("SIGTERM");
    await started.ended;
    expect(started.lines.some((line) => line.includes("The service has stopped"))).toBe(true);
  });

  it("SIGTERM to `npx sms-relay simulate` ends the simulator", async () => {
    await using started = start(["npx", "sms-relay", "simulate", "--port", "0"]);
    await started.until("The simulator listens");
    started.child.kill("SIGTERM");
    await started.ended;
  });

  it("SIGKILL to npm, which can tell nobody, drains the service too", async () => {
    await using started = start(["npm", "start"], await environmentOf());
    await started.until("Send a message");
    started.child.kill("SIGKILL");
    await started.ended;
    expect(started.lines.at(-1)).toContain("The service has stopped");
  });
});

describeWithPackage("util-linux", canHaveNamespaces, "process 1 of a container", () => {
  const inContainer = ["unshare", "--pid", "--fork", "--kill-child", "--mount-proc"];
  const init = ({ child }: Started) =>
    Number(readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, "utf8"));

  it.each([
    ["npm start", ["npm", "start"]],
    ["the command", [process.execPath, "bin/sms-relay.cjs", "serve"]],
  ])("%s drains at SIGTERM", async (_name, command) => {
    await using started = start([...inContainer, ...command], await environmentOf());
    await started.until("Send a message");
    process.kill(init(started), "SIGTERM");
    expect(await started.ended).toBe(0);
    expect(started.lines.at(-1)).toContain("The service has stopped");
  });

  it("npx says at the start that it cannot wait there", async () => {
    await using started = start([...inContainer, "npx", "sms-relay", "serve"], await environmentOf());
    await started.until("It cannot wait for the service to drain");
  });
});
