/** What an account's request id stands for. */
import type { DatabaseSync } from "node:sqlite";
import type { AccountId, MessageId } from "../../domain/ids.ts";
import type { KnownRequest } from "../accepting.ts";
import { requestMethods } from "../request-ids.ts";
import { prepare } from "./statement.ts";

export interface RequestQuery {
  readonly accountId: AccountId;
  readonly id: string;
}

interface RequestRow {
  readonly message_id: MessageId;
  readonly hash: string;
  readonly time: number;
}

export function createFindRequest(db: DatabaseSync) {
  // A look-up in the index for each method: with IN and ORDER BY, SQLite builds two trees at each call, which costs five times as much.
  const find = prepare<RequestRow>(
    db,
    requestMethods
      .map(
        (method) =>
          `SELECT message_id, hash, time FROM request_ids WHERE account_id = ?1 AND method = '${method}' AND id = ?2`,
      )
      .join(" UNION ALL "),
  );
  return ({ accountId, id }: RequestQuery): KnownRequest | undefined => {
    const [first, second] = find.all(accountId, id);
    const older = second !== undefined && first !== undefined && second.time < first.time ? second : first;
    return older && { messageId: older.message_id, hash: older.hash };
  };
}
