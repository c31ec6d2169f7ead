/**
 * The image that the Containerfile makes of the packed product, built by buildah on a Debian of its own: it serves, sends, drains on SIGTERM and
 * finds its file again, and writes nothing but its volume. Part of `npm run test:long`.
 */
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { chown, cp, mkdir, mkdtemp, readdir, readFile, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, it } from "vitest";
import { startSimulator } from "../../src/smsc/start-simulator.ts";
import { copyTree, linkTree } from "../support/copy-tree.ts";
import { describeWithPackage, isInstalled } from "../support/debian-package.ts";
import { findFreePort } from "../support/free-port.ts";
import { connectClients } from "../support/rpc-client.ts";

const execute = promisify(execFile);
const root = join(import.meta.dirname, "../..");
/** As the Containerfile says. */
const user = 65_532;
const bin = "/opt/sms-relay/node_modules/sms-relay/bin/sms-relay.cjs";
const patienceMs = 900_000;

let folder: string;
let container: string;
let mounted: string;
const running = new Set<ChildProcess>();

const run = async (program: string, args: readonly string[], cwd = folder) =>
  (await execute(program, args, { cwd, maxBuffer: 64 * 1_048_576 })).stdout.trim();
const storage = () => [
  "--root",
  join(folder, "store"),
  "--runroot",
  join(folder, "run"),
  "--storage-driver",
  "vfs",
];
const buildah = (...args: readonly string[]) => run("buildah", [...storage(), ...args]);

/** A Debian with the Node of this project and npm, as the images of Node have them. */
async function buildBase(): Promise<void> {
  await run("mmdebstrap", [
    "--quiet",
    "--variant=minbase",
    "--include=libstdc++6,ca-certificates",
    "bookworm",
    "base.tar",
  ]);
  const added = join(folder, "added/usr/local");
  await mkdir(join(added, "bin"), { recursive: true });
  await cp(process.execPath, join(added, "bin/node"));
  const npm = dirname(dirname(await realpath(await run("which", ["npm"]))));
  await cp(npm, join(added, "lib/node_modules/npm"), { recursive: true, dereference: true });
  const base = await buildah("from", "scratch");
  await buildah("add", "-q", base, "base.tar", "/");
  await buildah("add", "-q", base, "added", "/");
  await buildah("config", "--env", "PATH=/usr/local/bin:/usr/bin:/bin", base);
  await buildah(
    "run",
    "--isolation",
    "chroot",
    base,
    "--",
    "ln",
    "-s",
    "../lib/node_modules/npm/bin/npm-cli.js",
    "/usr/local/bin/npm",
  );
  await buildah("commit", "-q", "--rm", base, "localhost/base");
}

/** The build's npm goes by what this one knows of the network, which is no part of the image. */
async function networkOfNpm(): Promise<readonly string[]> {
  const authorities = process.env["NODE_EXTRA_CA_CERTS"];
  const registry = await run("npm", ["config", "get", "registry"]);
  const lines = [
    `registry=${registry}`,
    "fetch-retries=1",
    ...(authorities === undefined ? [] : ["cafile=/authorities.crt"]),
  ];
  await writeFile(join(folder, "npmrc"), `${lines.join("\n")}\n`);
  // The home of the build's user, in its container.
  const volumes = [`${join(folder, "npmrc")}:/root/.npmrc:ro`];
  if (authorities !== undefined) volumes.push(`${authorities}:/authorities.crt:ro`);
  return volumes.flatMap((volume) => ["--volume", volume]);
}

async function packProduct(): Promise<string> {
  const clone = join(folder, "clone");
  await mkdir(clone);
  for (const name of await readdir(root)) {
    const copy = name === "node_modules" ? linkTree : copyTree;
    if (![".git", ".tmp", "dist"].includes(name)) await copy(join(root, name), join(clone, name));
  }
  await run("npm", ["pack", "--silent"], clone);
  return clone;
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "sms-relay-image-"));
  if (!isInstalled("buildah", "--version")) return;
  await buildBase();
  const clone = await packProduct();
  const args = ["--isolation", "chroot", "--format", "docker", "--build-arg", "BASE=localhost/base"];
  await buildah("bud", "-q", ...args, ...(await networkOfNpm()), "-t", "localhost/sms-relay", clone);
  container = await buildah("from", "localhost/sms-relay");
  mounted = await buildah("mount", container);
}, patienceMs);
afterAll(async () => {
  // What buildah runs would outlive it.
  for (const child of running) process.kill(await pidOf(child), "SIGKILL");
  if (container !== undefined) await buildah("rm", "--all");
  await rm(folder, { recursive: true, force: true });
}, patienceMs);

const inContainer = (volume: string, ...command: readonly string[]) => [
  ...storage(),
  ...["run", "--isolation", "chroot", "--volume", `${volume}:/var/lib/sms-relay`, container, "--"],
  ...["/usr/local/bin/node", bin, ...command],
];

/** Every file of the image, and when it was written. */
const filesOf = () => run("find", [mounted, "-xdev", "-type", "f", "-printf", "%p %s %T@\n"]);

/** The process in the container: what buildah runs is its grandchild. */
async function pidOf(child: ChildProcess): Promise<number> {
  for (let pid = child.pid ?? 0; ; ) {
    const next = await run("pgrep", ["-P", `${pid}`]).catch(() => "");
    if (next === "") return pid;
    pid = Number(next.split("\n")[0]);
  }
}

async function serve(volume: string) {
  const child = spawn("buildah", inContainer(volume, "serve"), { stdio: ["ignore", "pipe", "pipe"] });
  running.add(child);
  let told = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (data) => void (told += data));
  const ended = once(child, "exit").then(([code]) => {
    running.delete(child);
    return code as number | null;
  });
  await expect.poll(() => told).toContain("sms-relay listens on");
  return { pid: await pidOf(child), ended, told: () => told };
}

describeWithPackage("buildah mmdebstrap", isInstalled("buildah", "--version"), "the image", () => {
  it("is under 250 MB, runs as a number that is not root, and has no shell", async () => {
    const { Docker } = JSON.parse(await buildah("inspect", "--type", "image", "localhost/sms-relay"));
    expect(Docker.config).toMatchObject({ User: `${user}:${user}`, StopSignal: "SIGTERM" });
    expect(Docker.config.Healthcheck.Test).toEqual(["CMD", "/usr/local/bin/node", bin, "check", "--ready"]);
    const octets = Number((await run("du", ["-sb", mounted])).split("\t")[0]);
    console.log(`The image has ${Math.round(octets / 1e6)} MB.`);
    expect(octets).toBeLessThan(250e6);
    const programs = await run("find", [
      mounted,
      "-type",
      "f",
      "-perm",
      "/111",
      "-not",
      "-path",
      "*/node_modules/*",
    ]);
    const names = programs.split("\n").map((path) => path.slice(mounted.length));
    expect(names.filter((name) => !name.includes(".so")).sort()).toEqual(["/usr/local/bin/node"]);
  });

  it("serves, sends, drains on SIGTERM, finds its file again, and writes only its volume", async () => {
    const simulator = await startSimulator({ port: 0, receiptDelayMs: 10 });
    const volume = join(folder, "volume");
    await mkdir(volume, { mode: 0o700 });
    const [grpcPort, httpPort] = [await findFreePort(), await findFreePort()];
    const smsc = { host: "127.0.0.1", port: simulator.port, systemId: "x", password: "x" };
    const gateway = { id: "north", kind: "smpp", ...smsc };
    const config = { listen: { grpc: { port: grpcPort }, http: { port: httpPort } }, gateways: [gateway] };
    await writeFile(join(volume, "sms-relay.yaml"), JSON.stringify(config));
    for (const name of [volume, join(volume, "sms-relay.yaml")]) await chown(name, user, user);
    const isReady = () =>
      execute("buildah", inContainer(volume, "check", "--ready")).then(
        () => true,
        () => false,
      );
    expect(await isReady()).toBe(false);
    const before = await filesOf();
    let messageId = "";
    for (const round of ["first", "second"]) {
      const { pid, ended, told } = await serve(volume);
      await expect.poll(isReady).toBe(true);
      expect(await readFile(`/proc/${pid}/status`, "utf8")).toContain(`Uid:\t${user}\t${user}`);
      const key = (await readFile(join(volume, "sms-relay-data/default.key"), "utf8")).trim();
      using client = connectClients(`127.0.0.1:${grpcPort}`, key);
      if (round === "first") {
        const request = {
          sender: "ACME",
          recipients: ["+46701234567"],
          content: { $case: "text" as const, value: "Hello" },
        };
        ({ messageId } = await client.sms.sendSms(request));
        await simulator.waitUntil(({ submits }) => submits === 1);
      } else expect((await client.sms.getStatus({ messageId })).sms?.messageId).toBe(messageId);
      process.kill(pid, "SIGTERM");
      expect(await ended).toBe(0);
      expect(told()).toContain("The service has stopped.");
    }
    expect(await filesOf()).toBe(before);
    expect(simulator.counters().submits).toBe(1);
    await simulator.stop();
  });
});
