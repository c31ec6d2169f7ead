import { beforeEach, describe, expect, it } from "vitest";
import { createKeySealer } from "../../../../src/app/tokens/seal-signing-key.ts";
import { createTokenWorld, SECRET, type TokenWorld } from "../../../support/token-world.ts";

const hourMs = 3_600_000;
const minuteMs = 60_000;
const midnightMs = Date.UTC(2024, 0, 2);
let world: TokenWorld;
beforeEach(() => {
  world = createTokenWorld(midnightMs - 2 * hourMs);
});
const days = () => world.rows.map(({ day }) => day - Math.floor(midnightMs / 86_400_000));

describe("a signing key", () => {
  it("is made an hour ahead of its day, once, by whichever process is first", async () => {
    const processes = [world.start({ issues: true }), world.start({ issues: true })];
    const lookAll = () => Promise.all(processes.map(({ signingKeys }) => signingKeys.look()));
    await lookAll();
    expect(days()).toEqual([-1]);
    world.clock.advance(hourMs - minuteMs);
    await lookAll();
    expect(days()).toEqual([-1]);
    world.clock.advance(minuteMs);
    await lookAll();
    expect(days()).toEqual([-1, 0]);
    const [today, again] = await Promise.all(processes.map(({ signingKeys }) => signingKeys.current()));
    expect(today).toEqual(again);
    world.clock.advance(hourMs);
    const tomorrow = await processes[0]?.signingKeys.current();
    expect(tomorrow?.id).toBe(world.rows[1]?.id);
    expect(tomorrow?.id).not.toBe(today?.id);
  });

  it("is made by none that issues no tokens", async () => {
    await world.start().signingKeys.look();
    expect(world.rows).toEqual([]);
  });

  it("is made at once where the first token is asked for, however many ask", async () => {
    const { signingKeys } = world.start();
    const ids = new Set(
      (await Promise.all(Array.from({ length: 20 }, () => signingKeys.current()))).map(({ id }) => id),
    );
    expect(ids.size).toBe(1);
    expect(world.rows).toHaveLength(1);
  });

  it("is deleted after its last token, and held no longer; not while the clock has just jumped", async () => {
    const { signingKeys } = world.start();
    const { id } = await signingKeys.current();
    world.clock.advance(3 * hourMs - minuteMs);
    await signingKeys.look();
    expect(await signingKeys.find(id)).toMatchObject({ id });
    world.clock.advance(hourMs + minuteMs);
    expect(signingKeys.find(id), "its last token has ended").toBeUndefined();
    await signingKeys.look();
    expect(world.rows).toEqual([]);
    expect(signingKeys.isHeld(id)).toBe(false);
  });

  it("is forgotten within a minute of being taken out of the store", async () => {
    const { signingKeys } = world.start();
    const { id } = await signingKeys.current();
    await signingKeys.look();
    world.rows = [];
    world.clock.advance(minuteMs);
    await signingKeys.look();
    expect(signingKeys.isHeld(id)).toBe(false);
  });

  it("that is not known is looked for ten times a second at most, by reads that begin after each call", async () => {
    const { signingKeys } = world.start();
    const asked = [];
    for (let count = 0; count < 200; count += 1) {
      asked.push(signingKeys.find(`unknown-${count}`));
      await Promise.resolve();
      world.clock.advance(10);
    }
    const made = world.start().signingKeys.current();
    const { id } = await made;
    const before = world.reads;
    const found = signingKeys.find(id);
    world.clock.advance(100);
    expect(await found, "which was made since the last read").toMatchObject({ id });
    expect(new Set(await Promise.all(asked))).toEqual(new Set([undefined]));
    expect(before).toBeLessThanOrEqual(25);
    expect(before).toBeGreaterThan(5);
  });

  it("is unknown to each of a flood of calls that make some up, by one read", async () => {
    const { signingKeys } = world.start();
    const asked = Array.from({ length: 3_000 }, (_, at) => signingKeys.find(`unknown-${at}`));
    expect(new Set(await Promise.all(asked))).toEqual(new Set([undefined]));
    expect(world.reads).toBe(1);
  });

  it("is neither there nor gone where it is encrypted under a secret that is not known here", async () => {
    const elsewhere = world.start({ secrets: ["a secret that another replica was given"] });
    const { id } = await elsewhere.signingKeys.current();
    const { signingKeys } = world.start();
    await expect(signingKeys.find(id)).rejects.toMatchObject({ code: "SERVICE_UNAVAILABLE" });
    const own = await signingKeys.current();
    expect(own.id, "one is made that can be read").not.toBe(id);
    const both = world.start({ secrets: ["another one, which is new everywhere", SECRET] });
    expect(await both.signingKeys.find(own.id), "as an older one of several").toEqual(own);
  });
});

describe("what the store has of a signing key", () => {
  it("opens under its secret and its id only, and tells neither", () => {
    const sealer = createKeySealer([SECRET]);
    const secret = Buffer.from("0123456789abcdef0123456789abcdef");
    const sealed = sealer.seal("key-1", secret);
    expect(Buffer.from(sealed, "base64url").includes(secret)).toBe(false);
    expect(sealer.open("key-1", sealer.sealedBy, sealed)).toEqual(secret);
    expect(sealer.open("key-2", sealer.sealedBy, sealed)).toBeUndefined();
    expect(sealer.open("key-1", "0000000000000000", sealed)).toBeUndefined();
    expect(sealer.open("key-1", sealer.sealedBy, sealed.slice(4))).toBeUndefined();
    expect(sealer.open("key-1", sealer.sealedBy, "")).toBeUndefined();
    const stranger = createKeySealer(["the id of the store, which stands in it"]);
    expect(stranger.open("key-1", sealer.sealedBy, sealed)).toBeUndefined();
  });
});
