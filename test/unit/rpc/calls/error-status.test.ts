import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { describeFailure } from "../../../../src/app/calls/failure.ts";
import { refuseFields, SmsError } from "../../../../src/domain/errors.ts";
import { statusCodes } from "../../../../src/domain/status-code.ts";
import { silentLogger } from "../../../../src/observability/logger.ts";
import { encodeStatus } from "../../../../src/rpc/calls/error-status.ts";
import { fromDuration, toDuration } from "../../../../src/rpc/translate/time.ts";

const deps = { log: silentLogger, refusals: { add: () => {}, value: () => 0 } };
const names = statusCodes.map(({ name }) => name);

describe("encodeStatus", () => {
  it("stays within its octets, whatever the failure holds", () => {
    const violation = fc.record({
      field: fc.string({ maxLength: 40 }),
      reason: fc.constantFrom(...names),
      description: fc.string({ maxLength: 300 }),
    });
    fc.assert(
      fc.property(
        fc.array(violation, { minLength: 1, maxLength: 60 }),
        fc.string({ maxLength: 200 }),
        (violations, fact) => {
          const { details } = refuseFields(violations);
          const error = new SmsError("INVALID_TEXT", undefined, {
            ...details,
            retryAfterMs: 1_000,
            quota: { subject: "s", description: "d" },
            metadata: { oldest_cursor: fact },
          });
          const failure = describeFailure(error, deps);
          expect(failure.violationCount).toBe(violations.length);
          expect(failure.violations.length).toBeLessThanOrEqual(25);
          expect(encodeStatus(failure, 3).length).toBeLessThanOrEqual(4_300);
        },
      ),
    );
  });
});

describe("durations", () => {
  it("go to milliseconds and back", () => {
    fc.assert(
      fc.property(fc.integer({ min: -1e12, max: 1e12 }), (ms) => {
        expect(fromDuration(toDuration(ms)) === ms).toBe(true);
      }),
    );
  });
});
