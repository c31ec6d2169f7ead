/**
 * Rules that concern several settings together. They look at whatever could be read, so that a fault elsewhere in the file never hides one
 * that they find.
 */
import { createHash } from "node:crypto";
import { isLoopback } from "../domain/loopback.ts";
import { pathText } from "./describe-issue.ts";

export interface CrossFault {
  readonly path: readonly PropertyKey[];
  readonly rule: string;
}

type Group = Readonly<Record<string, unknown>>;

/** Every such fault of a configuration that was parsed as far as it could be. */
export function crossFaultsOf(config: unknown): readonly CrossFault[] {
  const { listen, limits, accounts, issuers, senders, gateways, secrets } = groupOf(config);
  const accountGroups = listOf(accounts).map(groupOf);
  const gatewayGroups = listOf(gateways).map(groupOf);
  return [
    ...listenFaults(groupOf(listen)),
    ...callbackFaults(groupOf(listen), groupOf(secrets)),
    ...limitFaults(groupOf(limits)),
    ...twinFaults(idsOf("accounts", accountGroups), () => "stands twice: ids of accounts must differ"),
    ...accountGroups.flatMap(({ scopes, role }, index) =>
      scopes === undefined || role === undefined
        ? []
        : [
            {
              path: ["accounts", index, "role"],
              rule: "stands beside scopes, which say the same: leave it out",
            },
          ],
    ),
    ...twinFaults(
      listOf(issuers).map((entry, index) => {
        const { issuer } = groupOf(entry);
        return {
          path: ["issuers", index, "issuer"],
          identity: typeof issuer === "string" ? issuer : undefined,
        };
      }),
      () => "stands twice: an issuer is set up once",
    ),
    ...senderFaults(listOf(senders).map(groupOf)),
    ...twinFaults(idsOf("gateways", gatewayGroups), () => "stands twice: ids of gateways must differ"),
    ...formerIdFaults(gatewayGroups),
    ...twinFaults(
      accountGroups.flatMap(({ keys }, account) =>
        listOf(keys).map((key, index) => ({
          path: ["accounts", account, "keys", index],
          identity: keyIdentity(key),
        })),
      ),
      (first) => `is the same key as ${pathText(first)}: a key belongs to one account and stands once`,
    ),
    ...twinFaults(
      gatewayGroups.map((gateway, index) => ({
        path: ["gateways", index, "systemId"],
        identity: smscAccountIdentity(gateway),
      })),
      (first) =>
        `is the same as ${pathText(first)} at the same host and port: one SMSC account is one gateway (raise sessions for more links)`,
    ),
    ...gatewayGroups.flatMap((gateway, index) => gatewayFaults(gateway, ["gateways", index])),
  ];
}

/** A country stands in one entry, and short codes where their kind is taken. */
function senderFaults(entries: readonly Group[]): readonly CrossFault[] {
  const named = entries.flatMap(({ countries }, entry) =>
    listOf(countries).map((code, index) => ({
      path: ["senders", entry, "countries", index],
      identity: typeof code === "string" ? code : undefined,
    })),
  );
  return [
    ...twinFaults(named, (first) => `stands at ${pathText(first)} too: a country has one entry`),
    ...entries.flatMap(({ kinds, shortCodes }, entry) =>
      shortCodes === undefined || kinds === undefined || listOf(kinds).includes("SHORT_CODE")
        ? []
        : [{ path: ["senders", entry, "shortCodes"], rule: "goes with SHORT_CODE among its kinds" }],
    ),
  ];
}

/** Addresses of callbacks are made with a secret that all replicas have. */
function callbackFaults({ callbacks }: Group, secrets: Group): readonly CrossFault[] {
  if (callbacks === undefined || secrets["callbacks"] !== undefined) return [];
  return [{ path: ["listen", "callbacks"], rule: "needs secrets.callbacks, alike at all replicas" }];
}

function limitFaults({ maxRequestSize, maxBegunPerAccount }: Group): readonly CrossFault[] {
  if (typeof maxBegunPerAccount !== "number" || typeof maxRequestSize !== "number") return [];
  if (maxBegunPerAccount >= maxRequestSize) return [];
  const rule = "must not be less than limits.maxRequestSize: a request of that size could not come in";
  return [{ path: ["limits", "maxBegunPerAccount"], rule }];
}

function groupOf(value: unknown): Group {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Group) : {};
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

interface Identified {
  readonly path: readonly PropertyKey[];
  /** Equal for entries that must not both be present; undefined where it could not be read. */
  readonly identity: string | undefined;
}

function twinFaults(
  entries: readonly Identified[],
  ruleOf: (first: readonly PropertyKey[]) => string,
): readonly CrossFault[] {
  const firsts = new Map<string, readonly PropertyKey[]>();
  return entries.flatMap(({ path, identity }) => {
    if (identity === undefined) return [];
    const first = firsts.get(identity);
    if (first !== undefined) return [{ path, rule: ruleOf(first) }];
    firsts.set(identity, path);
    return [];
  });
}

function idsOf(list: string, groups: readonly Group[]): readonly Identified[] {
  return groups.map(({ id }, index) => ({
    path: [list, index, "id"],
    identity: typeof id === "string" ? id : undefined,
  }));
}

/** A former id is neither a present one nor that of two gateways. */
function formerIdFaults(gateways: readonly Group[]): readonly CrossFault[] {
  const today = new Set(gateways.map(({ id }) => id));
  const former = gateways.flatMap(({ formerIds }, gateway) =>
    listOf(formerIds).map((id, index) => ({
      path: ["gateways", gateway, "formerIds", index],
      identity: typeof id === "string" ? id : undefined,
    })),
  );
  return [
    ...twinFaults(former, (first) => `stands at ${pathText(first)} too: a former id belongs to one gateway`),
    ...former
      .filter(({ identity }) => today.has(identity))
      .map(({ path }) => ({ path, rule: "is the id of a gateway: a former id is one that no gateway has" })),
  ];
}

/** A key and its own hash are one key. */
function keyIdentity(key: unknown): string | undefined {
  if (typeof key !== "string") return undefined;
  return key.startsWith("sha256:") ? key.slice(7) : createHash("sha256").update(key).digest("hex");
}

/**
 * Receipts of an SMSC account come on any of its sessions (P4). Were two gateways to share one, each would get receipts of what
 * the other sent, and match none of them.
 */
function smscAccountIdentity({ host, port, systemId }: Group): string | undefined {
  if (typeof host !== "string" || typeof port !== "number" || typeof systemId !== "string") return undefined;
  return JSON.stringify([host.toLowerCase(), port, systemId]);
}

function gatewayFaults(gateway: Group, path: readonly PropertyKey[]): readonly CrossFault[] {
  const { reconnectMin, reconnectMax } = gateway;
  const { packing, defaultAlphabet } = groupOf(gateway["profile"]);
  const faults: CrossFault[] = [];
  if (typeof reconnectMin === "number" && typeof reconnectMax === "number" && reconnectMin > reconnectMax) {
    const rule = `must not be longer than reconnectMax, which is ${reconnectMax} ms`;
    faults.push({ path: [...path, "reconnectMin"], rule });
  }
  if (packing === "packed" && (defaultAlphabet === "latin1" || defaultAlphabet === "ascii")) {
    const rule = `packed goes with defaultAlphabet gsm only: ${defaultAlphabet} has no septets`;
    faults.push({ path: [...path, "profile", "packing"], rule });
  }
  return faults;
}

/** The doors that callers come to, under one rule for TLS, and all in the order in which ports are told. */
const callersDoors = ["grpc", "api", "callbacks"];
const doors = ["grpc", "http", "api", "callbacks"];

function listenFaults(listen: Group): readonly CrossFault[] {
  const plain = callersDoors.flatMap((name) => {
    const { tls, allowPlaintext, host } = groupOf(listen[name]);
    if (tls !== undefined || allowPlaintext === true || typeof host !== "string" || isLoopback(host))
      return [];
    const rule = `is not a loopback address: set listen.${name}.tls, or allowPlaintext: true to serve without TLS`;
    return [{ path: ["listen", name, "host"], rule }];
  });
  const twins = doors.flatMap((name, index) => {
    const { host, port } = groupOf(listen[name]);
    if (typeof port !== "number" || port === 0) return [];
    const first = doors.slice(0, index).find((other) => {
      const { host: otherHost, port: otherPort } = groupOf(listen[other]);
      return otherPort === port && isSameHost(otherHost, host);
    });
    if (first === undefined) return [];
    const rule = `is that of listen.${first} too: each door needs a port of its own`;
    return [{ path: ["listen", name, "port"], rule }];
  });
  return [...plain, ...twins];
}

const everyAddress = new Set<unknown>(["0.0.0.0", "::"]);

function isSameHost(left: unknown, right: unknown): boolean {
  if (left === right || everyAddress.has(left) || everyAddress.has(right)) return true;
  const isNamed = left === "localhost" || right === "localhost";
  return isNamed && [left, right].every((one) => typeof one === "string" && isLoopback(one));
}
