/**
 * What every call passes first. Who calls, and whether the key holds what the call wants, is known from the headers, before anything of the
 * body is held. What each account holds of the process is bounded, and what begins and does not go on, or is answered and not read, is
 * ended in time (P61).
 */
import type { Metadata } from "@grpc/grpc-js";
import { type AddressLimit, tooManyCalls } from "../../app/calls/address-limit.ts";
import type { CallerAddresses } from "../../app/calls/caller-address.ts";
import { type Connections, createConnections } from "../../app/calls/connections.ts";
import type { FailingAddresses } from "../../app/calls/failing-addresses.ts";
import type { FailureDeps } from "../../app/calls/failure.ts";
import type { CallerVerifier, CertifiedCaller, Principal } from "../../app/calls/principal.ts";
import { type Standing, type Standings, suspended, wrongAddress } from "../../app/calls/standing.ts";
import type { Verifications } from "../../app/calls/verifications.ts";
import { SmsError } from "../../domain/errors.ts";
import { holdsScope, type Scope } from "../../domain/scopes.ts";
import type { Clock, Timer } from "../../observability/clock.ts";
import { type CallBounds, Share } from "./call-bounds.ts";
import { CallList, type WatchedCall } from "./call-list.ts";
import { presentedBy } from "./connection-facts.ts";
import { refusalOf, statusOf } from "./error-status.ts";
import {
  createTellRefusedCall,
  type NamedStatus,
  type RefusedCallsLevel,
  type TellRefusedCall,
} from "./refused-calls.ts";
import {
  isOfNobody,
  logMissingScope,
  logNobody,
  logRefusedKey,
  logSuspended,
  logWrongAddress,
} from "./refused-keys.ts";

export interface CallDoorDeps extends FailureDeps {
  readonly keys: CallerVerifier;
  readonly accounts: { readonly standings: Standings };
  readonly clock: Pick<Clock, "monotonic" | "setInterval">;
  readonly bounds: CallBounds;
  readonly addresses: CallerAddresses;
  readonly refusedCalls: RefusedCallsLevel;
  readonly failing: FailingAddresses;
  readonly verifications: Verifications;
  /** Undefined where addresses may call as often as they like. */
  readonly addressLimit?: AddressLimit | undefined;
}

/** Who came in, and the share that it holds a part of. */
export interface Entry {
  /** Undefined for callers of what needs no key. */
  readonly principal: Principal | undefined;
  readonly share: Share;
}

/** Where a call comes from, asked for only where it is refused. */
export interface Peer {
  getPeer(): string;
  /** The same object for each call on its connection; undefined where the stack hides it. */
  readonly connection: object | undefined;
  /** Whom the verified certificate of its connection names; asked for only where a call shows nothing else. */
  certified(): CertifiedCaller | undefined;
}

/** A call that was let in, and as what. */
export interface LetIn {
  readonly metadata: Metadata;
  readonly principal: Principal;
  readonly scope: Scope;
  readonly peer: Peer;
}

/** Why a call must not go on; undefined where it may. */
type Ending = SmsError | undefined;

export interface CallDoor {
  readonly bounds: CallBounds;
  readonly connections: Connections;
  now(): number;
  /** Where a call comes from, behind trusted proxies too; undefined where it has no address. */
  addressOf(metadata: Metadata, peer: Peer): string | undefined;
  /** Unary requests that are not whole; calls with streamed requests; answers that were not taken at once. */
  readonly arriving: CallList<WatchedCall>;
  readonly streaming: CallList<WatchedCall>;
  readonly unread: CallList<WatchedCall>;
  /** Who calls, or the status to refuse with; without a scope no key is needed. */
  enter(
    metadata: Metadata,
    scope: Scope | undefined,
    peer: Peer,
  ): Entry | NamedStatus | Promise<Entry | NamedStatus>;
  /** Why a call that was let in must not go on, as of now; undefined where it may. */
  whyEnded(call: LetIn): Ending | Promise<Ending>;
  /** Looks at the key of an open stream until it is cancelled; tells of it once it is not admitted any more. */
  watchKey(call: LetIn, onRefused: (refusal: SmsError) => void): Timer;
  refuse(share: Share, what: string): NamedStatus;
  /** The status for what a handler threw. */
  statusOf(thrown: unknown): NamedStatus;
  /** Undefined where refused calls are not told. */
  readonly tellRefused: TellRefusedCall | undefined;
  /** Stops looking for calls that take too long. */
  stop(): void;
}

const lookEveryMs = 1_000;
/** How often a stream's key is checked again, whether anything passes or not, so that a revoked one ends it. */
const recheckMs = 1_000;
/**
 * How many checks in a row may come to nothing before a stream ends, whose key may have been revoked: within the 15 s that the contract
 * gives. They are counted rather than timed, so that a process that stood still for a while finds its streams where they were.
 */
const mostUnanswered = 13;
const retryAfterMs = 1_000;

export function createCallDoor(deps: CallDoorDeps): CallDoor {
  const { keys, clock, bounds, addresses, failing, verifications, addressLimit } = deps;
  const { standings } = deps.accounts;
  const strangers: Entry = {
    principal: undefined,
    share: new Share("callers without a key", bounds.strangers),
  };
  const shares = new Map<string, Share>();

  const refuse = (share: Share, what: string): NamedStatus =>
    refusalOf(
      new SmsError("OVERLOADED", undefined, {
        retryAfterMs,
        quota: { subject: share.subject, description: what },
      }),
      deps,
    );

  function shareOf(accountId: string): Share {
    let share = shares.get(accountId);
    if (share === undefined) {
      share = new Share(`account ${accountId}`, bounds.account);
      shares.set(accountId, share);
    }
    return share;
  }

  function admit(entry: Entry): Entry | NamedStatus {
    const { share } = entry;
    if (share.calls >= share.bounds.maxCalls) return turnAway(entry, "Too many calls are open.");
    if (share.unreadOctets >= share.bounds.maxUnreadOctets)
      return turnAway(entry, "Too many answers are unread.");
    return entry;
  }

  const turnAway = ({ share, principal }: Entry, what: string) => ({ ...refuse(share, what), principal });

  function cameFrom(metadata: Metadata, peer: Peer): string | undefined {
    return addresses.of(() => metadata.get("x-forwarded-for").join(","), peer.getPeer());
  }

  /** For the log; without the port, which differs for each connection: lines of one address are counted together. */
  const origin = (metadata: Metadata, peer: Peer) => cameFrom(metadata, peer) ?? peer.getPeer();

  /** Of an address from which too many calls come, whatever they show; undefined where this one may go on. */
  function refuseBusy(metadata: Metadata, peer: Peer): NamedStatus | undefined {
    const retryAfterMs = addressLimit?.waitMs(cameFrom(metadata, peer));
    if (retryAfterMs === undefined) return undefined;
    deps.log.often.warn(
      { peer: origin(metadata, peer) },
      "Calls are refused: more come from this address than limits.perAddress lets in.",
    );
    return refusalOf(tooManyCalls(retryAfterMs), deps);
  }

  /** Of an address that showed wrong credentials too often; undefined where these may be verified. */
  function refuseFailing(metadata: Metadata, presented: string, peer: Peer): NamedStatus | undefined {
    if (!failing.hasAny) return undefined;
    if (keys.isKnown(presented)) return undefined;
    const retryAfterMs = failing.heldBackMs(cameFrom(metadata, peer));
    if (retryAfterMs === undefined) return undefined;
    deps.log.often.warn(
      { peer: origin(metadata, peer) },
      "Calls are held back: too many wrong keys came from this address.",
    );
    return refusalOf(new SmsError("THROTTLING_SPAMMING_IP", undefined, { retryAfterMs }), deps);
  }

  function refuseKey(metadata: Metadata, presented: string | undefined, peer: Peer): NamedStatus {
    logRefusedKey(deps, presented, origin(metadata, peer));
    if (presented !== undefined) failing.note(cameFrom(metadata, peer));
    return refusalOf(new SmsError("INVALID_CREDENTIALS"), deps);
  }

  /** `authorization` decides alone, right or wrong; without it a certificate does. */
  function identify(metadata: Metadata, presented: string | undefined, peer: Peer) {
    if (presented !== undefined) return keys.verify(presented);
    if (metadata.get("authorization").length > 0 || addresses.isProxy(peer.getPeer())) return undefined;
    const caller = peer.certified();
    return caller && keys.certified(caller);
  }

  function admitKnown(
    principal: Principal,
    metadata: Metadata,
    scope: Scope,
    peer: Peer,
  ): Entry | NamedStatus | Promise<Entry | NamedStatus> {
    const standing = standings.of(principal.accountId);
    return standing instanceof Promise
      ? standing.then((known) => admitStanding(known, principal, metadata, scope, peer))
      : admitStanding(standing, principal, metadata, scope, peer);
  }

  function admitStanding(
    standing: Standing,
    principal: Principal,
    metadata: Metadata,
    scope: Scope,
    peer: Peer,
  ): Entry | NamedStatus {
    const refusal = refuseStanding(standing, principal, metadata, peer);
    if (refusal !== undefined) return { ...refusalOf(refusal, deps), principal };
    if (!holdsScope(principal.scopes, scope))
      return { ...refusalOf(missingScope(principal, scope, metadata, peer), deps), principal };
    return admit({ principal, share: shareOf(principal.accountId) });
  }

  /** Whether the account may call at all, and from where this call comes. */
  function refuseStanding(
    { state, admits }: Standing,
    principal: Principal,
    metadata: Metadata,
    peer: Peer,
  ): Ending {
    if (state === "SUSPENDED") {
      logSuspended(deps, principal, origin(metadata, peer));
      return suspended();
    }
    if (admits === undefined) return undefined;
    const address = cameFrom(metadata, peer);
    if (admits(address)) return undefined;
    logWrongAddress(deps, principal, origin(metadata, peer));
    return wrongAddress(address);
  }

  /** Why a call must not go on; undefined where it may. */
  function whyEnded({ metadata, principal, scope, peer }: LetIn): Ending | Promise<Ending> {
    const presented = presentedBy(metadata, peer.connection);
    const judgeStanding = (standing: Standing) => refuseStanding(standing, principal, metadata, peer);
    const judge = (found: Principal | undefined) => {
      if (found === undefined) {
        logRefusedKey(deps, presented, origin(metadata, peer));
        return new SmsError("INVALID_CREDENTIALS");
      }
      // An operator may have set its identity anew.
      if (found.accountId !== principal.accountId)
        return new SmsError("INVALID_ACCOUNT", "The caller acts for another account now.");
      if (!holdsScope(found.scopes, scope)) return missingScope(found, scope, metadata, peer);
      const standing = standings.of(found.accountId);
      return standing instanceof Promise ? standing.then(judgeStanding) : judgeStanding(standing);
    };
    const found = identify(metadata, presented, peer);
    if (!(found instanceof Promise)) return judge(found);
    return found.then(judge).catch((thrown: unknown) => {
      if (!isOfNobody(thrown)) throw thrown;
      logNobody(deps, thrown, origin(metadata, peer));
      return thrown;
    });
  }

  function missingScope(principal: Principal, scope: Scope, metadata: Metadata, peer: Peer): SmsError {
    logMissingScope(deps, principal, scope, origin(metadata, peer));
    const text = `The key does not hold the scope ${scope}, which this call wants.`;
    return new SmsError("ACCESS_DENIED", text, { metadata: { scope } });
  }

  function refuseThrown(thrown: unknown, metadata: Metadata, peer: Peer): NamedStatus {
    if (isOfNobody(thrown)) logNobody(deps, thrown, origin(metadata, peer));
    return refusalOf(thrown, deps);
  }

  const arriving = new CallList<WatchedCall>();
  const streaming = new CallList<WatchedCall>();
  const unread = new CallList<WatchedCall>();

  function look(): void {
    const nowMs = clock.monotonic();
    arriving.visit((call) => call.endLate(nowMs));
    streaming.visit((call) => call.endStuck(nowMs));
    unread.visit((call) => call.endUnread(nowMs));
  }
  const timer: Timer = clock.setInterval(look, lookEveryMs).unref();

  const connections = createConnections(bounds.connections);

  return {
    bounds,
    connections,
    now: () => clock.monotonic(),
    addressOf: cameFrom,
    arriving,
    streaming,
    unread,
    enter(metadata, scope, peer) {
      // Probes of who watches the service are bounded by their own share, and no flood of calls beside them makes it look ill.
      if (scope === undefined) return admit(strangers);
      const busy = addressLimit === undefined ? undefined : refuseBusy(metadata, peer);
      if (busy !== undefined) return busy;
      const presented = presentedBy(metadata, peer.connection);
      const judge = (found: Principal | undefined) =>
        found === undefined ? refuseKey(metadata, presented, peer) : admitKnown(found, metadata, scope, peer);
      const verify = () => {
        const refusal = presented === undefined ? undefined : refuseFailing(metadata, presented, peer);
        if (refusal !== undefined) return refusal;
        const found = identify(metadata, presented, peer);
        return found instanceof Promise ? found.then(judge) : judge(found);
      };
      const isRight = presented === undefined || (verifications.hasAny && keys.isKnown(presented));
      const entry = isRight ? verify() : verifications.run(() => cameFrom(metadata, peer), verify);
      return entry instanceof Promise
        ? entry.catch((thrown: unknown) => refuseThrown(thrown, metadata, peer))
        : entry;
    },
    whyEnded,
    watchKey(call, onRefused) {
      let unanswered = 0;
      let isChecking = false;
      const judge = (refusal: Ending) => {
        unanswered = 0;
        if (refusal !== undefined) onRefused(refusal);
      };
      const check = () => {
        if (unanswered >= mostUnanswered) return onRefused(new SmsError("SERVICE_UNAVAILABLE"));
        unanswered += 1;
        if (isChecking) return;
        const refusal = whyEnded(call);
        if (!(refusal instanceof Promise)) return judge(refusal);
        isChecking = true;
        // A check that fails or hangs is one that could not tell.
        refusal
          .then(judge, () => {})
          .finally(() => {
            isChecking = false;
          });
      };
      return clock.setInterval(check, recheckMs).unref();
    },
    refuse,
    tellRefused: createTellRefusedCall(deps),
    statusOf: (thrown) => statusOf(thrown, deps),
    stop() {
      timer.cancel();
      connections.stop();
    },
  };
}
