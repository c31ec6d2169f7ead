/** Calls as the door answers them, with handlers of the tests' own: a real server and real clients, the door's clock alone is a fake one. */
import { ServerCredentials } from "@grpc/grpc-js";
import { type CallOptions, createChannel, createClientFactory, Metadata, Status } from "nice-grpc";
import { afterEach, describe, expect, it } from "vitest";
import { createAddressLimit } from "../../../../src/app/calls/address-limit.ts";
import { createCallerAddresses } from "../../../../src/app/calls/caller-address.ts";
import { createFailingAddresses } from "../../../../src/app/calls/failing-addresses.ts";
import type { Principal } from "../../../../src/app/calls/principal.ts";
import { createVerifications } from "../../../../src/app/calls/verifications.ts";
import { SmsError } from "../../../../src/domain/errors.ts";
import { toAccountId } from "../../../../src/domain/ids.ts";
import {
  ListSmsResponse,
  SendSmsStreamResponse,
  SmsServiceDefinition,
  StreamDeliveryReportsResponse,
} from "../../../../src/gen/smsrelay/v1/sms_service.ts";
import { silentLogger } from "../../../../src/observability/logger.ts";
import { defaultCallBounds } from "../../../../src/rpc/calls/call-bounds.ts";
import { createCallDoor } from "../../../../src/rpc/calls/call-door.ts";
import type { CallContext, Handlers } from "../../../../src/rpc/calls/handlers.ts";
import { createDoorServer, serveContract } from "../../../../src/rpc/calls/served-service.ts";
import { defaultStandings } from "../../../support/acts.ts";
import { createFakeClock } from "../../../support/fake-clock.ts";
import { frameOf, openCall, openSession } from "../../../support/open-call.ts";
import { failureOf } from "../../../support/rpc-client.ts";
import { createSignalQueue } from "../../../support/signal-queue.ts";

const principal: Principal = { keyId: "k", accountId: toAccountId("shop"), scopes: ["SEND"] };
const scopes = {
  sendSms: "SEND",
  sendSmsStream: "SEND",
  sendSmsBatch: "SEND",
  previewSms: "SEND",
  cancelSms: "SEND",
  getStatus: "SEND",
  listSms: "SEND",
  streamDeliveryReports: "SEND",
} as const;
const listSms = "/smsrelay.v1.SmsService/ListSms";
const page = (cursor: string) => StreamDeliveryReportsResponse.create({ cursor });

const cleanUps: (() => void)[] = [];
afterEach(() => {
  for (const cleanUp of cleanUps.splice(0)) cleanUp();
});

async function setUp(
  handlers: Partial<Handlers<SmsServiceDefinition>>,
  { perAddress }: { readonly perAddress?: number } = {},
) {
  const clock = createFakeClock();
  const key = { isValid: true, isAway: false, isHanging: false, isSlow: false, checks: 0 };
  const failures: string[] = [];
  /** Verifications that stand open, where they are slow. */
  const slow: (() => void)[] = [];
  const door = createCallDoor({
    refusedCalls: "debug",
    addresses: createCallerAddresses([]),
    failing: createFailingAddresses(clock, createCallerAddresses([])),
    verifications: createVerifications(createCallerAddresses([])),
    addressLimit: createAddressLimit(perAddress, clock, createCallerAddresses([])),
    clock,
    log: silentLogger,
    refusals: { add: (_by: number, name: string) => void failures.push(name), value: () => 0 },
    bounds: defaultCallBounds,
    accounts: { standings: defaultStandings },
    keys: {
      isKnown: () => false,
      whyRefused: () => ({ reason: "UNKNOWN" as const }),
      certified: () => undefined,
      verify(presented: string) {
        key.checks++;
        if (key.isHanging) return new Promise<never>(() => {});
        if (key.isAway) return Promise.reject(new SmsError("SERVICE_UNAVAILABLE"));
        const found = key.isValid && presented === "secret" ? principal : undefined;
        if (!key.isSlow) return found;
        const answer = Promise.withResolvers<Principal | undefined>();
        slow.push(() => answer.resolve(found));
        return answer.promise;
      },
    },
  });
  const service = serveContract(
    SmsServiceDefinition,
    scopes,
    handlers as Required<Handlers<SmsServiceDefinition>>,
  );
  const server = createDoorServer([service], door, {});
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    );
  });
  const address = `127.0.0.1:${port}`;
  const channel = createChannel(address);
  cleanUps.push(() => {
    channel.close();
    server.forceShutdown();
    door.stop();
  });
  return {
    clock,
    key,
    slow,
    failures,
    address,
    sms: createClientFactory().create(SmsServiceDefinition, channel),
  };
}

const under = (authorization: string | undefined): CallOptions =>
  authorization === undefined ? {} : { metadata: Metadata({ authorization }) };
const known = under("Bearer secret");

async function* countPages(): AsyncGenerator<StreamDeliveryReportsResponse, void> {
  for (let number = 1; ; number++) yield page(`${number}`);
}

const aborted = (signal: AbortSignal) =>
  new Promise((resolve) => signal.addEventListener("abort", () => resolve(signal.reason)));

describe("a call through the door", () => {
  it("is refused, 4023, before its key is looked at where too many come from its address, until it has waited", async () => {
    const world = await setUp({ listSms: async () => ListSmsResponse.create() }, { perAddress: 4 });
    const { clock, key, failures, sms } = world;
    for (let i = 0; i < 3; i++) await sms.listSms({}, known);
    // One with a wrong key counts, too.
    const wrong = await failureOf((options) => sms.listSms({}, { ...options, ...under("Bearer wrong") }));
    expect(wrong.info.metadata["status_code"]).toBe("4001");
    expect(key.checks).toBe(4);

    for (const shown of [known, under("Bearer wrong"), under(undefined)]) {
      const refusal = await failureOf((options) => sms.listSms({}, { ...options, ...shown }));
      expect(refusal).toMatchObject({
        code: Status.RESOURCE_EXHAUSTED,
        retry: { retryDelay: { seconds: 0n, nanos: 250_000_000 } },
      });
      expect(refusal.info.metadata["status_code"]).toBe("4023");
    }
    expect(key.checks).toBe(4);
    expect(failures.filter((name) => name === "THROTTLING_SPAMMING_IP")).toHaveLength(3);

    clock.advance(250);
    expect(await sms.listSms({}, known)).toEqual(ListSmsResponse.create());
  });

  it("waits where a hundred of its address are being verified, so that wrong ones count before the next", async () => {
    const { key, slow, failures, sms } = await setUp({ listSms: async () => ListSmsResponse.create() });
    key.isSlow = true;
    const calls = Array.from({ length: 300 }, (_, i) => sms.listSms({}, under(`Bearer wrong${i}`)));
    const ends = Promise.allSettled(calls);
    await expect.poll(() => slow.length).toBe(100);
    // One that needs no verification is not kept waiting.
    await expect(sms.listSms({}, under(undefined))).rejects.toMatchObject({ code: Status.UNAUTHENTICATED });
    expect(slow).toHaveLength(100);
    key.isSlow = false;
    for (const answer of slow) answer();
    await ends;
    const heldBack = failures.filter((name) => name === "THROTTLING_SPAMMING_IP").length;
    // By the hundred, and the one try that an address has left.
    expect(key.checks).toBe(101);
    expect(heldBack).toBe(199);
  });

  it("takes the scheme of a key in any case, and no other scheme than Bearer and Basic", async () => {
    const { sms } = await setUp({ listSms: async () => ListSmsResponse.create() });
    for (const good of ["Bearer secret", "bearer  secret", "BEARER secret"])
      expect(await sms.listSms({}, under(good))).toEqual(ListSmsResponse.create());
    for (const bad of [
      undefined,
      "secret",
      "Basic !",
      "Digest secret",
      "Bearer",
      "Bearer secret more",
      "Bearer other",
    ])
      await expect(sms.listSms({}, under(bad))).rejects.toMatchObject({ code: Status.UNAUTHENTICATED });
  });

  it("is refused where its key was revoked while its request was on the way", async () => {
    const taken: string[] = [];
    const { clock, key, address } = await setUp({
      async listSms() {
        taken.push("taken");
        return ListSmsResponse.create();
      },
    });
    const path = `/${SmsServiceDefinition.fullName}/ListSms`;
    const session = openSession(address);
    cleanUps.push(() => session.destroy());
    const call = async (slowMs: number, change: () => void) => {
      const before = key.checks;
      const { stream, end } = openCall(session, path, { key: "secret" });
      await expect.poll(() => key.checks).toBe(before + 1);
      clock.advance(slowMs);
      change();
      stream.end(frameOf(new Uint8Array()));
      return end;
    };
    expect(await call(1_001, () => {})).toMatchObject({ status: Status.OK });
    expect(taken).toHaveLength(1);
    expect(await call(1_001, () => void (key.isAway = true))).toMatchObject({ status: Status.UNAVAILABLE });
    key.isAway = false;
    expect(await call(1_001, () => void (key.isValid = false))).toMatchObject({
      status: Status.UNAUTHENTICATED,
      reason: "INVALID_CREDENTIALS",
    });
    expect(taken).toHaveLength(1);
  });

  it("turns whatever its handler throws into a status with details, and tells nothing of inner failures", async () => {
    const { sms, failures } = await setUp({
      listSms: async ({ pageSize }) => {
        throw pageSize === 1 ? new SmsError("NO_ROUTE") : new Error("the password is hunter2");
      },
    });
    const refused = await failureOf((options) => sms.listSms({ pageSize: 1 }, { ...options, ...known }));
    expect(refused).toMatchObject({ code: Status.FAILED_PRECONDITION, info: { reason: "NO_ROUTE" } });
    const failed = await failureOf((options) => sms.listSms({}, { ...options, ...known }));
    expect(failed).toMatchObject({ code: Status.INTERNAL, info: { reason: "INTERNAL_ERROR" } });
    expect(failed.text).not.toContain("hunter2");
    expect(failures).toEqual(["NO_ROUTE", "INTERNAL_ERROR"]);
  });

  it("tells its handler that the caller has gone, which is no failure", async () => {
    const seen = createSignalQueue<CallContext>();
    const { sms, failures } = await setUp({
      async listSms(_request, _principal, context) {
        seen.push(context);
        await aborted(context.signal);
        seen.push(context);
        return context.signal.throwIfAborted() as never;
      },
    });
    const caller = new AbortController();
    const called = sms.listSms({}, { ...known, signal: caller.signal });
    await seen.next();
    caller.abort();
    await expect(called).rejects.toThrow();
    const { signal } = await seen.next();
    expect(signal.reason).toMatchObject({ name: "AbortError" });
    expect(failures).toEqual([]);
  });

  it("gives a handler that asks only later a signal that says so", async () => {
    const seen = createSignalQueue<CallContext>();
    const { sms } = await setUp({
      listSms(_request, _principal, context) {
        seen.push(context);
        return new Promise(() => {});
      },
    });
    const caller = new AbortController();
    const called = sms.listSms({}, { ...known, signal: caller.signal });
    const context = await seen.next();
    caller.abort();
    await expect(called).rejects.toThrow();
    // Another call of the same connection comes after the end of the first.
    void sms.listSms({}, known).catch(() => {});
    await seen.next();
    expect(context.signal.aborted).toBe(true);
  });

  it("does not tell a handler that has answered", async () => {
    let signal: AbortSignal | undefined;
    const { sms } = await setUp({
      async listSms(_request, _principal, context) {
        signal = context.signal;
        return ListSmsResponse.create();
      },
      async *streamDeliveryReports(_request, _principal, context) {
        signal = context.signal;
        yield page("only");
      },
    });
    await sms.listSms({}, known);
    await sms.listSms({}, known);
    expect(signal?.aborted).toBe(false);
    for await (const { cursor } of sms.streamDeliveryReports({}, known)) expect(cursor).toBe("only");
    await sms.listSms({}, known);
    expect(signal?.aborted).toBe(false);
  });

  it("wants exactly one request where its method has one", async () => {
    const { address } = await setUp({ listSms: async () => ListSmsResponse.create() });
    const session = openSession(address);
    cleanUps.push(() => session.destroy());
    const empty = frameOf(new Uint8Array());
    for (const octets of [Buffer.alloc(0), Buffer.concat([empty, empty])]) {
      const { stream, end } = openCall(session, listSms, { key: "secret", octets });
      stream.end();
      expect((await end).status).toBe(Status.UNIMPLEMENTED);
    }
  });

  it("ends with INTERNAL where its answer cannot be encoded, and the next is answered", async () => {
    const broken = { ...ListSmsResponse.create(), sms: [undefined] } as never;
    const answers = [broken, ListSmsResponse.create()];
    const { sms } = await setUp({ listSms: async () => answers.shift() ?? broken });
    await expect(sms.listSms({}, known)).rejects.toMatchObject({ code: Status.INTERNAL });
    expect(await sms.listSms({}, known)).toEqual(ListSmsResponse.create());
  });
});

describe("a stream through the door", () => {
  it("ends within a second once its key is revoked, also one that waits for its caller", async () => {
    const { clock, key, sms } = await setUp({
      streamDeliveryReports: (request, _principal, { signal }) =>
        request.reportLimit === 0 ? countPages() : waitForEnd(signal),
    });
    const busy = sms.streamDeliveryReports({}, known)[Symbol.asyncIterator]();
    const idle = sms.streamDeliveryReports({ reportLimit: 1 }, known)[Symbol.asyncIterator]();
    const waiting = expect(idle.next()).rejects.toMatchObject({ code: Status.UNAUTHENTICATED });
    expect((await busy.next()).value?.cursor).toBe("1");
    await expect.poll(() => key.checks).toBe(2);
    key.isValid = false;
    clock.advance(999);
    expect((await busy.next()).value?.cursor).toBe("2");
    expect(key.checks).toBe(2);
    clock.advance(1);
    await waiting;
    await expect(drain(busy)).rejects.toMatchObject({ code: Status.UNAUTHENTICATED });
    clock.advance(10_000);
    expect(key.checks, "nobody looks at streams that have ended").toBe(4);
  });

  it("ends as unavailable once nobody could tell of its key for 13 s, whether checks fail or hang", async () => {
    for (const away of ["fails", "hangs"] as const) {
      const { clock, key, sms } = await setUp({
        async *streamDeliveryReports(_request, _principal, { signal }) {
          yield page("1");
          await aborted(signal);
        },
      });
      const stream = sms.streamDeliveryReports({}, known)[Symbol.asyncIterator]();
      await stream.next();
      const ended = expect(stream.next()).rejects.toMatchObject({ code: Status.UNAVAILABLE });
      key.isAway = away === "fails";
      key.isHanging = away === "hangs";
      for (let seconds = 0; seconds < 14; seconds++) {
        clock.advance(1_000);
        await new Promise(setImmediate);
      }
      await ended;
      expect(key.checks).toBeGreaterThan(1);
      // None is begun beside one that hangs.
      if (key.isHanging) expect(key.checks).toBe(2);
    }
  });

  it("goes on however far its time jumps where its key is known at once", async () => {
    const { clock, key, sms } = await setUp({ streamDeliveryReports: countPages });
    const stream = sms.streamDeliveryReports({}, known)[Symbol.asyncIterator]();
    await stream.next();
    clock.advance(600_000);
    for (let number = 2; number < 200; number++)
      expect((await stream.next()).value?.cursor).toBe(`${number}`);
    expect(key.checks).toBeGreaterThan(1);
    await stream.return?.();
  });

  it("goes on for a while where nobody can check its key", async () => {
    const { clock, key, sms } = await setUp({ streamDeliveryReports: countPages });
    const stream = sms.streamDeliveryReports({}, known)[Symbol.asyncIterator]();
    await stream.next();
    key.isAway = true;
    clock.advance(1_000);
    for (let number = 2; number < 200; number++)
      expect((await stream.next()).value?.cursor).toBe(`${number}`);
    expect(key.checks).toBe(2);
    await stream.return?.();
  });

  it("ends its handler's generator when the caller goes, wherever that stands", async () => {
    const heard = createSignalQueue<string>();
    const { sms } = await setUp({
      async *streamDeliveryReports({ reportLimit }, _principal, { signal }) {
        try {
          if (reportLimit > 0) heard.push(`${reportLimit} waits`);
          yield* reportLimit === 0 ? countPages() : waitForEnd(signal);
        } finally {
          heard.push(`${reportLimit} has ended`);
        }
      },
      async *sendSmsStream(requests) {
        for await (const { request } of requests)
          yield SendSmsStreamResponse.create({ requestId: request?.requestId ?? "" });
        heard.push("no more requests");
      },
    });
    const follow = (reportLimit: number, signal: AbortSignal) =>
      sms
        .streamDeliveryReports({ reportLimit }, { ...known, signal })
        [Symbol.asyncIterator]()
        .next();
    const reader = new AbortController();
    await follow(0, reader.signal);
    reader.abort();
    expect(await heard.next()).toBe("0 has ended");
    const waiter = new AbortController();
    const waiting = follow(1, waiter.signal);
    expect(await heard.next()).toBe("1 waits");
    waiter.abort();
    await expect(waiting).rejects.toThrow();
    expect(await heard.next()).toBe("1 has ended");
    const caller = new AbortController();
    const both = sms
      .sendSmsStream(oneThenNone(), { ...known, signal: caller.signal })
      [Symbol.asyncIterator]();
    expect((await both.next()).value?.requestId).toBe("first");
    caller.abort();
    expect(await heard.next()).toBe("no more requests");
  });

  it("P38 makes one answer ahead of large ones that nobody reads, and a few of small ones", async () => {
    for (const [octets, most] of [
      [100_000, 2],
      [100, 17],
    ] as const) {
      let made = 0;
      const { address } = await setUp({
        async *streamDeliveryReports() {
          for (; ; made++) yield page("x".repeat(octets));
        },
      });
      const session = openSession(address, 0);
      cleanUps.push(() => session.destroy());
      const path = "/smsrelay.v1.SmsService/StreamDeliveryReports";
      const { stream } = openCall(session, path, { key: "secret", octets: frameOf(new Uint8Array()) });
      stream.end();
      await expect.poll(() => made).toBe(most - 1);
      const ping = () => new Promise((resolve) => session.ping(resolve));
      for (let count = 0; count < 20; count++) await ping();
      expect(made).toBe(most - 1);
    }
  });

  it("P61 ends a minute after its handler where nobody reads its last answers, also with a revoked key", async () => {
    for (const isRevoked of [false, true]) {
      let made = 0;
      const { address, clock, key } = await setUp({
        async *streamDeliveryReports() {
          for (; isRevoked || made < 3; made++) yield page("x".repeat(isRevoked ? 100_000 : 100));
        },
      });
      const session = openSession(address, 0);
      cleanUps.push(() => session.destroy());
      const path = "/smsrelay.v1.SmsService/StreamDeliveryReports";
      const { stream, end } = openCall(session, path, { key: "secret", octets: frameOf(new Uint8Array()) });
      stream.end();
      await expect.poll(() => made).toBe(isRevoked ? 1 : 3);
      const ping = () => new Promise((resolve) => session.ping(resolve));
      key.isValid = !isRevoked;
      let hasEnded = false;
      void end.then(() => {
        hasEnded = true;
      });
      // By seconds, since the door looks by its clock and what it finds goes on by turns of the loop.
      for (let seconds = 0; seconds < 55; seconds++) {
        clock.advance(1_000);
        await ping();
      }
      expect(hasEnded).toBe(false);
      for (let seconds = 0; seconds < 15; seconds++) {
        clock.advance(1_000);
        await ping();
      }
      await end;
    }
  });

  it("asks its caller for requests one by one, as its handler does", async () => {
    const go = createSignalQueue<void>();
    let sent = 0;
    const { sms } = await setUp({
      async *sendSmsStream(requests) {
        await go.next();
        for await (const { request } of requests)
          yield SendSmsStreamResponse.create({ requestId: request?.requestId ?? "" });
      },
    });
    async function* requests() {
      for (; sent < 1_000; sent++) yield { request: { requestId: `${sent}`, sender: "x".repeat(20_000) } };
    }
    const answers: string[] = [];
    const all = (async () => {
      for await (const { requestId } of sms.sendSmsStream(requests(), known)) answers.push(requestId);
    })();
    await expect.poll(() => sent).toBeGreaterThan(10);
    await sms.listSms({}).catch(() => {});
    expect(sent).toBeLessThan(1_000);
    go.push();
    await all;
    expect(answers).toEqual(Array.from({ length: 1_000 }, (_, index) => `${index}`));
  });
});

/** Answers nothing, as a stream does whose caller sends nothing, and ends as some do: without an error. */
// biome-ignore lint/correctness/useYield: that is what it is for
async function* waitForEnd(signal: AbortSignal): AsyncGenerator<StreamDeliveryReportsResponse, void> {
  await aborted(signal);
}

async function* oneThenNone() {
  yield { request: { requestId: "first" } };
  await new Promise(() => {});
}

async function drain(stream: AsyncIterator<unknown>): Promise<void> {
  while ((await stream.next()).done !== true);
}
