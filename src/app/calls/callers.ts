/** Everybody who may call, however they show who they are: one file a method, in the order in which they are asked. */
import type { KeyVerifier } from "./principal.ts";

/** A method that knows its own by their form, right or wrong. */
export interface CallerMethod extends KeyVerifier {
  recognizes(presented: string): boolean;
}

/** What no method recognizes is judged by `keys`. */
export function createCallers(methods: readonly CallerMethod[], keys: KeyVerifier): KeyVerifier {
  if (methods.length === 0) return keys;
  const methodOf = (presented: string | undefined): KeyVerifier =>
    (presented !== undefined && methods.find((method) => method.recognizes(presented))) || keys;
  return {
    verify: (presented) => methodOf(presented).verify(presented),
    whyRefused: (presented) => methodOf(presented).whyRefused(presented),
  };
}
