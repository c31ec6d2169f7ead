/** Everybody who may call, however they show who they are: one file a method, in the order in which they are asked. */
import type { CallerVerifier, KeyVerifier } from "./principal.ts";

/** A method that knows its own by their form, right or wrong. */
export interface CallerMethod extends KeyVerifier {
  recognizes(presented: string): boolean;
}

/** What no method recognizes is judged by `keys`, and a configured key whatever it looks like. */
export function createCallers(
  methods: readonly CallerMethod[],
  keys: KeyVerifier & { isConfigured(presented: string): boolean },
  certificates: Pick<CallerVerifier, "certified">,
): CallerVerifier {
  function methodOf(presented: string | undefined): KeyVerifier {
    if (presented === undefined) return keys;
    for (const method of methods)
      if (method.recognizes(presented)) return keys.isConfigured(presented) ? keys : method;
    return keys;
  }
  return {
    verify: (presented) => methodOf(presented).verify(presented),
    isKnown: (presented) => methodOf(presented).isKnown(presented),
    whyRefused: (presented) => methodOf(presented).whyRefused(presented),
    certified: certificates.certified,
  };
}
