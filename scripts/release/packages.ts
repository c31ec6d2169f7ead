/** The packages that are installed with this one, as package-lock.json has them, and under which licences they come. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

export interface ShippedPackage {
  readonly name: string;
  readonly version: string;
  /** SPDX expression. */
  readonly licence: string;
  /** As the package has them; empty where it names its licence and has no text of it. */
  readonly texts: readonly string[];
}

interface LockedPackage {
  readonly version?: string;
  readonly license?: string;
  readonly dev?: boolean;
  readonly devOptional?: boolean;
  readonly optional?: boolean;
}

const folder = "node_modules/";
const licenceFile = /^(licen[sc]e|copying|notice)([.-]|$)/i;

/** In the order of their names and versions. Throws for one that names no licence. */
export function shippedPackages(root: string): readonly ShippedPackage[] {
  const lock = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8")) as {
    readonly packages: Readonly<Record<string, LockedPackage>>;
  };
  const found: ShippedPackage[] = [];
  for (const [path, { version = "", license, dev, devOptional }] of Object.entries(lock.packages)) {
    if (path === "" || dev === true || devOptional === true) continue;
    const name = path.slice(path.lastIndexOf(folder) + folder.length);
    if (license === undefined) throw new RangeError(`${name} ${version} names no licence`);
    found.push({ name, version, licence: license, texts: textsIn(join(root, path)) });
  }
  const key = ({ name, version }: ShippedPackage) => `${name} ${version}`;
  return found.sort((a, b) => (key(a) < key(b) ? -1 : 1));
}

function textsIn(path: string): readonly string[] {
  const files = readdirSync(path).filter((file) => licenceFile.test(file));
  return files.toSorted().map((file) => readFileSync(join(path, file), "utf8").trim());
}

const allowed: ReadonlySet<string> = new Set([
  "0BSD",
  "Apache-2.0",
  "BSD-2-Clause",
  "BSD-3-Clause",
  "BlueOak-1.0.0",
  "ISC",
  "MIT",
  "Unlicense",
]);

/** Those whose licence wants more than to be named and shown. */
export function doubtfulOf(packages: readonly ShippedPackage[]): readonly ShippedPackage[] {
  return packages.filter(({ licence }) => !isAllowed(licence));
}

/** SPDX: of `OR` one must be allowed, of `AND` all. */
function isAllowed(expression: string): boolean {
  const bare = expression.replaceAll(/[()]/g, " ").trim();
  return bare.split(/ OR /).some((choice) => choice.split(/ AND /).every((one) => allowed.has(one.trim())));
}

/** All of them with their texts; a text that several share stands once. */
export function licenceText(packages: readonly ShippedPackage[]): string {
  const byText = new Map<string, string[]>();
  for (const { name, version, licence, texts } of packages) {
    const key =
      texts.length === 0 ? `${licence} (the package names it and has no text of it)` : texts.join("\n\n");
    byText.set(key, [...(byText.get(key) ?? []), `${name} ${version} (${licence})`]);
  }
  const line = "-".repeat(100);
  return [...byText].map(([text, names]) => `${names.join("\n")}\n${line}\n${text}\n`).join(`\n${line}\n`);
}
