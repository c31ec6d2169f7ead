/** Reads a list of the service page by page, to its end or until so many are there. */

const largestPage = 1_000;

/** What one page holds, and the token of the next; an empty one ends the list. */
export type Page<Entry> = readonly [entries: readonly Entry[], nextPageToken: string];

export async function allPages<Entry>(
  ask: (page: { readonly pageSize: number; readonly pageToken: string }) => Promise<Page<Entry>>,
  most: number = Number.POSITIVE_INFINITY,
): Promise<readonly Entry[]> {
  const found: Entry[] = [];
  let pageToken = "";
  do {
    const [entries, next] = await ask({ pageSize: Math.min(largestPage, most - found.length), pageToken });
    found.push(...entries);
    pageToken = next;
  } while (pageToken !== "" && found.length < most);
  return found;
}
