/** The unit that docs/operations.md prints: systemd takes it, and a plain user can run what it starts, in its folder, with defaults. */
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { chmod, chown, mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { afterEach, beforeEach, expect, it } from "vitest";
import { linkTree } from "../support/copy-tree.ts";
import { describeWithPackage, isInstalled } from "../support/debian-package.ts";

const root = join(import.meta.dirname, "../..");
const page = readFileSync(join(root, "docs/operations.md"), "utf8");
const unit = /```ini\n(\[Unit\][\s\S]*?)```/.exec(page)?.[1] ?? "";
const command = /^ExecStart=(.*)$/m.exec(unit)?.[1] ?? "";
/** Debian's user without rights. */
const nobody = 65_534;

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "sms-relay-e2e-unit-"));
  await chmod(folder, 0o755);
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describeWithPackage(
  "systemd",
  isInstalled("systemd-analyze", "--version"),
  "the unit of docs/operations.md",
  () => {
    it("is the one that ships", () => {
      expect(readFileSync(join(root, "deploy/systemd/sms-relay.service"), "utf8")).toBe(unit);
    });

    it("is taken by systemd-analyze", async () => {
      const file = join(folder, "sms-relay.service");
      // The program lies elsewhere here, and the user does not exist.
      const here = unit
        .replace("/usr/local/bin/sms-relay", "/bin/true")
        .replace("User=sms-relay", "User=daemon");
      await writeFile(file, here);
      const verified = spawnSync("systemd-analyze", ["verify", file], { encoding: "utf8" });
      const complaints = verified.stderr.split("\n").filter((line) => line.includes("sms-relay"));
      expect(complaints).toEqual([]);
      expect(verified.status).toBe(0);
    });

    it("starts as a plain user in its folder without any file, and drains at SIGTERM", async () => {
      expect(process.getuid?.(), "only root can become another user").toBe(0);
      const state = join(folder, "sms-relay");
      await mkdir(state, { mode: 0o700 });
      await chown(state, nobody, nobody);
      // A place that a plain user may read, as /usr/local/bin is.
      const program = join(folder, "program");
      await mkdir(program);
      for (const name of ["bin", "src", "node_modules", "package.json"])
        await linkTree(join(root, name), join(program, name));
      const [, ...args] = command.split(" ");
      const child = spawn(process.execPath, [join(program, "bin/sms-relay.cjs"), ...args], {
        cwd: state,
        uid: nobody,
        gid: nobody,
        env: {
          PATH: dirname(process.execPath),
          SMS_RELAY_LISTEN_GRPC_PORT: "0",
          SMS_RELAY_LISTEN_HTTP_PORT: "0",
        },
        stdio: ["ignore", "pipe", "inherit"],
      });
      const ended = once(child, "exit");
      for await (const line of createInterface({ input: child.stdout }))
        if (line.includes("Send a message")) break;
      child.kill("SIGTERM");
      expect(await ended).toEqual([0, null]);
      expect(await readdir(state)).toEqual(["sms-relay-data"]);
      expect((await readdir(join(state, "sms-relay-data"))).sort()).toContain("operator.key");
    });
  },
);
