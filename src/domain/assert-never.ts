/** Ends a switch over a union, so that a new member is a compile error. */
export function assertNever(value: never): never {
  throw new TypeError(`unexpected value ${JSON.stringify(value)}`);
}
