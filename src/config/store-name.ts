/** The store's name in messages to people. */
import type { Config } from "./schema.ts";

/** A path, or servers without their passwords. */
export function storeName({ url, path }: Config["store"]): string {
  if (url === undefined) return path;
  return url
    .map((one) => {
      const { host, pathname } = new URL(one);
      return `postgres://${host}${pathname}`;
    })
    .join(", ");
}
