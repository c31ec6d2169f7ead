import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createChannel, createClient } from "nice-grpc";
import { expect, it } from "vitest";
import { HealthDefinition } from "../../../src/gen/grpc/health/v1/health.ts";
import { startServiceWorld } from "../../support/service-world.ts";

it("the gRPC health of the whole service is its readiness", async () => {
  const folder = mkdtempSync(join(tmpdir(), "sms-relay-readiness-"));
  const store = { path: join(folder, "sms-relay.db"), minFreeDisk: "1000GiB" };
  {
    await using world = await startServiceWorld([], { store });
    expect(await world.get("/readyz")).toMatchObject({ status: 503, text: expect.stringContaining("disk") });
    const channel = createChannel(world.address);
    const health = createClient(HealthDefinition, channel);
    const statuses = ["", "smsrelay.v1.SmsService", "smsrelay.v1.GatewayService"].map((service) =>
      health.check({ service }),
    );
    expect(await Promise.all(statuses)).toEqual([{ status: 2 }, { status: 2 }, { status: 1 }]);
    channel.close();
  }
  rmSync(folder, { recursive: true, force: true });
});
