import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createInsertRows } from "../../../src/store/postgres/columns.ts";
import { connect } from "../../../src/store/postgres/connect.ts";
import { type Connection, connectionOf, statement } from "../../../src/store/postgres/statement.ts";
import { createDatabase, postgresMissing, type TestDatabase } from "../../support/postgres-database.ts";

const columns = {
  place: "integer",
  small: "smallint",
  big: "bigint",
  word: "text",
  octets: "bytea",
} as const;

type Row = { readonly [Name in keyof typeof columns]: string | number | Uint8Array | null };

/** Few values each, so that columns are often the same in all rows. */
const rowWithoutPlace = fc.record({
  small: fc.constantFrom(null, 0, -32_768, 32_767),
  big: fc.constantFrom(null, 0, -1, 1_764_154_000_000, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER),
  word: fc.oneof(fc.constantFrom(null, "", 'a "quoted" \\ {word},', "NULL"), fc.string({ unit: "grapheme" })),
  octets: fc.constantFrom(null, new Uint8Array(), new Uint8Array([0, 255, 92])),
});

describe.skipIf(postgresMissing !== undefined)(`rows of a batch ${postgresMissing ?? ""}`, () => {
  let database: TestDatabase;
  let connection: Connection;
  let close: () => Promise<void>;

  beforeAll(async () => {
    database = await createDatabase();
    const client = await connect({ urls: [database.url], applicationName: "rows of a batch" });
    connection = connectionOf(client);
    close = () => client.end();
    await client.query(
      "CREATE TEMP TABLE rows_sent (place integer, small smallint, big bigint, word text, octets bytea)",
    );
  });

  afterAll(async () => {
    await close();
    await database.drop();
  });

  it("arrive as they were sent, whichever columns are the same in all of them", async () => {
    const insertRows = createInsertRows<Row>("rows_sent", columns, "place");
    const removeAll = statement("remove_all", "DELETE FROM rows_sent");
    const readAll = statement<Row>("read_all", "SELECT * FROM rows_sent ORDER BY place");
    // Without U+0000, which the server refuses in a text.
    const batches = fc.array(rowWithoutPlace, { minLength: 1, maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(batches, async (batch) => {
        const rows: Row[] = batch.map((row, place) => ({
          ...row,
          place,
          word: row.word?.replaceAll("\0", "") ?? null,
        }));
        await insertRows(connection, rows);
        const read = await connection.all(readAll);
        const plain = (row: Row) => ({
          ...row,
          octets: row.octets === null ? null : [...(row.octets as Uint8Array)],
        });
        expect(read.map(plain)).toEqual(rows.map(plain));
        await connection.run(removeAll);
      }),
      { numRuns: 200 },
    );
  });
});
