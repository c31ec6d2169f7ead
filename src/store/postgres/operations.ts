/** The writing operations that only PostgreSQL has, besides those of both stores. */
import type { ClaimantId, DeliveryId } from "../../domain/ids.ts";
import type { ClaimRef, Recovery } from "../accepting.ts";
import type { OperationOf, WriteSteps as SharedSteps, Signature } from "../write-steps.ts";
import type { Joined, JoinRequest, RescueRequest } from "./recover.ts";

export interface WriteSteps extends SharedSteps {
  readonly join: Signature<JoinRequest, Joined | undefined>;
  readonly rescue: Signature<RescueRequest, Recovery>;
  /** Gives up claims of a commit whose answer was lost; answers the deliveries that are not there, or not yet. */
  readonly release: Signature<
    { readonly claims: readonly ClaimRef[]; readonly claimant: ClaimantId; readonly nowMs: number },
    readonly DeliveryId[]
  >;
}

export type WriteOperation = OperationOf<WriteSteps>;
