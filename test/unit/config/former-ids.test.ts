import { expect, it } from "vitest";
import { crossFaultsOf } from "../../../src/config/cross-faults.ts";

const faultsOf = (gateways: readonly { id: string; formerIds?: readonly string[] }[]) =>
  crossFaultsOf({ gateways }).map(({ path, rule }) => `${path.join(".")} ${rule}`);

it("lets a former id of a gateway be neither one of today nor that of two gateways", () => {
  expect(faultsOf([{ id: "north", formerIds: ["old"] }, { id: "south" }])).toEqual([]);
  expect(faultsOf([{ id: "north", formerIds: ["south"] }, { id: "south" }])).toEqual([
    "gateways.0.formerIds.0 is the id of a gateway: a former id is one that no gateway has",
  ]);
  expect(
    faultsOf([
      { id: "north", formerIds: ["old"] },
      { id: "south", formerIds: ["old"] },
    ]),
  ).toEqual([
    expect.stringMatching(/^gateways\.1\.formerIds\.0 stands at .* too: a former id belongs to one gateway$/),
  ]);
});
