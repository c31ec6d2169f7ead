/** A row of messages as the other parts of the store know it: texts unescaped, octets without the driver's buffer. */
import type { ContentRow, MessageRow } from "../message-row.ts";
import { unpackOptional } from "./pack-text.ts";

export function plainMessage<Row extends MessageRow>(row: Row): Row {
  return { ...row, client_reference: unpackOptional(row.client_reference) };
}

export function plainContent(row: ContentRow): ContentRow {
  return {
    text: unpackOptional(row.text),
    data: row.data && new Uint8Array(row.data),
    udh: row.udh && new Uint8Array(row.udh),
  };
}
