#!/usr/bin/env node
// Starts the command line under the flags that it wants. Old releases of Node can read it, and learn what is wrong.
"use strict";

const [major, minor] = process.versions.node.split(".").map(Number);
// Before 24.7 node:sqlite binds `?1` by its place alone, and statements fail that name a parameter twice.
if (major < 24 || (major === 24 && minor < 7)) {
  console.error(`sms-relay needs Node.js 24.7 or newer; this is ${process.version}.`);
  process.exit(1);
}

const path = require("node:path");
// A clone runs from source; what is published has only the built form.
const source = path.join(__dirname, "..", "src", "main.ts");
const main = require("node:fs").existsSync(source) ? source : path.join(__dirname, "..", "dist", "main.js");
const args = process.argv.slice(2);

// The sizes of V8's heap can be set on the command line only; these keep the memory of a service under load a third lower.
const flags = [
  "--max-semi-space-size=32",
  "--heap-growing-percent=40",
  // An object that is made in the old generation keeps all that hangs on it until a full collection (docs/adr/0075).
  "--no-allocation-site-pretenuring",
  // With these keys, threads that strip types at the same time may abort the process (docs/adr/0004).
  "--no-memory-protection-keys",
  "--disable-warning=ExperimentalWarning",
];

/** For systems that cannot replace a running process by another. */
function spawnAndFollow() {
  const child = require("node:child_process").spawn(process.execPath, [...flags, __filename, ...args], {
    stdio: "inherit",
  });
  process.on("SIGINT", () => {});
  process.on("SIGTERM", () => child.kill("SIGTERM"));
  child.on("exit", (code, signal) => process.exit(signal === null ? code : 1));
}

// The demonstration leaves nothing behind, no cache either.
if (args[0] === "demo") process.env.NODE_DISABLE_COMPILE_CACHE = "1";

const hasFlags = flags.every((flag) => process.execArgv.includes(flag));
if (hasFlags || (args[0] !== "serve" && args[0] !== "demo")) {
  // Before the first file with types is read: without the cache Node loads its stripper for it, a tenth of a second.
  require("node:module").enableCompileCache();
  import(require("node:url").pathToFileURL(main).href);
} else if (process.platform === "win32") {
  spawnAndFollow();
} else {
  process.execve(process.execPath, [process.execPath, ...flags, __filename, ...args], process.env);
}
