/** How a service is written: an async function for each method, an async generator for each that streams. The door does all the rest. */
import type { BinaryWriter } from "@bufbuild/protobuf/wire";
import type { Principal } from "../../app/calls/principal.ts";
import type { Scope } from "../../domain/scopes.ts";

/** A service as it is generated. */
export interface ServiceOf {
  readonly fullName: string;
  readonly methods: Readonly<Record<string, MethodOf>>;
}

export interface MethodOf {
  readonly name: string;
  readonly requestType: MessageType;
  readonly requestStream: boolean;
  readonly responseType: MessageType;
  readonly responseStream: boolean;
  readonly options: { readonly idempotencyLevel?: string };
}

/** A generated message with its codec. */
export interface MessageType {
  readonly decode: (octets: Uint8Array) => object;
  readonly fromPartial: (fields: object) => object;
  /** Of its own messages only. */
  readonly encode: (message: never, writer?: BinaryWriter) => BinaryWriter;
}

/** What a handler may ask of its call. */
export interface CallContext {
  /** Where the call comes from. */
  readonly peer: string;
  /** The address that it comes from, behind trusted proxies too; undefined where there is none. */
  readonly address: string | undefined;
  /** Of its method, for instance `/smsrelay.v1.SmsService/SendSms`. */
  readonly path: string;
  /** Aborted when the caller goes away, or its key is not admitted any more. */
  readonly signal: AbortSignal;
  /** Milliseconds since the epoch; Infinity for none. */
  readonly deadlineMs: number;
  /** Sent with the status of the call, whatever it is; undefined for nothing. */
  trailer: Readonly<Record<string, string>> | undefined;
}

/** The handlers of a service; `Who` is the caller, undefined where no key is needed. No field of an answer may be left out. */
export type Handlers<Service extends ServiceOf, Who = Principal> = {
  readonly [Name in keyof Service["methods"]]: HandlerOf<Service["methods"][Name], Who>;
};

type HandlerOf<Method extends MethodOf, Who> = (
  request: Streamed<Method["requestStream"], ReturnType<Method["requestType"]["decode"]>>,
  principal: Who,
  context: CallContext,
) => Method["responseStream"] extends true
  ? AsyncIterable<ReturnType<Method["responseType"]["decode"]>>
  : Promise<ReturnType<Method["responseType"]["decode"]>>;

type Streamed<IsStream extends boolean, Message> = IsStream extends true ? AsyncIterable<Message> : Message;

/** Which scope the key of a call has to hold: of some of a service's calls, or of all. */
export type ScopesOf<Service extends ServiceOf> = Readonly<Partial<Record<keyof Service["methods"], Scope>>>;

/** A handler as the door calls it: its method's definition says of which kind request and answer are. */
export type Handle = (request: never, principal: never, context: CallContext) => unknown;
