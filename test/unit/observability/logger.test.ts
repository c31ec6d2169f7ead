import { describe, expect, it } from "vitest";
import { createLogger } from "../../../src/observability/logger.ts";
import { maskNumber, redactFields } from "../../../src/observability/redact.ts";
import { createFakeClock } from "../../support/fake-clock.ts";

function capture(isTerminal = false, showRecipients = false) {
  const lines: string[] = [];
  const destination = { write: (line: string) => void lines.push(line) };
  return {
    lines,
    log: createLogger({ level: "debug", showRecipients, destination, isTerminal, clock: createFakeClock() }),
  };
}

describe("P48 one-time codes and numbers in logs", () => {
  it("keeps the first digits and the last two of a number", () => {
    expect(maskNumber("+46701234589")).toBe("+4670***89");
    expect(maskNumber("46701234589")).toBe("4670***89");
    expect(maskNumber("12345")).toBe("***");
  });

  it("never writes a body, a secret or a whole number, at any depth", () => {
    const { lines, log } = capture();
    log.info(
      {
        recipient: "+46701234589",
        text: "Your code is 123456",
        message: { text: "Your code is 123456", recipients: ["+46701234589", "46709999999"] },
        raw: new Uint8Array([1, 2, 3]),
        err: new Error("no route to +46701234589", { cause: new Error("for +46701234589") }),
        password: "hunter2",
      },
      "Refused +46701234589.",
    );
    const line = lines.join("");
    expect(line).not.toContain("46701234589");
    expect(line).not.toContain("46709999999");
    expect(line).not.toContain("123456");
    expect(line).not.toContain("hunter2");
    expect(JSON.parse(line)).toMatchObject({
      level: "info",
      msg: "Refused +4670***89.",
      recipient: "+4670***89",
      message: { recipients: ["+4670***89", "4670***99"] },
    });
  });

  it("redacts what a child logger carries with it", () => {
    const { lines, log } = capture();
    log.child({ recipient: "+46701234589", gateway: "north" }).warn({}, "Slow.");
    expect(JSON.parse(lines.join(""))).toMatchObject({ recipient: "+4670***89", gateway: "north" });
  });

  it("shows numbers, but no bodies, where the settings say so", () => {
    const { lines, log } = capture(false, true);
    log.info({ recipient: "+46701234589", text: "secret" }, "For +46701234589.");
    expect(lines.join("")).toContain('"recipient":"+46701234589"');
    expect(lines.join("")).not.toContain("secret");
  });

  it("leaves times, counts and ids readable", () => {
    const fields = { count: 12345678, messageId: "018c-7", from: "QUEUED", timeMs: 1704067200000 };
    expect(redactFields(fields)).toEqual(fields);
  });
});

describe("a logger on a terminal", () => {
  it("writes one short sentence a line with its facts", () => {
    const { lines, log } = capture(true);
    log.info({ gateway: "north", sessions: 2 }, "The gateway is bound.");
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(/^\S+ .*info.*The gateway is bound\. .*gateway=north sessions=2.*\n$/);
  });

  it("shows an error's message, masked", () => {
    const { lines, log } = capture(true);
    log.error({ err: new Error("lost +46701234589") }, "It failed.");
    expect(lines[0]).toContain("lost +4670***89");
  });
});
