import { expect, it } from "vitest";
import { tellRecovery } from "../../../src/dispatch/tell-recovery.ts";
import { deliveryIdOf, type MessageId } from "../../../src/domain/ids.ts";
import { createLogger } from "../../../src/observability/logger.ts";
import { createFakeClock } from "../../support/fake-clock.ts";

function told(mayHaveLeft: readonly ReturnType<typeof deliveryIdOf>[]) {
  const lines: string[] = [];
  const log = createLogger({
    level: "info",
    showRecipients: false,
    isTerminal: false,
    clock: createFakeClock(),
    destination: { write: (line) => lines.push(line) },
  });
  tellRecovery(log, { claimsVoided: 20_000, became: {}, mayHaveLeft }, "The last run ended.");
  log.flush();
  return lines.map((line) => JSON.parse(line));
}

const message = (index: number) => `018f2b6e-7c1a-7d55-8f0e-${String(index).padStart(12, "0")}` as MessageId;

it("names each message that may have left once, however many of its deliveries did", () => {
  const [sum, names, ...others] = told([0, 1, 2].map((position) => deliveryIdOf(message(7), position)));
  expect(sum).toMatchObject({ mayHaveLeft: 3, msg: expect.stringContaining("marked AFTER_CRASH") });
  expect(names).toMatchObject({ messages: [message(7)], msg: expect.stringContaining("status ID --full") });
  expect(others).toEqual([]);
});

it("says nothing more where nothing may have left", () => expect(told([])).toHaveLength(1));

it("writes no line without bound, and says how many it has left out", () => {
  const lines = told(Array.from({ length: 10_005 }, (_, index) => deliveryIdOf(message(index), 0)));
  const named = lines.flatMap(({ messages }) => (Array.isArray(messages) ? messages : []));
  expect(named).toHaveLength(10_000);
  expect(Math.max(...lines.map((line) => JSON.stringify(line).length))).toBeLessThan(6_000);
  expect(lines.at(-1)).toMatchObject({ messages: 5 });
});
