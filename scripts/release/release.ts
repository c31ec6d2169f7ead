/**
 * Makes what a release consists of, in one folder: the package, the contract's descriptor set, a bill of materials (CycloneDX), the licences
 * of what is installed with it, notes, and checksums of all. It publishes nothing: the last lines say how. `--dry-run` does the same of a
 * working tree that is not clean and a version that has no tag.
 */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { notesOf } from "./changelog.ts";
import { doubtfulOf, licenceText, type ShippedPackage, shippedPackages } from "./packages.ts";

const root = resolve(import.meta.dirname, "../..");
const usage = "Usage: npm run release -- [--dry-run] [--out FOLDER]";

function run(command: string, args: readonly string[]): string {
  return execFileSync(command, args, { cwd: root, encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] });
}

class Refusal extends Error {}

interface Manifest {
  readonly name: string;
  readonly version: string;
}

/** A release is what a tag says, and nothing that lies about. */
function checkTree(version: string): void {
  if (run("git", ["status", "--porcelain"]).trim() !== "") throw new Refusal("the working tree is not clean");
  const tag = `v${version}`;
  const tags = run("git", ["tag", "--points-at", "HEAD"]).split("\n");
  if (!tags.includes(tag)) throw new Refusal(`the commit has no tag ${tag}`);
}

interface Component {
  readonly "bom-ref": string;
  readonly name: string;
  readonly version: string;
  readonly group?: string;
  readonly externalReferences?: readonly { readonly type: string }[];
}

/**
 * Of npm's bill of all packages those that are shipped: its own `--omit dev` leaves out what tools of development need too. Without the addresses
 * that this machine installed from, which say nothing of where others do.
 */
function billOfMaterials({ name, version }: Manifest, packages: readonly ShippedPackage[]): string {
  const bill = JSON.parse(run("npm", ["sbom", "--sbom-format", "cyclonedx", "--package-lock-only"]));
  const shipped = new Set(packages.map((one) => `${one.name}@${one.version}`));
  const withoutAddresses = (component: Component) => ({
    ...component,
    externalReferences: component.externalReferences?.filter(({ type }) => type !== "distribution"),
  });
  const components = (bill.components as readonly Component[]).filter((one) =>
    shipped.has(`${one.group === undefined ? "" : `${one.group}/`}${one.name}@${one.version}`),
  );
  const own = bill.metadata.component as Component;
  const refs = new Set([own, ...components].map((one) => one["bom-ref"]));
  const dependencies = (
    bill.dependencies as readonly { readonly ref: string; readonly dependsOn: string[] }[]
  )
    .filter(({ ref }) => refs.has(ref))
    .map(({ ref, dependsOn }) => ({ ref, dependsOn: dependsOn.filter((other) => refs.has(other)) }));
  const found = {
    ...bill,
    // npm names it by its folder.
    metadata: { ...bill.metadata, component: { ...withoutAddresses(own), name, version } },
    components: components.map(withoutAddresses),
    dependencies,
  };
  return `${JSON.stringify(found, null, 2)}\n`;
}

function release(out: string, isDryRun: boolean): void {
  const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as Manifest;
  const { name, version } = manifest;
  if (!isDryRun) checkTree(version);
  const notes = notesOf(readFileSync(join(root, "CHANGELOG.md"), "utf8"), version);
  if (!isDryRun && /unreleased/i.test(notes.title))
    throw new Refusal(`CHANGELOG.md calls ${version} unreleased`);
  const packages = shippedPackages(root);
  const doubtful = doubtfulOf(packages);
  if (doubtful.length > 0)
    throw new Refusal(
      `not to be shipped: ${doubtful.map((one) => `${one.name} (${one.licence})`).join(", ")}`,
    );

  rmSync(out, { recursive: true, force: true });
  mkdirSync(out, { recursive: true });
  const prefix = `${name}-${version}`;
  const [packed] = JSON.parse(run("npm", ["pack", "--json", "--pack-destination", out])) as readonly {
    readonly filename: string;
  }[];
  copyFileSync(join(root, "dist/descriptor-set.binpb"), join(out, `${prefix}-descriptor-set.binpb`));
  writeFileSync(join(out, `${prefix}-sbom.cdx.json`), billOfMaterials(manifest, packages));
  writeFileSync(join(out, `${prefix}-licences.txt`), licenceText(packages));
  writeFileSync(join(out, `${prefix}-notes.md`), `# ${name} ${notes.title}\n\n${notes.text}\n`);
  const files = readdirSync(out).toSorted();
  const sums = files.map((file) => {
    const sum = createHash("sha256")
      .update(readFileSync(join(out, file)))
      .digest("hex");
    return `${sum}  ${file}\n`;
  });
  writeFileSync(join(out, "SHA256SUMS"), sums.join(""));

  console.log([...files, "SHA256SUMS"].map((file) => join(out, file)).join("\n"));
  if (isDryRun) console.log("\nDry run: nothing was published, and these are no release.");
  else
    console.log(
      `\nTo publish, where a build is attested: npm publish ${join(out, basename(packed?.filename ?? ""))}`,
    );
}

try {
  const { values } = parseArgs({
    options: { "dry-run": { type: "boolean", default: false }, out: { type: "string", default: "release" } },
  });
  release(resolve(values.out), values["dry-run"]);
} catch (error) {
  const isUsage = error instanceof TypeError && "code" in error;
  const text = error instanceof Error ? error.message : String(error);
  console.error(`release: ${text}.${isUsage ? `\n${usage}` : ""}`);
  process.exitCode = isUsage ? 2 : 1;
}
