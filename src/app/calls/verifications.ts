/**
 * Credentials that are being verified, by the address that they came from: so many at once, and the rest in their order. Failures are
 * known only once they are answered; without this a burst of wrong tokens would be verified whole before its first one counts.
 */
import { SmsError } from "../../domain/errors.ts";
import type { CallerAddresses } from "./caller-address.ts";
import { networkOf } from "./network-of.ts";

export interface Verifications {
  /** Whether any are under way; where none are, no address need be looked at. */
  readonly hasAny: boolean;
  /** Verifies now, or in turn. What is answered at once, from memory, takes no place. Rejects with 4023 where too many wait already. */
  run<Result>(
    address: () => string | undefined,
    verify: () => Result | Promise<Result>,
  ): Result | Promise<Result>;
}

/** As many as are read or checked together anyway: right keys that come together after a start hardly wait. */
const mostAtOnce = 100;
const mostWaiting = 1_000;
const comeAgainMs = 1_000;

interface Line {
  count: number;
  readonly waiting: (() => void)[];
}

/** A trusted proxy that does not say for whom it calls stands for many, who do not wait for each other. */
export function createVerifications({ isProxy }: Pick<CallerAddresses, "isProxy">): Verifications {
  const lines = new Map<string, Line>();

  function leave(network: string, line: Line): void {
    const next = line.waiting.shift();
    if (next !== undefined) {
      // Its place goes to the next one.
      next();
      return;
    }
    line.count -= 1;
    if (line.count === 0) lines.delete(network);
  }

  function holding<Result>(network: string, line: Line, result: Promise<Result>): Promise<Result> {
    const end = () => leave(network, line);
    result.then(end, end);
    return result;
  }

  async function inTurn<Result>(
    network: string,
    line: Line,
    verify: () => Result | Promise<Result>,
  ): Promise<Result> {
    if (line.waiting.length >= mostWaiting)
      throw new SmsError("THROTTLING_SPAMMING_IP", undefined, { retryAfterMs: comeAgainMs });
    await new Promise<void>((resolve) => line.waiting.push(resolve));
    try {
      return await verify();
    } finally {
      leave(network, line);
    }
  }

  return {
    get hasAny() {
      return lines.size > 0;
    },
    run(address, verify) {
      if (lines.size > 0) {
        const network = networkOf(address() ?? "");
        const line = lines.get(network);
        if (line !== undefined && line.count >= mostAtOnce) return inTurn(network, line, verify);
      }
      const result = verify();
      if (!(result instanceof Promise)) return result;
      const from = address();
      if (from !== undefined && isProxy(from)) return result;
      const network = networkOf(from ?? "");
      const line = lines.get(network) ?? { count: 0, waiting: [] };
      line.count += 1;
      lines.set(network, line);
      return holding(network, line, result);
    },
  };
}
