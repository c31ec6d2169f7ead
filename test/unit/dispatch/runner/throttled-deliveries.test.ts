import { describe, expect, it } from "vitest";
import { ThrottledDeliveries } from "../../../../src/dispatch/runner/throttled-deliveries.ts";
import { toDeliveryId } from "../../../../src/domain/ids.ts";

const [one, other] = [toDeliveryId("one"), toDeliveryId("other")];

describe("deliveries that are throttled", () => {
  it("P58 three times while others pass have a fault of their own", () => {
    const throttled = new ThrottledDeliveries();
    expect(throttled.throttled(one)).toEqual({ tellsOfGateway: true, isItsOwn: false });
    for (let count = 0; count < 3; count++) throttled.passed(other);
    expect(throttled.throttled(one).isItsOwn).toBe(false);
    expect(throttled.throttled(one)).toEqual({ tellsOfGateway: true, isItsOwn: true });
    expect(throttled.throttled(one)).toEqual({ tellsOfGateway: false, isItsOwn: true });
  });

  it("P15 while nothing passes are throttled with all, but tell of the gateway three times only", () => {
    const throttled = new ThrottledDeliveries();
    const said = Array.from({ length: 5 }, () => throttled.throttled(one));
    expect(said.map(({ isItsOwn }) => isItsOwn)).toEqual([false, false, false, false, false]);
    expect(said.map(({ tellsOfGateway }) => tellsOfGateway)).toEqual([true, true, true, false, false]);
  });

  it("begin anew once they passed", () => {
    const throttled = new ThrottledDeliveries();
    for (let count = 0; count < 2; count++) throttled.throttled(one);
    throttled.passed(one);
    for (let count = 0; count < 9; count++) throttled.passed(other);
    expect(throttled.throttled(one).isItsOwn).toBe(false);
  });
});
