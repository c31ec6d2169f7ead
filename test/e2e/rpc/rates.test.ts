import { Status } from "nice-grpc";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ImportRatesRequest } from "../../../src/gen/smsrelay/v1/admin_service.ts";
import { silentLogger } from "../../../src/observability/logger.ts";
import { openPostgresStore } from "../../../src/store/postgres/open.ts";
import { createDatabase, postgresMissing, type TestDatabase } from "../../support/postgres-database.ts";
import { connectClients, failureOf, type RpcClients } from "../../support/rpc-client.ts";
import {
  OPERATOR_KEY,
  type RpcWorld,
  type RpcWorldOptions,
  SHOP_KEY,
  startRpcWorld,
} from "../../support/rpc-world.ts";

let database: TestDatabase | undefined;
const stores: readonly {
  readonly name: string;
  readonly missing?: string | undefined;
  open(): Promise<RpcWorldOptions>;
}[] = [
  { name: "SQLite", open: async () => ({}) },
  {
    name: "PostgreSQL",
    missing: postgresMissing,
    async open() {
      database = await createDatabase();
      const { url } = database;
      return { openStore: (clock) => openPostgresStore({ urls: [url], clock, log: silentLogger }) };
    },
  },
];

afterAll(async () => {
  await database?.drop();
});

const rate = (regionCode: string, prefix: string, amountMicros: bigint, fields: object = {}) => ({
  ...{ regionCode, prefix, price: { currencyCode: "EUR", amountMicros } },
  ...fields,
});
async function* stream(...pieces: readonly Parameters<typeof ImportRatesRequest.fromPartial>[0][]) {
  for (const piece of pieces) yield ImportRatesRequest.fromPartial(piece);
}

for (const { name, missing, open } of stores)
  describe.skipIf(missing !== undefined)(`prices, ${name}${missing ? ` (skipped: ${missing})` : ""}`, () => {
    let world: RpcWorld;
    let operator: RpcClients;
    let shop: RpcClients;
    beforeAll(async () => {
      world = await startRpcWorld(await open());
      operator = connectClients(world.address, OPERATOR_KEY);
      shop = connectClients(world.address, SHOP_KEY);
    });
    afterAll(async () => {
      operator[Symbol.dispose]();
      shop[Symbol.dispose]();
      await world.stop();
    });
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

    it("keeps an account's own list apart, tells operators whose it is, and pages", async () => {
      await operator.admin.importRates(stream({ rates: [rate("NL", "", 45n), rate("SE", "", 46n)] }));
      await operator.admin.importRates(
        stream({ accountId: "shop", rates: [rate("DE", "", 1n), rate("FR", "", 2n)] }),
      );
      expect(await shown()).toEqual(["DE  1", "FR  2"]);
      const first = await operator.accounts.listRates({ accountId: "shop", pageSize: 1 });
      expect(first.rates.map(({ regionCode, accountId }) => [regionCode, accountId])).toEqual([
        ["DE", "shop"],
      ]);
      const { nextPageToken: pageToken } = first;
      const second = await operator.accounts.listRates({ accountId: "shop", pageSize: 1, pageToken });
      expect(second.rates.map(({ regionCode }) => regionCode)).toEqual(["FR"]);
      const others = await failureOf((options) => shop.accounts.listRates({ accountId: "other" }, options));
      expect(others.code).toBe(Status.PERMISSION_DENIED);
      await operator.admin.importRates(stream({ accountId: "shop" }));
      expect(await shown()).toEqual(["NL  45", "SE  46"]);
    });

    it("takes no more lists at once than memory bears, and is ready again when they are broken off", async () => {
      const stopped = new AbortController();
      const begun = Array.from({ length: 4 }, () => {
        const arrived = Promise.withResolvers<void>();
        async function* endless() {
          yield ImportRatesRequest.fromPartial({ rates: [rate("NL", "", 1n)] });
          arrived.resolve();
          await new Promise(() => {});
        }
        operator.admin.importRates(endless(), { signal: stopped.signal }).catch(() => {});
        return arrived.promise;
      });
      await Promise.all(begun);
      const one = () => stream({ dryRun: true, rates: [rate("NL", "", 1n)] });
      await expect
        .poll(async () =>
          operator.admin.importRates(one()).then(
            () => 0,
            (error) => error.code,
          ),
        )
        .toBe(Status.RESOURCE_EXHAUSTED);
      stopped.abort();
      await expect
        .poll(async () => operator.admin.importRates(one()).catch(() => undefined))
        .toEqual({ rateCount: 1 });
    });

    it("writes an import into the audit log by its length, and leaves out dry runs", async () => {
      await operator.admin.importRates(
        stream({ rates: Array.from({ length: 200 }, (_, index) => rate("", `31${100 + index}`, 1n)) }),
      );
      const {
        entries: [entry],
      } = await operator.admin.listAuditEntries({ pageSize: 1 });
      expect(entry?.method).toBe("smsrelay.v1.AdminService/ImportRates");
      expect(entry?.requestJson).toContain("200 values");
      await operator.admin.importRates(stream({ dryRun: true, rates: [rate("NL", "", 1n)] }));
      const { entries: later } = await operator.admin.listAuditEntries({ pageSize: 1 });
      expect(later[0]?.entryNumber).toBe(entry?.entryNumber);
    });
  });
