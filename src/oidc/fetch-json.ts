/** Reads a small JSON object over HTTP, within bounds of time and size, from just the place that was named. */
import type { Clock } from "../observability/clock.ts";

const withinMs = 5_000;
const maxOctets = 1_048_576;

export async function fetchJson(url: string, clock: Pick<Clock, "setTimeout">): Promise<object> {
  const late = new AbortController();
  const timer = clock.setTimeout(() => late.abort(new Error(`${url} did not answer in time`)), withinMs);
  try {
    const answer = await fetch(url, {
      signal: late.signal,
      redirect: "error",
      headers: { accept: "application/json" },
    });
    if (!answer.ok) throw new Error(`${url} answered ${answer.status}`);
    const value: unknown = JSON.parse(await readText(answer, url));
    if (typeof value !== "object" || value === null) throw new Error(`${url} holds no object`);
    return value;
  } finally {
    timer.cancel();
  }
}

async function readText(answer: Response, url: string): Promise<string> {
  const pieces: Uint8Array[] = [];
  let octets = 0;
  for await (const piece of answer.body ?? []) {
    octets += piece.byteLength;
    if (octets > maxOctets) throw new Error(`${url} is longer than ${maxOctets} octets`);
    pieces.push(piece);
  }
  return Buffer.concat(pieces).toString("utf8");
}
