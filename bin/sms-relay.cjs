#!/usr/bin/env node
// Starts the command line under the flags that it wants. Written so that any old Node can read it and say what is wrong.
"use strict";

var major = Number(process.versions.node.split(".")[0]);
if (major < 24) {
  console.error("sms-relay needs Node.js 24 or newer; this is " + process.version + ".");
  process.exit(1);
}

var path = require("node:path");
var main = path.join(__dirname, "..", "dist", "main.js");
var args = process.argv.slice(2);

// The size of V8's young generation can be set on the command line only; it halves the memory of a service under load.
if (args[0] !== "serve" && args[0] !== "demo") {
  import(require("node:url").pathToFileURL(main).href);
} else {
  var command = [
    process.execPath,
    "--max-semi-space-size=8",
    "--disable-warning=ExperimentalWarning",
    main,
  ].concat(args);
  if (process.platform === "win32" || typeof process.execve !== "function") {
    var child = require("node:child_process").spawn(command[0], command.slice(1), { stdio: "inherit" });
    process.on("SIGINT", () => {});
    process.on("SIGTERM", () => {
      child.kill("SIGTERM");
    });
    child.on("exit", (code, signal) => {
      process.exit(signal === null ? code : 1);
    });
  } else {
    process.removeAllListeners("warning");
    process.execve(command[0], command, process.env);
  }
}
