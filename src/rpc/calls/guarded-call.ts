/**
 * One call on its way through call-door.ts, of whatever kind. Its caller is known before its body is read, and what it holds is counted
 * from then to its end. It is answered here, as an interceptor may: the stack's own handlers would make a stream and an emitter of each
 * call.
 */
import { constants } from "node:http2";
import {
  type Metadata,
  ServerInterceptingCall,
  type ServerInterceptingCallInterface,
  status,
} from "@grpc/grpc-js";
import type { CertifiedCaller, Principal } from "../../app/calls/principal.ts";
import type { Scope } from "../../domain/scopes.ts";
import type { Share } from "./call-bounds.ts";
import type { CallDoor, Entry, LetIn } from "./call-door.ts";
import type { WatchedCall } from "./call-list.ts";
import { certifiedCaller } from "./client-certificate.ts";
import { peerOn } from "./connection-facts.ts";
import type { CallContext, Handle } from "./handlers.ts";
import { limitRequest, octetsBegun, type ReachedCall, reach } from "./reached-call.ts";
import { type NamedStatus, requestIdOf } from "./refused-calls.ts";
import { Trailer } from "./trailer.ts";

type Listener = Parameters<ServerInterceptingCallInterface["start"]>[0];

/** A method as the door knows it. */
export interface Method {
  readonly path: string;
  /** What a key has to hold; undefined where no key is needed. */
  readonly scope: Scope | undefined;
  /** Changes nothing, so that an answer which is too much is refused and may be asked for again. */
  readonly isRead: boolean;
  readonly isRequestStream: boolean;
  readonly isResponseStream: boolean;
  readonly handle: Handle;
}

/** What ends a call. */
export type EndStatus = Parameters<ServerInterceptingCallInterface["sendStatus"]>[0];

export const OK: EndStatus = { code: status.OK, details: "OK" };

/** Sessions on which a key was shown. */
const knownSessions = new WeakSet<object>();

export abstract class GuardedCall
  extends ServerInterceptingCall
  implements WatchedCall, CallContext, Listener
{
  list: object | undefined = undefined;
  older: WatchedCall["older"] | undefined = undefined;
  newer: WatchedCall["older"] | undefined = undefined;

  protected readonly call: ServerInterceptingCallInterface;
  protected readonly door: CallDoor;
  protected readonly method: Method;
  /** Of the HTTP/2 below; undefined where the stack hides it. */
  protected readonly reached: ReachedCall | undefined;
  /** Who calls; undefined where no key is needed. */
  protected principal: Principal | undefined = undefined;
  protected share: Share | undefined = undefined;
  /** Since the call came in, or since its answer lies unread. */
  protected sinceMs = 0;
  protected isOver = false;
  trailer: CallContext["trailer"] = undefined;

  /** Since when it was let in; undefined before. */
  #beganMs: number | undefined = undefined;
  #metadata: Metadata | undefined = undefined;
  #request: object | undefined = undefined;
  #begunOctets = 0;
  #unreadOctets = 0;
  /** Of a call with streamed requests: how many came, and how many had when one was first seen to be incomplete. */
  #received = 0;
  #receivedBefore = -1;
  /** Since when it was seen to have ended while the peer does not take its last answers. */
  #unreadSinceMs: number | undefined = undefined;

  constructor(call: ServerInterceptingCallInterface, door: CallDoor, method: Method) {
    super(call);
    this.call = call;
    this.door = door;
    this.method = method;
    this.reached = reach(call);
  }

  abstract get signal(): AbortSignal;

  get connection(): object | undefined {
    return this.reached?.stream.session;
  }

  get peer(): string {
    return peerOn(this.connection, () => this.call.getPeer());
  }

  get address(): string | undefined {
    return this.#metadata && this.door.addressOf(this.#metadata, this);
  }

  override getPeer(): string {
    return this.peer;
  }

  certified(): CertifiedCaller | undefined {
    const { connection } = this;
    return connection && certifiedCaller(this.call, connection);
  }

  get path(): string {
    return this.method.path;
  }

  get deadlineMs(): number {
    return Number(this.call.getDeadline());
  }

  /** Has the request handled, or the requests. */
  protected abstract handle(request: object): void;
  /** The call has ended, as it should or otherwise. */
  protected abstract end(): void;

  /** It has come in, and may be read. */
  protected begin(): void {
    this.call.startRead();
  }

  /** One of streamed requests; undefined is their end. */
  protected take(_request: object | undefined): void {}

  /** What the stack would do with the call is not asked for. */
  override start(): void {
    this.call.start(this);
  }

  onReceiveMetadata(metadata: Metadata): void {
    this.#metadata = metadata;
    const entry = this.door.enter(metadata, this.method.scope, this);
    if (entry instanceof Promise) void entry.then((known) => this.#enter(known));
    else this.#enter(entry);
  }

  onReceiveMessage(message: object): void {
    if (this.isOver) return;
    if (this.method.isRequestStream) {
      this.#received += 1;
      this.take(message);
    } else if (this.#request === undefined) {
      this.#request = message;
      this.call.startRead();
    } else this.#refuseCount("a second");
  }

  onReceiveHalfClose(): void {
    if (this.isOver) return;
    if (this.method.isRequestStream) {
      this.take(undefined);
      return;
    }
    this.#arrive();
    if (this.#request === undefined) {
      this.#refuseCount("no");
      return;
    }
    if (this.method.isResponseStream) this.door.streaming.add(this);
    this.handle(this.#request);
  }

  /** Comes at the end of each call, however it ended. */
  onCancel(): void {
    this.#leave();
    this.end();
  }

  #enter(entry: Entry | NamedStatus): void {
    // The caller may be gone since.
    if (this.isOver) return;
    if ("code" in entry) {
      this.#endWith(entry);
      return;
    }
    const { principal, share } = entry;
    const session = this.reached?.stream.session;
    if (principal !== undefined && session !== undefined && !knownSessions.has(session)) {
      if (!this.door.connections.know(this.call.getConnectionInfo(), principal.accountId)) {
        this.#endWith({ ...this.door.refuse(share, "Too many connections are open."), principal });
        session.close();
        return;
      }
      knownSessions.add(session);
    }
    this.principal = principal;
    this.share = share;
    share.calls += 1;
    this.sinceMs = this.door.now();
    this.#beganMs = this.sinceMs;
    const { scope, isRequestStream } = this.method;
    (isRequestStream ? this.door.streaming : this.door.arriving).add(this);
    if (!isRequestStream) share.arriving += 1;
    const { reached } = this;
    if (reached !== undefined) {
      if (scope === undefined) limitRequest(reached, this.door.bounds.maxStrangerOctets);
      // A listener costs 1 % of a message, and a few requests cannot hold much.
      if (isRequestStream || share.arriving > share.bounds.maxUncounted)
        reached.stream.on("data", () => this.#countBegun(share, reached));
    }
    this.begin();
  }

  /** After the stack, which has gathered the octets by now. */
  #countBegun(share: Share, reached: ReachedCall): void {
    // Octets go on to come after the end of a call, and nobody would give them back.
    if (this.isOver) return;
    const octets = octetsBegun(reached);
    if (octets === this.#begunOctets) return;
    share.begunOctets += octets - this.#begunOctets;
    this.#begunOctets = octets;
    if (octets > 0 && share.begunOctets > share.bounds.maxBegunOctets)
      this.#endWith(this.door.refuse(share, "Too many octets of requests are on their way."));
  }

  /** No more of the request is to come. */
  #arrive(): void {
    if (this.list !== this.door.arriving) return;
    this.door.arriving.remove(this);
    if (this.share !== undefined) this.share.arriving -= 1;
  }

  #refuseCount(count: string): void {
    this.call.sendStatus({
      code: status.UNIMPLEMENTED,
      details: `Received ${count} request message for server streaming method ${this.method.path}`,
    });
  }

  /** Ends a call whose request is not whole, and asks the peer to send no more of it (RFC 9113 §8.1). */
  #endWith(refusal: NamedStatus): void {
    this.#leave();
    this.tellRefused(refusal);
    const stream = this.reached?.stream;
    // What the peer has not taken would hold the stream until its connection goes, and no status would be read.
    const isUntaken = stream !== undefined && stream.writableLength > 0;
    this.call.sendStatus(refusal);
    stream?.close(isUntaken ? constants.NGHTTP2_ENHANCE_YOUR_CALM : constants.NGHTTP2_NO_ERROR);
  }

  #leave(): void {
    if (this.isOver) return;
    this.isOver = true;
    this.#arrive();
    this.door.streaming.remove(this);
    this.door.unread.remove(this);
    const { share } = this;
    if (share === undefined) return;
    share.calls -= 1;
    share.begunOctets -= this.#begunOctets;
    share.unreadOctets -= this.#unreadOctets;
    this.#begunOctets = 0;
    this.#unreadOctets = 0;
  }

  /** Tells of its end in the log, and its caller by which id it is found there. */
  protected tellRefused({ code, metadata, reason = status[code], principal }: NamedStatus): void {
    const tell = this.door.tellRefused;
    if (tell === undefined) return;
    const requestId = requestIdOf(this.#metadata?.get("x-request-id")[0]);
    metadata.set("x-request-id", requestId);
    const { path } = this;
    const tookMs = this.#beganMs === undefined ? 0 : this.door.now() - this.#beganMs;
    tell({ requestId, path, peer: this.peer, principal: principal ?? this.principal, reason, tookMs });
  }

  /** The status with what the handler wants to have sent beside it. */
  protected withTrailer(ending: EndStatus): EndStatus {
    if (this.trailer === undefined) return ending;
    const { code, details, metadata } = ending;
    if (!metadata) return { code, details, metadata: new Trailer(this.trailer) };
    for (const [name, value] of Object.entries(this.trailer)) metadata.set(name, value);
    return { ...ending, metadata };
  }

  /** The kinds of request and caller are the method's, for which its handler was checked (HandlerOf). */
  protected callHandler(request: object): unknown {
    return this.method.handle(request as never, this.principal as never, this);
  }

  /** As what it was let in; undefined where no key is needed. */
  protected get letIn(): LetIn | undefined {
    const { principal } = this;
    const { scope } = this.method;
    if (principal === undefined || scope === undefined || this.#metadata === undefined) return undefined;
    return { metadata: this.#metadata, principal, scope, peer: this };
  }

  /** Whether its handler has nothing more to answer, and only what is on the way keeps its status back. */
  protected get isAnswered(): boolean {
    return false;
  }

  /** Counts what the peer has not taken of an only answer, until the call ends. */
  protected countUnread(share: Share): void {
    const octets = this.reached?.stream.writableLength ?? 0;
    if (octets === 0 || this.isOver) return;
    this.#unreadOctets = octets;
    share.unreadOctets += octets;
    this.sinceMs = this.door.now();
    this.door.unread.add(this);
  }

  endLate(nowMs: number): boolean {
    if (nowMs - this.sinceMs < this.door.bounds.requestMs) return false;
    this.#endIncomplete();
    return true;
  }

  /**
   * Ends a stream in which a message begins and does not go on; while we do not read, nothing can go on. Also one that has ended, by its
   * deadline or otherwise, and whose last answers the peer does not take: the stack would keep it for as long as the connection stands.
   */
  endStuck(nowMs: number): true {
    const { reached } = this;
    const hasEnded = this.isAnswered || reached?.stream.writableEnded === true;
    if (reached !== undefined && hasEnded && reached.stream.writableLength > 0) {
      this.#unreadSinceMs ??= nowMs;
      if (nowMs - this.#unreadSinceMs >= this.door.bounds.unreadMs) this.#endUntaken();
      return true;
    }
    const isBegun = reached !== undefined && reached.decoder.readState !== 0 && !reached.stream.isPaused();
    if (!isBegun) this.#receivedBefore = -1;
    else if (this.#receivedBefore !== this.#received) {
      this.#receivedBefore = this.#received;
      this.sinceMs = nowMs;
    } else if (nowMs - this.sinceMs >= this.door.bounds.requestMs) this.#endIncomplete();
    return true;
  }

  #endIncomplete(): void {
    if (this.share !== undefined)
      this.#endWith(this.door.refuse(this.share, "The request did not arrive in time."));
  }

  endUnread(nowMs: number): boolean {
    if (nowMs - this.sinceMs < this.door.bounds.unreadMs) return false;
    this.#endUntaken();
    return true;
  }

  #endUntaken(): void {
    this.#leave();
    // No status would be read either.
    this.reached?.stream.close(constants.NGHTTP2_ENHANCE_YOUR_CALM);
  }
}
