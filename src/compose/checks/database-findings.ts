/** What to say about a PostgreSQL database before replicas depend on it. */
import type { DatabaseFacts, PrimaryFacts, ServerFacts } from "../../store/postgres/inspect.ts";
import { type Finding, schemaFinding } from "./finding.ts";

/** A replica holds six, and its start one more. */
const connectionsOfReplica = 7;

/** Findings about the facts, in the order in which somebody would mend them. */
export function databaseFindings({ servers, primary }: DatabaseFacts): readonly Finding[] {
  const primaries = servers.filter(({ role }) => role === "primary");
  const findings = servers.map((server) => serverFinding(server, primary !== undefined));
  if (primaries.length > 1) {
    findings.push(
      fail(
        `${primaries.length} servers are primaries: replicas may write to different ones; end all but one`,
      ),
    );
  }
  if (primary === undefined) {
    const isAnyThere = servers.some(({ role }) => role !== "away");
    return isAnyThere ? [...findings, fail("no server of the list is a primary")] : findings;
  }
  return [...findings, ...primaryFindings(primary, servers.length > 1)];
}

const ok = (text: string): Finding => ({ subject: "database", level: "ok", text });
const warn = (text: string): Finding => ({ subject: "database", level: "warn", text });
const fail = (text: string): Finding => ({ subject: "database", level: "fail", text });

function serverFinding({ name, role, reason }: ServerFacts, hasPrimary: boolean): Finding {
  if (role !== "away") return ok(`${name} answers and is a ${role}`);
  return (hasPrimary ? warn : fail)(`${name} cannot be used: ${reason}`);
}

function primaryFindings(primary: PrimaryFacts, hasStandby: boolean): readonly Finding[] {
  const { schema, replicaNames } = primary;
  const isNew = !(schema instanceof Error) && schema.from === undefined;
  return [
    schema instanceof Error ? fail(schema.message.replace(/\.$/, "")) : schemaFinding("database", schema),
    ...(isNew && !primary.mayCreateSchema
      ? [fail("this user may not make a schema: GRANT CREATE ON DATABASE to it")]
      : []),
    ...durabilityFindings(primary, hasStandby),
    poolerFinding(primary.pooler),
    primary.freeConnections < connectionsOfReplica
      ? warn(
          `${Math.max(0, primary.freeConnections)} connections are free; a replica takes ${connectionsOfReplica}`,
        )
      : ok(`${primary.freeConnections} connections are free`),
    ok(
      replicaNames.length === 0 ? "no replica runs now" : `replicas that run now: ${replicaNames.join(", ")}`,
    ),
  ];
}

function durabilityFindings(primary: PrimaryFacts, hasStandby: boolean): readonly Finding[] {
  const { version, synchronousCommit, hasFsync, hasFullPageWrites, hasSynchronousStandby } = primary;
  return [
    hasFsync
      ? ok(`PostgreSQL ${version} keeps what it has committed (fsync is on)`)
      : fail(
          `PostgreSQL ${version} has fsync off: a power cut loses messages that were acknowledged, or everything`,
        ),
    ...(hasFullPageWrites
      ? []
      : [
          warn(
            "full_page_writes is off: a crash may leave torn pages, unless the file system rules them out",
          ),
        ]),
    synchronousCommit === "off"
      ? ok("synchronous_commit is off, and sms-relay turns it on for its own sessions")
      : ok(`synchronous_commit is ${synchronousCommit}`),
    ...(hasStandby && !hasSynchronousStandby
      ? [
          warn(
            "no standby is synchronous: one that takes over may lack the last messages that were acknowledged",
          ),
        ]
      : []),
  ];
}

function poolerFinding(pooler: PrimaryFacts["pooler"]): Finding {
  switch (pooler) {
    case "none":
      return ok("no pooler stands between");
    case "sessions":
      return warn("a pooler stands between: it must hand out whole sessions, never transactions");
    case "transactions":
      return fail(
        "a pooler hands transactions around, which prepared statements and LISTEN do not bear; go past it",
      );
  }
}
