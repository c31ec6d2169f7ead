import { expect, it } from "vitest";
import { ownColumns, ownTypes } from "../../../src/store/delivery-row.ts";
import { messageInsert, messageTypes } from "../../../src/store/message-row.ts";
import { buildAcceptance } from "../../support/store-builders.ts";

it("has the values of a new row in the order of its columns, so that they cross a thread without names", () => {
  for (const rejected of [false, true]) {
    const entry = buildAcceptance({ rejected });
    expect(Object.keys(messageInsert(entry))).toEqual(Object.keys(messageTypes));
    for (const delivery of entry.deliveries)
      expect(Object.keys(ownColumns(delivery))).toEqual(Object.keys(ownTypes));
  }
});
