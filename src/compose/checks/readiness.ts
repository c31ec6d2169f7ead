/** What the HTTP port of a service that runs says of its readiness. */
import { authority, reachable } from "../../config/reachable.ts";

const answerMs = 2_000;

/** Undefined where no service of ours answers, else why it takes no work: nothing while it does. */
export async function readReadiness({
  host,
  port,
}: {
  readonly host: string;
  readonly port: number;
}): Promise<readonly string[] | undefined> {
  if (port === 0) return undefined;
  const at = authority(reachable(host), port);
  try {
    const answer = await fetch(`http://${at}/readyz`, { signal: AbortSignal.timeout(answerMs) });
    const { ready, reasons } = (await answer.json()) as { ready?: unknown; reasons?: unknown };
    return typeof ready === "boolean" && Array.isArray(reasons) ? reasons.map(String) : undefined;
  } catch {
    return undefined;
  }
}
