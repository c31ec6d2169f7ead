import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    // An image takes minutes to build: `npm run test:long` asks for it.
    include: ["test/**/*.test.ts", ...(process.env["IMAGE"] === undefined ? [] : ["test/**/*.long.ts"])],
    setupFiles: ["test/support/compile-cache.ts"],
    globalSetup: ["test/support/postgres-server.ts"],
    pool: "forks",
    maxWorkers: 2,
    // See docs/adr/0004: the tests start hundreds of threads that strip types.
    execArgv: ["--no-memory-protection-keys"],
    // Nothing here tells how long something may take: they end what hangs, on a machine that has much else to do.
    testTimeout: 240_000,
    hookTimeout: 240_000,
    teardownTimeout: 60_000,
    expect: { poll: { timeout: 60_000 } },
    reporters: [
      "default",
      "./test/support/left-out-reporter.ts",
      ["json", { outputFile: ".tmp/test-report.json" }],
    ],
  },
});
