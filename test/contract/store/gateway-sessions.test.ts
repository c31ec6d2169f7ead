import { expect, it } from "vitest";
import { toGatewayId } from "../../../src/domain/ids.ts";
import type { GatewayOffer } from "../../../src/store/gateway-sessions.ts";
import { buildOffer, gateway } from "../../support/store-builders.ts";
import { describeStore } from "./describe-store.ts";

const other = toGatewayId("beta");

describeStore("sessions of gateways", (test) => {
  const divide = async (...offers: readonly GatewayOffer[]) =>
    (await test.store.sessions.divide(offers)).shares;

  it("gives a process that is alone all of them, each time it asks", async () => {
    const offers = [buildOffer(gateway, 4), buildOffer(other, 1)];
    for (let turn = 0; turn < 3; turn += 1) {
      const shares = await divide(...offers);
      expect([...shares.keys()]).toEqual([gateway, other]);
      expect(shares.get(gateway)).toEqual({
        own: [0, 1, 2, 3],
        surplus: undefined,
        others: [],
        resumeCount: 0,
      });
      expect(shares.get(other)).toMatchObject({ own: [0], surplus: undefined });
    }
  });

  it("holds them for a while and less a margin, counted from when it was asked", async () => {
    const { heldUntilMs } = await test.store.sessions.divide([buildOffer(gateway, 1)]);
    expect(heldUntilMs).toBeGreaterThanOrEqual(test.clock.monotonic() + 4_000);
  });

  it("gives more where the configuration has more", async () => {
    await divide(buildOffer(gateway, 2));
    expect((await divide(buildOffer(gateway, 3))).get(gateway)?.own).toEqual([0, 1, 2]);
  });

  it("takes back what is released, also twice, and gives it again", async () => {
    await divide(buildOffer(gateway, 2));
    await test.store.sessions.release(gateway, [0, 1]);
    await test.store.sessions.release(gateway, [1]);
    expect((await divide(buildOffer(gateway, 2))).get(gateway)?.own).toEqual([0, 1]);
  });

  it("keeps what was released over a restart free", async () => {
    await divide(buildOffer(gateway, 2));
    await test.store.sessions.release(gateway, [0, 1]);
    await test.restart();
    expect((await divide(buildOffer(gateway, 2))).get(gateway)?.own).toEqual([0, 1]);
  });
});
