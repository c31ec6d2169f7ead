/** The calls that send or look at what sending would do. */
import { randomFillSync } from "node:crypto";
import { createMessageIds } from "../../domain/ids.ts";
import type { Store } from "../../store/store.ts";
import type { Looking } from "../followed.ts";
import { createSubmissionWatches } from "./await-submission.ts";
import { createExplainRoute, type ExplainRoute } from "./explain-route.ts";
import { createPreviewSms, type PreviewSms } from "./preview-sms.ts";
import { createPumpingGuard, type PumpingGuardDeps } from "./pumping-guard.ts";
import { createRequestHashes } from "./request-hash.ts";
import { createSendSms, type SendSms, type SendSmsDeps } from "./send-sms.ts";

export interface Sending extends Looking {
  readonly sendSms: SendSms;
  readonly previewSms: PreviewSms;
  readonly explainRoute: ExplainRoute;
}

export interface SendingDeps
  extends Omit<SendSmsDeps, "watches" | "newMessageId" | "requestHashes" | "allowSenderTypes" | "guard">,
    Pick<PumpingGuardDeps, "log"> {
  readonly store: SendSmsDeps["store"] &
    PumpingGuardDeps["store"] &
    Pick<Store, "readStates" | "sessions" | "onReports" | "allowSenderTypes"> & {
      readonly line: Pick<Store["line"], "id">;
    };
  readonly requestSecrets: Parameters<typeof createRequestHashes>[0];
  /** A message of an account with a guard went beyond a cap, or would have. */
  readonly onCapped: PumpingGuardDeps["onCapped"];
  /** Aborted when the service stops. */
  readonly stopping: AbortSignal;
}

export function createSending(deps: SendingDeps): Sending {
  const { store, claims, clock, stopping } = deps;
  const newMessageId = createMessageIds(() => clock.now(), randomFillSync);
  const isShared = store.sessions.replicaId !== undefined;
  const watches = createSubmissionWatches({
    store,
    onSettled: claims.onSettled,
    onSettledElsewhere: isShared ? (listener) => store.onReports(listener) : undefined,
    clock,
    stopping,
  });
  const guard = createPumpingGuard(deps);
  const shared = { ...deps, newMessageId, guard };
  return {
    look: guard.look,
    sendSms: createSendSms({
      ...shared,
      watches,
      requestHashes: createRequestHashes(deps.requestSecrets),
      allowSenderTypes: onceALine(store),
    }),
    previewSms: createPreviewSms(shared),
    explainRoute: createExplainRoute(shared),
  };
}

/** From the first time on no program starts on the store that would not know of types; another line may be of before. */
function onceALine(store: Pick<SendingDeps["store"], "allowSenderTypes" | "line">): () => Promise<void> {
  let allowedLine: string | undefined;
  return async () => {
    const { id } = store.line;
    if (allowedLine === id) return;
    await store.allowSenderTypes();
    allowedLine = id;
  };
}
