/** The profiles that ship with the program: files of this package, which are read when one is asked for. */
import { readdirSync, readFileSync } from "node:fs";

const folder = new URL("../../profiles/", import.meta.url);
const ending = ".yaml";

/** In the order of the alphabet. */
export function shippedNames(): readonly string[] {
  return readdirSync(folder)
    .filter((file) => file.endsWith(ending))
    .map((file) => file.slice(0, -ending.length))
    .sort();
}

/** Its text; undefined where no profile of that name ships. */
export function readShipped(name: string): string | undefined {
  return shippedNames().includes(name)
    ? readFileSync(new URL(`${name}${ending}`, folder), "utf8")
    : undefined;
}
