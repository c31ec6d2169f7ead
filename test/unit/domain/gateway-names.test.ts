import { expect, it } from "vitest";
import { gatewayNames, nameProgress } from "../../../src/domain/gateway-names.ts";
import { toGatewayId } from "../../../src/domain/ids.ts";
import { type DeliveryProgress, noProgress } from "../../../src/domain/message.ts";

const [old, today, other] = [toGatewayId("old"), toGatewayId("today"), toGatewayId("other")];
const names = gatewayNames([{ id: today, formerIds: [old] }, { id: other }]);

it("carries over all that a delivery remembers of a gateway to its new name", () => {
  const progress: DeliveryProgress = {
    attemptCount: 3,
    temporaryRefusals: { [old]: 2, [today]: 1, [other]: 5 },
    refusedBy: [old, other, today],
    resume: { gatewayId: old, attempt: 3, reference: 9, acceptedParts: [1], isAmbiguous: true },
    accepted: { attempt: 1, gatewayId: old, expectsReceipts: true },
    doubts: { [old]: { unanswered: 1, lost: 2 }, [today]: { unanswered: 1, lost: 0 } },
    afterCrash: 2,
  };
  expect(nameProgress(progress, names)).toEqual({
    ...progress,
    temporaryRefusals: { today: 3, other: 5 },
    refusedBy: [today, other],
    resume: { ...progress.resume, gatewayId: today },
    accepted: { attempt: 1, gatewayId: today, expectsReceipts: true },
    doubts: { today: { unanswered: 2, lost: 2 } },
  });
  expect(nameProgress(noProgress, names)).toEqual(noProgress);
  expect(nameProgress(progress, gatewayNames([{ id: other }]))).toBe(progress);
});
