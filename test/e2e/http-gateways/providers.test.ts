/** Profiles that ship against simulated providers that were written without them. */
import { describe, expect, it } from "vitest";
import type { ApiBehaviour } from "../../../src/apis/behaviour.ts";
import { startApi } from "../../../src/apis/start-api.ts";
import { DeliveryState } from "../../../src/gen/smsrelay/v1/delivery.ts";
import { DuplicatePolicy, Lane } from "../../../src/gen/smsrelay/v1/message.ts";
import { startServiceWorld } from "../../support/service-world.ts";

/** What each profile is told in order to reach its simulator; user and secret are the simulator's own. */
const gateways: Readonly<Record<string, (url: string) => object>> = {
  sinch: (url) => ({ url, account: { servicePlanId: "relay", apiToken: "secret" } }),
  kpn: (url) => ({
    url: `${url}/communication/kpn/sms`,
    tokenUrl: `${url}/oauth/client_credential/accesstoken`,
    account: { clientId: "relay", clientSecret: "secret" },
  }),
  websms: (url) => ({ url: `${url}/rest`, account: { token: "secret" } }),
  signalsms: (url) => ({ url: `${url}/v1`, account: { apiKey: "secret" } }),
  signicat: (url) => ({
    url,
    tokenUrl: `${url}/oauth/connect/token`,
    account: { clientId: "relay", clientSecret: "secret" },
    lanes: ["OTP"],
  }),
};

async function open(provider: string, behaviours: readonly ApiBehaviour[] = [], more: object = {}) {
  const api = await startApi({ provider, behaviours, receiptDelayMs: 5, retryMs: 5 });
  const http = { provider, ...gateways[provider]?.(api.url), ...more };
  return { api, http };
}

const inDoubt: readonly ApiBehaviour["kind"][] = [
  "hang-after",
  "reset-after",
  "error-after",
  "html",
  "truncated",
  "oversize",
  "hang-before",
  "reset-before",
  "redirect",
];

describe.each(Object.keys(gateways))("%s", (provider) => {
  it("takes a text as it is, and refuses a number without ending the gateway", async () => {
    const { api, http } = await open(provider);
    try {
      await using world = await startServiceWorld([{ http }]);
      const text = 'Ihr Code: 123456 <b>&amp;</b> "ü" ${text}';
      const sent = await world.send({ text, lane: Lane.LANE_OTP, to: "+31612345678" });
      expect((await world.ended(sent)).state).toBe(DeliveryState.DELIVERY_STATE_UNKNOWN);
      expect(api.taken()).toMatchObject([{ text, from: "Acme" }]);
      const refused = await world.send({ lane: Lane.LANE_OTP, to: "+31612399011" });
      expect((await world.ended(refused)).state).toBe(DeliveryState.DELIVERY_STATE_REJECTED);
      await world.ended(await world.send({ lane: Lane.LANE_OTP, to: "+31612345679" }));
      expect(api.taken()).toHaveLength(2);
    } finally {
      await api.stop();
    }
  });
});

describe("a provider that leaves a message in doubt", () => {
  it.each(inDoubt)("P12 %s: AT_MOST_ONCE is sent nowhere again", async (kind) => {
    const { api, http } = await open("sinch", [{ kind }], { responseTimeout: "150ms", ambiguityHold: "0" });
    try {
      await using world = await startServiceWorld([{ http }, {}]);
      const duplicatePolicy = DuplicatePolicy.DUPLICATE_POLICY_AT_MOST_ONCE;
      const sent = await world.send({ duplicatePolicy });
      expect((await world.ended(sent)).state).toBe(DeliveryState.DELIVERY_STATE_UNKNOWN);
      expect(api.counters().calls).toBe(1);
      expect(world.smsc.received()).toEqual([]);
    } finally {
      await api.stop();
    }
  });
});

describe("a provider that refuses for a while", () => {
  it.each<ApiBehaviour>([
    { kind: "throttle", retryAfterSeconds: 30 },
    { kind: "throttle", retryAfterSeconds: 30, asDate: true },
    { kind: "unavailable", retryAfterSeconds: 30 },
    { kind: "unauthorized" },
    { kind: "no-credit" },
  ])("$kind: others take over, nothing is sent twice, and the service stays ready", async (behaviour) => {
    const { api, http } = await open("sinch", [behaviour]);
    try {
      await using world = await startServiceWorld([{ http }, {}]);
      for (let count = 0; count < 3; count += 1) {
        expect((await world.ended(await world.send())).state).toBe(DeliveryState.DELIVERY_STATE_DELIVERED);
      }
      expect(world.smsc.received()).toHaveLength(3);
      expect(api.taken()).toEqual([]);
      expect((await world.get("/readyz")).status).toBe(200);
    } finally {
      await api.stop();
    }
  });

  it("tokens that end in mid-run are renewed, and nothing is sent twice", async () => {
    const { api, http } = await open("kpn");
    try {
      await using world = await startServiceWorld([{ http }]);
      await world.ended(await world.send({ to: "+31612345678" }));
      api.behave({ kind: "tokens-expire", times: 1 });
      await world.ended(await world.send({ to: "+31612345679" }));
      expect(api.taken().map(({ to }) => to)).toEqual(["+31612345678", "+31612345679"]);
      expect(api.counters().tokens).toBe(2);
    } finally {
      await api.stop();
    }
  });
});

describe("a connection that the provider closed while it was idle", () => {
  it("costs no message", async () => {
    const { api, http } = await open("sinch");
    try {
      await using world = await startServiceWorld([{ http }]);
      for (let count = 1; count <= 5; count += 1) {
        await world.ended(await world.send());
        api.closeIdle();
      }
      expect(api.taken()).toHaveLength(5);
    } finally {
      await api.stop();
    }
  });
});
