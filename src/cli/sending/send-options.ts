/** The options of `send`, for one message or a file of them. */
import type { ClientOptions } from "../client/client.ts";
import type { MessageOptions } from "./message-options.ts";

export interface SendOptions extends ClientOptions, MessageOptions {
  readonly to?: readonly string[];
  readonly requestId?: string;
  readonly allowPartial?: boolean;
  readonly wait?: boolean;
  readonly dryRun?: boolean;
  readonly file?: string;
  readonly batch?: string;
}
