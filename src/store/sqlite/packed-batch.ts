/** A batch of writing operations on its way to the writer's thread: the frequent kinds packed, the others as they are. */
import type { WriteOperation, WriterOperation } from "./operations.ts";
import { type PackedAcceptance, packAcceptance } from "./packed-acceptance.ts";
import {
  type PackedReceipt,
  type PackedSettlement,
  packReceipt,
  packSettlement,
  unpackReceipt,
  unpackSettlement,
} from "./packed-facts.ts";

export type PackedOperation =
  | readonly ["accept", PackedAcceptance]
  | readonly ["settle", PackedSettlement]
  | readonly ["recordReceipt", PackedReceipt]
  | readonly ["plain", Exclude<WriteOperation, { readonly kind: "accept" }>];

export function packOperation(operation: WriteOperation): PackedOperation {
  switch (operation.kind) {
    case "accept":
      return ["accept", packAcceptance(operation.input)];
    case "settle":
      return ["settle", packSettlement(operation.input)];
    case "recordReceipt":
      return ["recordReceipt", packReceipt(operation.input)];
    default:
      return ["plain", operation];
  }
}

export function unpackOperation(packed: PackedOperation): WriterOperation {
  switch (packed[0]) {
    case "accept":
      return { kind: "accept", input: packed[1] };
    case "settle":
      return { kind: "settle", input: unpackSettlement(packed[1]) };
    case "recordReceipt":
      return { kind: "recordReceipt", input: unpackReceipt(packed[1]) };
    case "plain":
      return packed[1];
  }
}
