import { describe, expect, it } from "vitest";
import { createCallerAddresses } from "../../../../src/app/calls/caller-address.ts";
import { createVerifications } from "../../../../src/app/calls/verifications.ts";
import { SmsError } from "../../../../src/domain/errors.ts";

const proxy = "10.9.0.1";

/** Verifications that stand open until they are told. */
function setUp() {
  const verifications = createVerifications(createCallerAddresses(["10.9.0.0/16"]));
  const open: PromiseWithResolvers<string>[] = [];
  const begin = (address: string | undefined) =>
    verifications.run(
      () => address,
      () => {
        const one = Promise.withResolvers<string>();
        open.push(one);
        return one.promise;
      },
    ) as Promise<string>;
  return { verifications, open, begin };
}

const settled = () => new Promise((resolve) => setImmediate(resolve));

describe("verifications of one address", () => {
  it("are a hundred at once, and the others in their order", async () => {
    const { open, begin, verifications } = setUp();
    const all = Array.from({ length: 103 }, () => begin("192.0.2.1"));
    await settled();
    expect(open).toHaveLength(100);
    open[7]?.resolve("seventh");
    expect(await all[7]).toBe("seventh");
    await settled();
    expect(open).toHaveLength(101);
    open[8]?.reject(new Error("away"));
    await expect(all[8]).rejects.toThrow("away");
    await settled();
    expect(open).toHaveLength(102);
    open[101]?.resolve("late");
    expect(await all[101]).toBe("late");
    for (let i = 0; i < 3; i++) {
      await settled();
      for (const one of open) one.resolve("end");
    }
    await Promise.allSettled(all);
    expect(verifications.hasAny).toBe(false);
  });

  it("do not keep others waiting, and those behind a proxy that names nobody wait for nobody", async () => {
    const { open, begin } = setUp();
    for (let i = 0; i < 150; i++) void begin("192.0.2.1");
    for (let i = 0; i < 100; i++) void begin("2001:db8::1");
    for (let i = 0; i < 300; i++) void begin(proxy);
    void begin("192.0.2.2");
    void begin(undefined);
    await settled();
    expect(open).toHaveLength(100 + 100 + 300 + 2);
    void begin("2001:db8::2");
    await settled();
    expect(open).toHaveLength(502);
  });

  it("take no place where they are answered from memory", () => {
    const { verifications } = setUp();
    for (let i = 0; i < 500; i++)
      expect(
        verifications.run(
          () => "192.0.2.1",
          () => i,
        ),
      ).toBe(i);
    expect(verifications.hasAny).toBe(false);
  });

  it("are refused with 4023 where a thousand wait", async () => {
    const { begin, open } = setUp();
    for (let i = 0; i < 1_100; i++) void begin("192.0.2.1");
    const refusal = await begin("192.0.2.1").catch((thrown: unknown) => thrown);
    expect(refusal).toBeInstanceOf(SmsError);
    expect(refusal).toMatchObject({ code: "THROTTLING_SPAMMING_IP", details: { retryAfterMs: 1_000 } });
    expect(open).toHaveLength(100);
  });
});
