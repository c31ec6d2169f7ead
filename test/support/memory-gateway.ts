/** A gateway without a network: a script answers what is submitted, and every submission can be waited for. */
import { toGatewayId } from "../../src/domain/ids.ts";
import { baselineProfile } from "../../src/encoding/baseline-profile.ts";
import type { EncodingProfile } from "../../src/encoding/message-plan.ts";
import type {
  Gateway,
  GatewayListener,
  GatewayStatus,
  LateAnswer,
  Misfortune,
  PartResult,
  Submission,
} from "../../src/gateways/gateway.ts";
import { createSignalQueue, type SignalQueue } from "./signal-queue.ts";

/** What happens to a submission; a promise keeps its window occupied. */
export type Script = (
  submission: Submission,
  turn: number,
) => readonly PartResult[] | Promise<readonly PartResult[]>;

export interface MemoryGateway extends Gateway {
  /** Every submission, in the order of arrival. */
  readonly submissions: Submission[];
  readonly arrivals: SignalQueue<Submission>;
  script: Script;
  setStatus(status: GatewayStatus): void;
  /** Keeps so many of its sessions here; without one it cannot send. */
  setOwnSessions(count: number): void;
}

export interface MemoryGatewayOptions {
  readonly script?: Script;
  readonly window?: number;
  /** In all; 1 unless told otherwise. */
  readonly sessions?: number;
  readonly profile?: Partial<EncodingProfile>;
  readonly now?: () => number;
}

export function accepted(number: number, smscMessageId = `id-${number}`): PartResult {
  return { kind: "accepted", number, smscMessageId, matchKey: smscMessageId, timeMs: 1 };
}

type Refusal = Extract<PartResult, { kind: "refused" }>["refusal"];
const commandStatuses: Readonly<Record<Refusal, number>> = {
  recipient: 0x0b,
  route: 0x45,
  account: 0x400,
  temporary: 0x08,
  throttled: 0x58,
  session: 0x04,
};

export function refused(number: number, refusal: Refusal): PartResult {
  const answer = { protocol: "smpp", status: commandStatuses[refusal] } as const;
  return { kind: "refused", number, refusal, answer, blamesGateway: refusal === "route", timeMs: 1 };
}

/** Without a misfortune its answer alone never came; with `late` it may come yet. */
export function ambiguous(
  number: number,
  misfortune?: Misfortune,
  late?: LateAnswer,
  timeMs = 1,
): PartResult {
  return { kind: "ambiguous", number, misfortune, late, timeMs };
}

/** What the answer to a part in doubt is told to. */
export function createLateAnswer(): LateAnswer {
  return {
    onAnswer: () => {
      throw new Error("nobody waits for the answer");
    },
  };
}

export function unsent(number: number, why: "no_session" | "stopped" | "expired" = "stopped"): PartResult {
  return { kind: "unsent", number, why, timeMs: 1 };
}

let acceptCount = 0;
/** Accepts everything under ids of its own. */
export const acceptAll: Script = (submission) =>
  submission.partNumbers.map((number) => accepted(number, `m${++acceptCount}`));

export function createMemoryGateway(id: string, options: MemoryGatewayOptions = {}): MemoryGateway {
  const { sessions = 1 } = options;
  let { window = 100 } = options;
  let ownSessions = sessions;
  const submissions: Submission[] = [];
  const arrivals = createSignalQueue<Submission>();
  let status: GatewayStatus = { kind: "ready" };
  let inFlight = 0;
  let listener: GatewayListener | undefined;
  const gateway: MemoryGateway = {
    id: toGatewayId(id),
    profile: options.profile === undefined ? baselineProfile : { ...baselineProfile, ...options.profile },
    sessionCount: sessions,
    submissions,
    arrivals,
    script: options.script ?? acceptAll,
    status: () => status,
    figures: () => ({ sessions, ownSessions, boundSessions: ownSessions, inFlight, windowSize: window }),
    room: () => (status.kind === "ready" ? window - inFlight : 0),
    async submit(submission) {
      inFlight++;
      submissions.push(submission);
      arrivals.push(submission);
      for (let i = 1; i < submission.partNumbers.length; i++) await submission.takeToken();
      const results = await gateway.script(submission, submissions.length);
      inFlight--;
      listener?.onRoom();
      return results;
    },
    start(given) {
      listener = given;
      given.onStatus(status);
    },
    openSession() {},
    closeSession: () => Promise.resolve(),
    resize(next) {
      window = next;
    },
    resume() {},
    setStatus(next) {
      status = next;
      listener?.onStatus(next);
    },
    setOwnSessions(count) {
      ownSessions = count;
      gateway.setStatus(count > 0 ? { kind: "ready" } : { kind: "connecting", reason: "none is kept here" });
    },
    stop: () => Promise.resolve(),
  };
  return gateway;
}
