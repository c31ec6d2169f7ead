import { Status } from "nice-grpc";
import { afterAll, beforeAll, expect, it } from "vitest";
import { ImportRatesRequest } from "../../../src/gen/smsrelay/v1/admin_service.ts";
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
  operator[Symbol.dispose]();
  shop[Symbol.dispose]();
  await world.stop();
});

const rate = (regionCode: string, prefix: string, amountMicros: bigint, fields: object = {}) => ({
  ...{ regionCode, prefix, price: { currencyCode: "EUR", amountMicros } },
  ...fields,
});
async function* stream(...pieces: readonly Parameters<typeof ImportRatesRequest.fromPartial>[0][]) {
  for (const piece of pieces) yield ImportRatesRequest.fromPartial(piece);
}
const shown = async (regionCode = "") =>
  (await shop.accounts.listRates({ regionCode })).rates.map((found) =>
    [found.regionCode, found.prefix, found.price?.amountMicros, found.premium ? "premium" : ""]
      .join(" ")
      .trim(),
  );

it("imports a list in pieces, and shows an account what holds for it, also of one country", async () => {
  const answer = await operator.admin.importRates(
    stream(
      { rates: [rate("", "", 90n), rate("NL", "", 45n)] },
      { rates: [rate("NL", "", 80n, { premium: true }), rate("", "31653", 50n), rate("US", "1201", 7n)] },
    ),
  );
  expect(answer).toEqual({ rateCount: 5 });
  expect(await shown()).toEqual(
    ["  90", " 1201 7", " 31653 50", "NL  45", "NL  80 premium"].map((text) => text.trim()),
  );
  expect(await shown("NL")).toEqual(["31653 50", "NL  45", "NL  80 premium"]);
  expect(await shown("BE")).toEqual(["90"]);
});

it("refuses a list whole, with every fault by its place, and changes nothing", async () => {
  const before = await shown();
  const cases: readonly [ReturnType<typeof stream>, string][] = [
    [stream({ rates: [rate("NL", "", 1n)] }, { rates: [rate("XX", "", 1n)] }), "rates[1].region_code"],
    [stream({ rates: [rate("", "0031", 1n)] }), "rates[0].prefix"],
    [stream({ rates: [rate("NL", "32", 1n)] }), "rates[0].prefix"],
    [stream({ rates: [rate("NL", "", -1n)] }), "rates[0].price.amount_micros"],
    [stream({ rates: [rate("NL", "", 1_000_000_001n)] }), "rates[0].price.amount_micros"],
    [stream({ rates: [rate("NL", "", 1n), rate("NL", "", 2n)] }), "rates[1]"],
    [stream({ rates: [rate("NL", "", 1n, { premium: true })] }), "rates[0].premium"],
    [
      stream({ rates: [rate("NL", "", 1n, { price: { currencyCode: "eur", amountMicros: 1n } })] }),
      "rates[0].price.currency_code",
    ],
    [stream({ rates: [rate("NL", "", 1n, { price: undefined })] }), "rates[0].price"],
    [stream({ startTime: new Date(Date.now() - 86_400_000), rates: [rate("NL", "", 1n)] }), "start_time"],
    [stream({ rates: [rate("NL", "", 1n)] }, { dryRun: true }), "account_id"],
    [stream({}), "rates"],
    [stream(), "rates"],
  ];
  for (const [pieces, field] of cases) {
    const failure = await failureOf((options) => operator.admin.importRates(pieces, options));
    expect(failure.code, field).toBe(Status.INVALID_ARGUMENT);
    expect(failure.violations.map((violation) => violation.field)).toContain(field);
  }
  await operator.admin.importRates(stream({ dryRun: true, rates: [rate("NL", "", 1n)] }));
  expect(await shown()).toEqual(before);
});

it("takes no part of a list whose stream is broken off", async () => {
  const before = await shown();
  const stopped = new AbortController();
  async function* broken() {
    yield ImportRatesRequest.fromPartial({ rates: [rate("NL", "", 1n)] });
    stopped.abort();
    await new Promise(() => {});
  }
  await expect(operator.admin.importRates(broken(), { signal: stopped.signal })).rejects.toThrow();
  expect(await shown()).toEqual(before);
});

it("lets operators alone import", async () => {
  const failure = await failureOf((options) =>
    shop.admin.importRates(stream({ rates: [rate("NL", "", 1n)] }), options),
  );
  expect(failure.code).toBe(Status.PERMISSION_DENIED);
});
