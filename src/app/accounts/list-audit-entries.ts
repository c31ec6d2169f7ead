/** Lists what operators did, newest first. */
import type { AuditEntry, SubjectKind } from "../../store/records/audit.ts";
import type { Store } from "../../store/store.ts";
import {
  openPageToken,
  type Page,
  type PageRequest,
  pageSizeOf,
  sealPageToken,
} from "../calls/page-token.ts";
import { invalid } from "../calls/required-fields.ts";
import type { TokenSealer } from "../calls/sealed-token.ts";
import type { Unknown } from "../calls/unknown.ts";

export interface ListAuditEntriesDeps {
  readonly store: Pick<Store, "listAudit">;
  readonly sealer: TokenSealer;
}

/** Empty fields of the filter are for all. */
export type ListAuditEntries = (
  request: PageRequest & {
    readonly keyId: string;
    readonly subject: string;
    readonly subjectKind: SubjectKind | Unknown;
  },
) => Promise<Page<AuditEntry>>;

export function createListAuditEntries({ store, sealer }: ListAuditEntriesDeps): ListAuditEntries {
  return async ({ keyId, subject, subjectKind, ...page }) => {
    if (subjectKind === "UNRECOGNIZED")
      throw invalid("subject_kind", "must be unset, ACCOUNT, KEY, GATEWAY or IDENTITY");
    const list = `audit\u0000${keyId}\u0000${subject}\u0000${subjectKind}`;
    const limit = pageSizeOf(page);
    const before = Number(openPageToken(sealer, list, page) ?? Number.MAX_SAFE_INTEGER);
    const found = await store.listAudit({ before, limit: limit + 1, keyId, subject });
    const entries = found.slice(0, limit);
    const last = entries.at(-1);
    const isEnd = found.length <= limit || last === undefined;
    const wanted = subjectKind === "" ? entries : entries.filter((one) => one.subjectKind === subjectKind);
    return {
      entries: wanted,
      nextPageToken: isEnd ? undefined : sealPageToken(sealer, list, String(last.number)),
    };
  };
}
