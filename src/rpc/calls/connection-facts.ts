/**
 * What calls on one connection have in common, worked out at the first of them: callers show the same credential with each call, and come
 * from the same address. Held with the connection, so that nothing outlives it, and nobody learns from how long a comparison takes what
 * was shown on another one.
 */
import type { Metadata } from "@grpc/grpc-js";

const bearerForm = /^bearer +([\x21-\x7e]{1,8192})$/i;
const basicForm = /^basic +([a-z0-9+/]{1,8192}={0,2})$/i;

interface Shown {
  readonly authorization: string;
  readonly presented: string | undefined;
}

const shownOn = new WeakMap<object, Shown>();
const peerOf = new WeakMap<object, string>();

/**
 * What `authorization` shows: a bearer's key or token, or `basic` and what follows; undefined where there is none in good form.
 * `connection` is the same object for each call on it, and undefined where the stack hides it.
 */
export function presentedBy(metadata: Metadata, connection: object | undefined): string | undefined {
  const [authorization] = metadata.get("authorization");
  if (typeof authorization !== "string") return undefined;
  if (connection === undefined) return readAuthorization(authorization);
  const last = shownOn.get(connection);
  if (last?.authorization === authorization) return last.presented;
  const presented = readAuthorization(authorization);
  shownOn.set(connection, { authorization, presented });
  return presented;
}

function readAuthorization(authorization: string): string | undefined {
  const bearer = bearerForm.exec(authorization)?.[1];
  if (bearer !== undefined) return bearer;
  const basic = basicForm.exec(authorization)?.[1];
  return basic === undefined ? undefined : `basic ${basic}`;
}

/** The address and port at the other end of a connection, as `read` answers them. */
export function peerOn(connection: object | undefined, read: () => string): string {
  if (connection === undefined) return read();
  const known = peerOf.get(connection);
  if (known !== undefined) return known;
  const peer = read();
  peerOf.set(connection, peer);
  return peer;
}
