/** Looks at everything that a service of this configuration depends on, without starting one and without getting in its way. */
import { constants, existsSync } from "node:fs";
import { access, statfs } from "node:fs/promises";
import { dirname, join } from "node:path";
import { hasOperator } from "../../config/account-scopes.ts";
import { codeOf } from "../../config/code-of.ts";
import type { Config } from "../../config/schema.ts";
import type { Clock } from "../../observability/clock.ts";
import { inspectDatabase } from "../../store/postgres/inspect.ts";
import { inspectFile } from "../../store/sqlite/inspect.ts";
import { findNetworkDisk } from "../../store/sqlite/network-disk.ts";
import { kindOf } from "../gateways/kinds.ts";
import { readRequestSecret, requestSecretFile } from "../request-secrets.ts";
import { checkCertificates } from "./check-certificates.ts";
import { checkDoors } from "./check-doors.ts";
import { checkIssuer } from "./check-issuer.ts";
import { databaseFindings } from "./database-findings.ts";
import { type Finding, schemaFinding } from "./finding.ts";

export interface CheckOptions {
  /** Binds at each gateway; undefined binds where no service is seen that holds sessions there. */
  readonly isBinding: boolean | undefined;
  readonly clock: Clock;
}

/** The findings as they come. */
export async function* checkSurroundings(
  config: Config,
  { isBinding, clock }: CheckOptions,
): AsyncGenerator<Finding> {
  yield* checkCertificates(config, clock.now());
  const store =
    config.store.url === undefined ? await checkFile(config) : await checkDatabase(config.store.url);
  const doors = await checkDoors(config, store.isInUse);
  yield* doors.findings;
  yield* store.findings;
  yield await folderFinding(dirname(config.store.path));
  yield await secretFinding(config);
  yield keysFinding(config, store.operatorKeyCount);
  const isRunning = doors.isServed || store.isInUse === true;
  const binds = isBinding ?? !isRunning;
  if (isBinding === undefined && isRunning && config.gateways.length > 0) {
    const text =
      "a service runs and holds sessions, so that nothing is bound (--bind does): see `sms-relay gateways`";
    yield { subject: "gateways", level: "ok", text };
  }
  if (config.gateways.length === 0) {
    yield {
      subject: "gateways",
      level: "warn",
      text: "none is configured: messages are refused with 4112 NO_ROUTE",
    };
  }
  const issuers = config.issuers.map((issuer) => checkIssuer(issuer, clock));
  for (const issuer of issuers) yield await issuer;
  const probes = config.gateways.map((gateway) => kindOf(gateway).check(gateway, binds, clock));
  for (const probe of probes) yield* await probe;
}

interface StoreFound {
  readonly findings: readonly Finding[];
  /** Undefined where the store cannot be read. */
  readonly operatorKeyCount: number | undefined;
  /** Undefined where that cannot be told. */
  readonly isInUse: boolean | undefined;
}

async function checkDatabase(urls: readonly string[]): Promise<StoreFound> {
  const facts = await inspectDatabase(urls);
  return {
    findings: databaseFindings(facts),
    operatorKeyCount: facts.primary?.operatorKeyCount,
    isInUse: facts.primary && facts.primary.replicaNames.length > 0,
  };
}

async function checkFile({ store: { path, minFreeDisk } }: Config): Promise<StoreFound> {
  const subject = "store";
  try {
    const { schema, operatorKeyCount, isInUse, copied } = inspectFile(path);
    const findings = [
      schemaFinding(subject, schema),
      ...(copied === undefined ? [] : [copiedFinding(copied.into, copied.isCertain)]),
      await diskFinding(path, minFreeDisk),
      ...networkFindings(await findNetworkDisk(path)),
    ];
    return { findings, operatorKeyCount, isInUse };
  } catch (error) {
    const text = error instanceof Error ? error.message.replace(/\.$/, "") : String(error);
    return { findings: [{ subject, level: "fail", text }], operatorKeyCount: undefined, isInUse: undefined };
  }
}

function copiedFinding(into: string, isCertain: boolean): Finding {
  const was = isCertain ? "was" : "may have been";
  const text = `${was} copied into ${into}: started here with --start-copied-store, a service sends again what waited then`;
  return { subject: "store", level: "warn", text };
}

function networkFindings(disk: string | undefined): readonly Finding[] {
  if (disk === undefined) return [];
  const text = `stands on ${disk}: SQLite wants a disk of this machine, where locks and fsync hold`;
  return [{ subject: "store", level: "warn", text }];
}

const mebibyte = 1024 ** 2;

async function diskFinding(path: string, minFreeDisk: number): Promise<Finding> {
  const subject = "store";
  const { bavail, bsize } = await statfs(dirname(path)).catch(() => ({ bavail: undefined, bsize: 0 }));
  if (bavail === undefined) {
    return { subject, level: "ok", text: `${dirname(path)} is made by the first start` };
  }
  const free = bavail * bsize;
  const text = `${Math.floor(free / mebibyte)} MiB are free; below ${Math.ceil(minFreeDisk / mebibyte)} MiB messages are refused`;
  return { subject, level: free < minFreeDisk ? "fail" : free < 4 * minFreeDisk ? "warn" : "ok", text };
}

/** Whether the service could make its files beside `store.path`, as the user that checks. */
async function folderFinding(folder: string): Promise<Finding> {
  const subject = "folder";
  let there = folder;
  while (!existsSync(there) && dirname(there) !== there) there = dirname(there);
  const code = await access(there, constants.W_OK | constants.X_OK).then(() => undefined, codeOf);
  if (code === undefined) return { subject, level: "ok", text: `${folder} can be written` };
  const text = there === folder ? `${folder} cannot be written` : `${folder} cannot be made in ${there}`;
  return { subject, level: "fail", text: `${text} (${code})` };
}

async function secretFinding({ secrets, store: { path, url } }: Config): Promise<Finding> {
  const subject = "secrets";
  const file = join(dirname(path), requestSecretFile);
  try {
    const kept = await readRequestSecret(file);
    if (secrets.requestHash !== undefined)
      return { subject, level: "ok", text: "secrets.requestHash is configured" };
    if (kept !== undefined) return { subject, level: "ok", text: `${file} holds the secret of request ids` };
    if (url === undefined) return { subject, level: "ok", text: `${file} is made by the first start` };
    const text =
      "secrets.requestHash is not set: request ids are hashed with what stands in the same database";
    return { subject, level: "warn", text };
  } catch (error) {
    return { subject, level: "fail", text: error instanceof Error ? error.message : String(error) };
  }
}

function keysFinding(config: Config, operatorKeyCount: number | undefined): Finding {
  const subject = "keys";
  if (hasOperator(config)) {
    return { subject, level: "ok", text: "the configuration has an operator's key" };
  }
  if (operatorKeyCount === undefined) {
    return { subject, level: "warn", text: "the store cannot be asked for operators' keys" };
  }
  if (operatorKeyCount > 0) {
    return {
      subject,
      level: "ok",
      text:
        operatorKeyCount === 1
          ? "the store knows an operator's key"
          : `the store knows ${operatorKeyCount} operators' keys`,
    };
  }
  const file = join(dirname(config.store.path), "operator.key");
  return {
    subject,
    level: "ok",
    text: `no operator has a key: the next start makes one and writes it to ${file}`,
  };
}
