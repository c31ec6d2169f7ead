import { type CallContext, Metadata, ServerError, Status } from "nice-grpc-common";
import { describe, expect, it } from "vitest";
import type { Principal } from "../../../../src/app/calls/principal.ts";
import { SmsError } from "../../../../src/domain/errors.ts";
import { toAccountId } from "../../../../src/domain/ids.ts";
import { silentLogger } from "../../../../src/observability/logger.ts";
import { createGuard } from "../../../../src/rpc/calls/guard.ts";
import { createFakeClock } from "../../../support/fake-clock.ts";

const principal: Principal = { keyId: "k", accountId: toAccountId("shop"), scopes: ["SEND"] };

function setUp() {
  const clock = createFakeClock();
  const key = { isValid: true, isAway: false, checks: 0 };
  const deps = {
    clock,
    log: silentLogger,
    refusals: { add: () => {}, value: () => 0 },
    keys: {
      whyRefused: () => ({ reason: "UNKNOWN" as const }),
      verify(presented: string) {
        key.checks++;
        if (key.isAway) return Promise.reject(new SmsError("SERVICE_UNAVAILABLE"));
        return Promise.resolve(key.isValid && presented === "secret" ? principal : undefined);
      },
    },
  };
  return { clock, key, deps };
}

function contextOf(authorization: string | undefined, signal = new AbortController().signal): CallContext {
  const metadata = authorization === undefined ? Metadata() : Metadata({ authorization });
  return { metadata, peer: "", header: Metadata(), trailer: Metadata(), signal, sendHeader: () => {} };
}

async function* count(): AsyncGenerator<number> {
  for (let number = 1; ; number++) yield number;
}

/** Answers nothing, as a stream does whose caller sends nothing, and ends as some do: without an error. */
async function* waitForEnd(
  _request: object,
  _principal: Principal,
  { signal }: CallContext,
): AsyncGenerator<number> {
  await new Promise((resolve) => signal.addEventListener("abort", resolve));
}

const settled = () => new Promise((resolve) => setImmediate(resolve));

describe("the guard", () => {
  it("takes the scheme in any case, and nothing but a bearer's key", async () => {
    const { deps } = setUp();
    const call = createGuard(deps).unary(async () => "answered");
    for (const good of ["Bearer secret", "bearer  secret", "BEARER secret"])
      expect(await call({}, contextOf(good))).toBe("answered");
    for (const bad of [undefined, "secret", "Basic secret", "Bearer", "Bearer secret more", "Bearer other"])
      await expect(call({}, contextOf(bad))).rejects.toMatchObject({ code: Status.UNAUTHENTICATED });
  });

  it("ends a stream whose key was revoked within a second, also one that waits for its caller", async () => {
    const { deps, clock, key } = setUp();
    const guard = createGuard(deps);
    const busy = guard.stream(count)({}, contextOf("Bearer secret"));
    const idle = guard.stream(waitForEnd)({}, contextOf("Bearer secret"));
    expect((await busy.next()).value).toBe(1);
    const waiting = expect(idle.next()).rejects.toMatchObject({ code: Status.UNAUTHENTICATED });
    await settled();
    key.isValid = false;
    clock.advance(999);
    expect((await busy.next()).value).toBe(2);
    expect(key.checks).toBe(2);
    clock.advance(1);
    await waiting;
    await expect(busy.next()).rejects.toMatchObject({ code: Status.UNAUTHENTICATED });
    clock.advance(10_000);
    expect(key.checks, "nobody looks at streams that have ended").toBe(4);
  });

  it("keeps streams whose key nobody can check now", async () => {
    const { deps, clock, key } = setUp();
    const stream = createGuard(deps).stream(count)({}, contextOf("Bearer secret"));
    expect((await stream.next()).value).toBe(1);
    key.isAway = true;
    clock.advance(1_000);
    await settled();
    expect((await stream.next()).value).toBe(2);
    expect(key.checks).toBe(2);
    await stream.return();
  });

  it("ends the handler's generator when the caller goes", async () => {
    const { deps } = setUp();
    let isEnded = false;
    const stream = createGuard(deps).stream(async function* () {
      try {
        yield* count();
      } finally {
        isEnded = true;
      }
    })({}, contextOf("Bearer secret"));
    await stream.next();
    await stream.return();
    expect(isEnded).toBe(true);
  });

  it("passes a cancellation on as it is, and turns refusals into statuses with details", async () => {
    const { deps } = setUp();
    const guard = createGuard(deps);
    const caller = new AbortController();
    caller.abort();
    const context = contextOf("Bearer secret", caller.signal);
    const cancelled = guard.unary(async () => caller.signal.throwIfAborted())({}, context);
    await expect(cancelled).rejects.toBe(caller.signal.reason);
    const refused = guard.unary(async () => {
      throw new SmsError("NO_ROUTE");
    });
    const trailed = contextOf("Bearer secret");
    await expect(refused({}, trailed)).rejects.toBeInstanceOf(ServerError);
    expect(trailed.trailer.get("grpc-status-details-bin")).toBeInstanceOf(Uint8Array);
  });
});
