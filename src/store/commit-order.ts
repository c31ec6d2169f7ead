/**
 * The order in which waiting rows leave is (available_time, id), and it has to be commit order (FIFO). So a message whose time or id is
 * before that of one committed earlier in its lane gets that one's time, or the next millisecond.
 */
import type { Message } from "../domain/message.ts";

/** The last `available_time` given to an accepted message of a lane, and that message. */
export interface LaneEnd {
  readonly availableTimeMs: number;
  readonly messageId: string;
}

/** Where the lane ends with this message: its `available_time` is the one to give it. */
export function keepCommitOrder(
  end: LaneEnd | undefined,
  { id, acceptTimeMs }: Pick<Message, "id" | "acceptTimeMs">,
): LaneEnd {
  if (end === undefined || acceptTimeMs > end.availableTimeMs) {
    return { availableTimeMs: acceptTimeMs, messageId: id };
  }
  return {
    availableTimeMs: id < end.messageId ? end.availableTimeMs + 1 : end.availableTimeMs,
    messageId: id,
  };
}
