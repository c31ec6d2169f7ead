/** `sms-relay check --ready`: asks the service of a configuration whether it takes work, for whoever starts and watches containers. */
import { authority, reachable } from "../../config/reachable.ts";
import type { Config } from "../../config/schema.ts";
import { type CliContext, CliFailure, exitCodes } from "../context.ts";
import { jsonLine } from "../output/output.ts";

export async function checkReady(
  { listen: { http } }: Config,
  context: CliContext,
  isJson: boolean,
): Promise<void> {
  const { readReadiness } = await import("../../compose/checks/readiness.ts");
  const at = authority(reachable(http.host), http.port);
  const reasons = (await readReadiness(http)) ?? [`no service answers at http://${at}/readyz`];
  const isReady = reasons.length === 0;
  if (isJson) context.out(jsonLine({ ready: isReady, reasons }));
  else if (isReady) context.out(`ok    service: takes work at ${at}`);
  if (!isReady) throw new CliFailure(exitCodes.failed, `The service is not ready: ${reasons.join("; ")}.`);
}
