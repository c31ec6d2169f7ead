/**
 * One look at the sessions of gateways by one replica: renews what is its own, reads who else wants some, takes what it is due, and answers
 * how all are divided. Leases are judged by the database's clock, inside the statement, and only by a replica that was there all the time.
 */
import type { GatewayId } from "../../domain/ids.ts";
import type { GatewayOffer, ReplicaReport, SessionShare } from "../gateway-sessions.ts";
import { packReports, unpackReports } from "./gateway-reports.ts";
import { mayJudge } from "./lease.ts";
import { planSessions, type SlotView } from "./plan-sessions.ts";
import { type Connection, statement } from "./statement.ts";

export interface DivideRequest {
  readonly replicaId: string;
  readonly epoch: number;
  readonly leaseMs: number;
  readonly offers: readonly GatewayOffer[];
}

interface Slot {
  readonly gateway_id: GatewayId;
  readonly slot: number;
}

interface SlotRow extends Slot {
  /** Nobody's, or its lease is over and this replica may judge that. */
  readonly is_free: boolean;
}

const tell = statement(
  "tell_gateways",
  "UPDATE replicas SET gateways = $3 WHERE id = $1 AND epoch = $2 AND NOT is_dead",
);
// What is locked is just being taken by another replica: nobody waits for it.
const renew = statement<Slot>(
  "renew_sessions",
  `UPDATE gateway_sessions AS s SET lease_until = clock_timestamp() + $3 * interval '1 millisecond'
   FROM (SELECT gateway_id, slot FROM gateway_sessions WHERE owner = $1 AND epoch = $2 FOR UPDATE SKIP LOCKED) AS own
   WHERE s.gateway_id = own.gateway_id AND s.slot = own.slot RETURNING s.gateway_id, s.slot`,
);
const readSlots = statement<SlotRow>(
  "read_sessions",
  `SELECT gateway_id, slot,
     owner IS NULL OR (lease_until < statement_timestamp() AND ${mayJudge("$1", "$2", "$3")}) AS is_free
   FROM gateway_sessions ORDER BY gateway_id, slot`,
);
const readReplicas = statement<{ id: string; gateways: string }>(
  "read_gateway_reports",
  `SELECT id, gateways FROM replicas
   WHERE NOT is_dead AND gateways IS NOT NULL AND lease_until > clock_timestamp() ORDER BY id`,
);
const readResumes = statement<{ gateway_id: GatewayId; count: number }>(
  "read_resumes",
  "SELECT gateway_id, count FROM gateway_resumes ORDER BY gateway_id",
);
const addResume = statement(
  "count_resume",
  `INSERT INTO gateway_resumes AS r (gateway_id, count) VALUES ($1, 1)
   ON CONFLICT (gateway_id) DO UPDATE SET count = r.count + 1`,
);
// Replicas that start together insert in one order.
const insertSlots = statement(
  "insert_sessions",
  `INSERT INTO gateway_sessions (gateway_id, slot)
   SELECT gateway_id, slot FROM unnest($1::text[], $2::smallint[]) AS w (gateway_id, slot)
   ORDER BY gateway_id COLLATE "C", slot ON CONFLICT DO NOTHING`,
);
const take = statement<Slot>(
  "take_sessions",
  `UPDATE gateway_sessions AS s
   SET owner = $3, epoch = $4, lease_until = clock_timestamp() + $5 * interval '1 millisecond'
   FROM (SELECT g.gateway_id, g.slot FROM unnest($1::text[], $2::smallint[]) AS w (gateway_id, slot)
         JOIN gateway_sessions g ON g.gateway_id = w.gateway_id AND g.slot = w.slot
         WHERE g.owner IS NULL OR (g.lease_until < statement_timestamp() AND ${mayJudge("$3", "$4", "$5")})
         FOR UPDATE OF g SKIP LOCKED) AS free
   WHERE s.gateway_id = free.gateway_id AND s.slot = free.slot RETURNING s.gateway_id, s.slot`,
);

/** Undefined where the replica was found dead: it has to join again. */
export async function divideSessions(
  connection: Connection,
  request: DivideRequest,
): Promise<ReadonlyMap<GatewayId, SessionShare> | undefined> {
  const { replicaId, epoch, leaseMs, offers } = request;
  const [told, renewed, rows, replicas, resumes] = await Promise.all([
    connection.run(tell, replicaId, epoch, packReports(offers)),
    connection.all(renew, replicaId, epoch, leaseMs),
    connection.all(readSlots, replicaId, epoch, leaseMs),
    connection.all(readReplicas),
    connection.all(readResumes),
  ]);
  if (told === 0) return undefined;
  const rowsOf = Map.groupBy(rows, ({ gateway_id }) => gateway_id);
  const renewedOf = slotsByGateway(renewed);
  const reports = replicas.map(({ id, gateways }) => ({ id, byGateway: unpackReports(gateways) }));

  const missing = offers.flatMap(({ gatewayId, sessions }) => {
    const known = new Set(rowsOf.get(gatewayId)?.map(({ slot }) => slot));
    const all = Array.from({ length: sessions }, (_, slot) => ({ gateway_id: gatewayId, slot }));
    return all.filter(({ slot }) => !known.has(slot));
  });
  if (missing.length > 0) await connection.run(insertSlots, ...columnsOf(missing));
  const missingOf = slotsByGateway(missing);

  const plans = new Map(
    offers.map(({ gatewayId, sessions }) => {
      const mine = new Set(renewedOf.get(gatewayId));
      const stateOf = ({ slot, is_free }: SlotRow): SlotView["state"] => {
        if (mine.has(slot)) return "own";
        return is_free ? "free" : "taken";
      };
      const slots = (rowsOf.get(gatewayId) ?? []).map((row) => ({ slot: row.slot, state: stateOf(row) }));
      const made = (missingOf.get(gatewayId) ?? []).map((slot) => ({ slot, state: "free" as const }));
      const replicaIds = reports.filter(({ byGateway }) => byGateway.has(gatewayId)).map(({ id }) => id);
      const plan = { gatewayId, sessions, slots: [...slots, ...made], replicaId, replicaIds };
      return [gatewayId, planSessions(plan)];
    }),
  );
  const wanted = [...plans].flatMap(([gateway_id, plan]) => plan.take.map((slot) => ({ gateway_id, slot })));
  const taken =
    wanted.length === 0 ? [] : await connection.all(take, ...columnsOf(wanted), replicaId, epoch, leaseMs);
  const takenOf = slotsByGateway(taken);

  const othersOf = (gatewayId: GatewayId) =>
    reports.flatMap(({ id, byGateway }): readonly ReplicaReport[] => {
      const report = byGateway.get(gatewayId);
      if (report === undefined || id === replicaId) return [];
      return [{ replicaId: id, report }];
    });
  const resumeCounts = new Map(resumes.map(({ gateway_id, count }) => [gateway_id, count]));
  return new Map(
    [...new Set([...plans.keys(), ...renewedOf.keys()])].map((gatewayId) => {
      const held = [...(renewedOf.get(gatewayId) ?? []), ...(takenOf.get(gatewayId) ?? [])];
      const own = held.sort((left, right) => left - right);
      const plan = plans.get(gatewayId);
      const share: SessionShare = {
        own,
        // What is held of a gateway that is not offered any more goes too.
        surplus: plan === undefined ? own.at(-1) : plan.surplus,
        others: othersOf(gatewayId),
        resumeCount: resumeCounts.get(gatewayId) ?? 0,
      };
      return [gatewayId, share];
    }),
  );
}

/** Also of a gateway that was not paused: each replica closes its circuit and binds again. */
export async function countResume(connection: Connection, gatewayId: GatewayId): Promise<void> {
  await connection.run(addResume, gatewayId);
}

function slotsByGateway(slots: readonly Slot[]): ReadonlyMap<GatewayId, readonly number[]> {
  const byGateway = new Map<GatewayId, number[]>();
  for (const { gateway_id, slot } of slots) {
    const known = byGateway.get(gateway_id);
    if (known === undefined) byGateway.set(gateway_id, [slot]);
    else known.push(slot);
  }
  return byGateway;
}

function columnsOf(slots: readonly Slot[]) {
  return [slots.map(({ gateway_id }) => gateway_id), slots.map(({ slot }) => slot)] as const;
}
