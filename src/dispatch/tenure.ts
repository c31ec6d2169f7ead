/** Under what name this process holds what it claims, and whether it still does. */
import type { ClaimantId } from "../domain/ids.ts";

export interface Tenure {
  /** Changes when the process was taken for dead and has joined again: what it claimed before is others'. */
  readonly claimant: () => ClaimantId;
  /** To be asked right before a delivery is handed to a session. */
  readonly isHeld: () => boolean;
}
