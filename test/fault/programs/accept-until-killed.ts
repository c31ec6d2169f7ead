/** Accepts messages into the store at argv[2] and prints the id of each once it is acknowledged, until it is killed. */
import { writeSync } from "node:fs";
import { systemClock } from "../../../src/observability/clock.ts";
import { openSqliteStore } from "../../../src/store/sqlite/open.ts";
import { buildAcceptance } from "../../support/store-builders.ts";

const store = await openSqliteStore({ path: process.argv[2] ?? "", clock: systemClock });
await store.join(systemClock.now());

async function acceptForever(): Promise<never> {
  for (;;) {
    const acceptance = buildAcceptance();
    await store.accept([acceptance]);
    writeSync(1, `${acceptance.message.id}\n`);
  }
}

await Promise.all(Array.from({ length: 8 }, acceptForever));
