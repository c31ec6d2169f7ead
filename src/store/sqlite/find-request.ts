/** What an account's request id stands for. */
import type { DatabaseSync } from "node:sqlite";
import type { AccountId, MessageId } from "../../domain/ids.ts";
import type { KnownRequest } from "../accepting.ts";
import { requestMethods } from "../request-ids.ts";
import { prepare } from "./statement.ts";

const methods = requestMethods.map((method) => `'${method}'`).join(", ");

export interface RequestQuery {
  readonly accountId: AccountId;
  readonly id: string;
}

export function createFindRequest(db: DatabaseSync) {
  const find = prepare<{ message_id: MessageId; hash: string }>(
    db,
    `SELECT message_id, hash FROM request_ids WHERE account_id = ? AND method IN (${methods}) AND id = ?
     ORDER BY time LIMIT 1`,
  );
  return ({ accountId, id }: RequestQuery): KnownRequest | undefined => {
    const found = find.get(accountId, id);
    return found && { messageId: found.message_id, hash: found.hash };
  };
}
