/**
 * Tells operators what a crash left behind, and which messages may have been sent before it: they are sent again, and nobody else knows.
 */
import { messageIdOf } from "../domain/ids.ts";
import type { Logger } from "../observability/logger.ts";
import type { Recovery } from "../store/accepting.ts";

const idsInLine = 100;
/** Claims are at most two seconds ahead of their gateway's rate; this many come from the largest of services. */
const mostLines = 100;

/** One line with the figures, then the messages' ids, in as many lines as they need. */
export function tellRecovery(log: Logger, recovery: Recovery, sentence: string): void {
  const { claimsVoided, became, mayHaveLeft } = recovery;
  log.warn(
    { claimsVoided, became, mayHaveLeft: mayHaveLeft.length },
    `${sentence} Those of mayHaveLeft are sent again, marked AFTER_CRASH.`,
  );
  const messages = [...new Set(mayHaveLeft.map(messageIdOf))];
  for (let line = 0; line < mostLines && line * idsInLine < messages.length; line++) {
    log.warn(
      { messages: messages.slice(line * idsInLine, (line + 1) * idsInLine) },
      "These messages may be sent twice; `sms-relay status ID --full` tells to whom.",
    );
  }
  const untold = messages.length - mostLines * idsInLine;
  if (untold > 0) log.warn({ messages: untold }, "So many more messages may be sent twice.");
}
