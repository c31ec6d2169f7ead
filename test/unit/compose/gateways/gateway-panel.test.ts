import { describe, expect, it } from "vitest";
import { createTokenSealer } from "../../../../src/app/calls/sealed-token.ts";
import { createGateways } from "../../../../src/app/gateways/create-gateways.ts";
import { createPauses, pausesByName } from "../../../../src/app/gateways/pauses.ts";
import { createGatewayPanel } from "../../../../src/compose/gateways/gateway-panel.ts";
import { defaultDispatchSettings } from "../../../../src/dispatch/dispatch-settings.ts";
import { createDispatcher } from "../../../../src/dispatch/dispatcher.ts";
import { toGatewayId } from "../../../../src/domain/ids.ts";
import { silentLogger } from "../../../../src/observability/logger.ts";
import { sqliteAdapter } from "../../../contract/store/sqlite-adapter.ts";
import { caller } from "../../../support/acts.ts";
import { createFakeClock } from "../../../support/fake-clock.ts";
import { gatewayConfig as config, createTestPool } from "../../../support/gateway-pool.ts";

describe("pauses by hand", () => {
  it("go on under the new name of their gateway, after a reload and at a start, and end there", async () => {
    const clock = createFakeClock();
    const place = await sqliteAdapter.makePlace();
    const store = await place.open(clock);
    const { claimant } = await store.join(clock.now());
    const pool = createTestPool(clock);
    pool.replace([config("old")]);
    const dispatcher = createDispatcher({
      store,
      gateways: pool.gateways(),
      routes: pool.routes(),
      paused: new Map(),
      tenure: { claimant: () => claimant, isHeld: () => true },
      clock,
      random: () => 0.5,
      log: silentLogger,
      settings: defaultDispatchSettings,
    });
    const stored = async () => pausesByName(await store.pausedGateways(), pool.names());
    const pauses = createPauses({ store, clock });
    await pauses.look();
    const panel = createGatewayPanel(pool, dispatcher, pauses, () => undefined);
    const lastBacklog = () => ({ queued: 0, byQueue: [], parkedReceipts: 0 });
    const control = createGateways({
      store,
      sealer: createTokenSealer("x"),
      clock,
      lastBacklog,
      pauses,
      ...panel,
    });
    await control.pause({ gatewayId: "old", reason: "works" }, caller);

    pool.replace([config("today", { formerIds: ["old"] })]);
    dispatcher.reload(pool.gateways(), pool.routes());
    panel.applyNames();
    const today = toGatewayId("today");
    expect(dispatcher.health(today)).toEqual({ kind: "paused", reason: "works" });
    expect([...(await stored()).keys()], "at the next start").toEqual([today]);

    // What another replica reads from the store a moment later says the same.
    await pauses.look();
    expect(dispatcher.health(today).kind).toBe("paused");
    await control.resume("today", caller);
    expect(dispatcher.health(today).kind).not.toBe("paused");
    expect(await store.pausedGateways()).toEqual([]);
    await dispatcher.stop(0);
    await store.close();
    await place.remove();
  });
});
