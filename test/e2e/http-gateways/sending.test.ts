/** Messages that leave by a provider's HTTP API, seen by a caller: alone, and as failover beside SMPP. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { DeliveryState } from "../../../src/gen/smsrelay/v1/delivery.ts";
import { DuplicatePolicy } from "../../../src/gen/smsrelay/v1/message.ts";
import { type ScriptedProvider, startScriptedProvider } from "../../support/scripted-provider.ts";
import { startServiceWorld } from "../../support/service-world.ts";

let provider: ScriptedProvider;

beforeEach(async () => {
  provider = await startScriptedProvider();
});

afterEach(() => provider.stop());

const sinch = (more: object = {}) => ({
  provider: "sinch",
  url: provider.url,
  account: { servicePlanId: "plan 1", apiToken: "s3cret-token" },
  ...more,
});

describe("a gateway of kind http", () => {
  it("sends a long text whole, as its provider's profile says", async () => {
    provider.react = () => ({ status: 201, body: { id: "01FC66621XXXXX119Z8PMV1QPQ" } });
    await using world = await startServiceWorld([{ http: sinch() }]);
    const text = `${"Ünïcödé ${recipient} ☎ ".repeat(8)}end`;
    const sent = await world.send({ text, to: "+4790000001" });
    const report = await world.ended(sent);
    // Nothing will ever tell more of it.
    expect(report.state).toBe(DeliveryState.DELIVERY_STATE_UNKNOWN);
    const [request] = provider.requests;
    expect(request).toMatchObject({ method: "POST", path: "/xms/v1/plan%201/batches" });
    expect(request?.headers.authorization).toBe("Bearer s3cret-token");
    expect(JSON.parse(request?.body ?? "")).toMatchObject({ from: "Acme", to: ["4790000001"], body: text });
    const { attempts } = await world.status(sent);
    expect(attempts[0]?.parts[0]?.gatewayMessageId).toBe("01FC66621XXXXX119Z8PMV1QPQ");
    expect(provider.requests).toHaveLength(1);
    expect(await world.gateway("north")).toMatchObject({ kind: "http", boundSessionCount: 4 });
  });

  it("takes over from an SMSC that refuses the route, and leaves to one what it refuses itself", async () => {
    provider.react = () => ({ status: 201, body: { id: "m1" } });
    {
      await using world = await startServiceWorld([
        { gateway: { statusClass: { "0x0B": "route" } } },
        { http: sinch() },
      ]);
      // The simulator refuses this number with 0x0B.
      const sent = await world.send({ to: "+4790099011" });
      await world.ended(sent);
      expect(provider.requests).toHaveLength(1);
    }
    provider.react = () => ({ status: 400, body: { code: "syntax_invalid_parameter_format", text: "from" } });
    await using world = await startServiceWorld([{ http: sinch() }, {}]);
    const sent = await world.send();
    expect((await world.ended(sent)).state).toBe(DeliveryState.DELIVERY_STATE_DELIVERED);
    expect(world.smsc.received()).toHaveLength(1);
  });

  it("P12 never sends AT_MOST_ONCE again, nor elsewhere, what may have been accepted", async () => {
    provider.react = () => "reset";
    await using world = await startServiceWorld([{ http: sinch() }, {}]);
    const sent = await world.send({ duplicatePolicy: DuplicatePolicy.DUPLICATE_POLICY_AT_MOST_ONCE });
    expect((await world.ended(sent)).state).toBe(DeliveryState.DELIVERY_STATE_UNKNOWN);
    expect(provider.requests).toHaveLength(1);
    expect(world.smsc.received()).toHaveLength(0);
  });

  it("P48 leaves neither token nor number nor text in the log, whatever goes wrong", async () => {
    provider.react = () => ({ status: 401, body: { text: "+4790000001 said s3cret-token" } });
    await using world = await startServiceWorld([{ http: sinch() }]);
    await world.send({ text: "the code is 123456" });
    await world.untilGateway("north", ({ stateDescription }) => stateDescription.includes("401"));
    const all = world.sentences.join("\n");
    expect(all).not.toMatch(/s3cret|90000001|123456/);
  });
});
