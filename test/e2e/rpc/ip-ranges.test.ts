import { Metadata, Status } from "nice-grpc";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { AccountPolicy } from "../../../src/gen/smsrelay/v1/account.ts";
import { InitialStart } from "../../../src/gen/smsrelay/v1/subscription.ts";
import { connectClients, failureOf, type RpcClients } from "../../support/rpc-client.ts";
import { OPERATOR_KEY, type RpcWorld, SHOP_KEY, startRpcWorld } from "../../support/rpc-world.ts";

let world: RpcWorld;
let operator: RpcClients;
let shop: RpcClients;
beforeAll(async () => {
  world = await startRpcWorld();
  operator = connectClients(world.address, OPERATOR_KEY);
  shop = connectClients(world.address, SHOP_KEY);
});
afterAll(async () => {
  for (const clients of [operator, shop]) clients[Symbol.dispose]();
  await world.stop();
});

const setRanges = (ipRanges: AccountPolicy["ipRanges"]) =>
  operator.admin.updateAccount({
    account: { accountId: "shop", policy: { ipRanges } },
    updateMask: ["policy"],
  });

const from = (address: string) => ({
  metadata: Metadata({ "x-forwarded-for": address, authorization: `Bearer ${SHOP_KEY}` }),
});

describe("ranges of addresses of an account", () => {
  it("let its calls in from there alone, and say from where one came", async () => {
    await setRanges({ allowed: ["192.0.2.0/24", "2001:db8::/32"], denied: [] });
    for (const address of [
      "192.0.2.1",
      "192.0.2.255",
      "2001:db8::1",
      "::ffff:192.0.2.9",
      "203.0.113.9, 192.0.2.1",
    ])
      await shop.sms.listSms({}, from(address));
    for (const address of ["203.0.113.9", "192.0.2.1, 203.0.113.9", "2001:db9::1"]) {
      const failure = await failureOf((options) => shop.sms.listSms({}, { ...options, ...from(address) }));
      expect(failure).toMatchObject({ code: Status.PERMISSION_DENIED, info: { reason: "UNAUTHORIZED_IP" } });
      const last = address.split(", ").at(-1);
      expect(failure.info.metadata).toMatchObject({ rule: "IP_RANGES", address: last });
      expect(failure.text).toBe(`The caller's address ${last} is not allowed.`);
    }
    await expect(shop.sms.listSms({})).rejects.toMatchObject({ code: Status.PERMISSION_DENIED });
    await operator.sms.listSms({});
  });

  it("keep calls from where they are denied", async () => {
    await setRanges({ allowed: [], denied: ["203.0.113.0/24"] });
    await shop.sms.listSms({}, from("192.0.2.1"));
    const failure = await failureOf((options) =>
      shop.sms.listSms({}, { ...options, ...from("203.0.113.9") }),
    );
    expect(failure.info.reason).toBe("UNAUTHORIZED_IP");
  });

  it("end an open stream from elsewhere once they are set", async () => {
    await setRanges(undefined);
    const reading = (async () => {
      const start = { initialStart: InitialStart.INITIAL_START_NOW };
      for await (const _ of shop.sms.streamDeliveryReports({ start }, from("203.0.113.9"))) {
        await setRanges({ allowed: ["192.0.2.0/24"], denied: [] });
      }
    })();
    await expect(reading).rejects.toMatchObject({ code: Status.PERMISSION_DENIED });
  });

  it("are refused, 4124, on an operator's own account where they would not let in the call that sets them", async () => {
    const away = { allowed: ["10.0.0.0/8"], denied: [] };
    const own = { account: { accountId: "ops", policy: { ipRanges: away } } };
    const asOperator = (address: string) => ({
      metadata: Metadata({ "x-forwarded-for": address, authorization: `Bearer ${OPERATOR_KEY}` }),
    });
    for (const setOwn of [
      (options: object) => operator.admin.createAccount(own, options),
      (options: object) => operator.admin.updateAccount({ ...own, updateMask: ["policy"] }, options),
      (options: object) =>
        operator.admin.updateAccount({ ...own, updateMask: ["policy.ip_ranges"] }, options),
    ])
      expect(await failureOf((options) => setOwn({ ...options, ...asOperator("192.0.2.1") }))).toMatchObject({
        code: Status.FAILED_PRECONDITION,
        info: { reason: "NOT_CHANGEABLE", metadata: { rule: "IP_RANGES", address: "192.0.2.1" } },
      });
    await operator.sms.listSms({});
    // From where they let in it may set them, and take them back.
    await operator.admin.updateAccount({ ...own, updateMask: ["policy"] }, asOperator("10.1.2.3"));
    await expect(operator.sms.listSms({})).rejects.toMatchObject({ code: Status.PERMISSION_DENIED });
    const none = { account: { accountId: "ops", policy: {} }, updateMask: ["policy"] };
    await operator.admin.updateAccount(none, asOperator("10.1.2.3"));
    await operator.sms.listSms({});
  });

  it("are refused with the place of each that is none", async () => {
    const { info, violations } = await failureOf((options) =>
      operator.admin.updateAccount(
        {
          account: {
            accountId: "shop",
            policy: { ipRanges: { allowed: ["10.0.0.0/8", "10.0.0.0/40", "office"], denied: [] } },
          },
          updateMask: ["policy.ip_ranges"],
        },
        options,
      ),
    );
    expect(info.reason).toBe("INVALID_PARAMETER");
    expect(violations.map(({ field }) => field)).toEqual([
      "account.policy.ip_ranges.allowed[1]",
      "account.policy.ip_ranges.allowed[2]",
    ]);
  });
});
