/** Reads a small JSON object over HTTP, within a bound of size, from just the place that was named. */

const maxOctets = 1_048_576;

export async function fetchJson(url: string, signal: AbortSignal): Promise<object> {
  const answer = await fetch(url, { signal, redirect: "error", headers: { accept: "application/json" } });
  if (!answer.ok) {
    await answer.body?.cancel();
    throw new Error(`${url} answered ${answer.status}`);
  }
  const value: unknown = JSON.parse(await readText(answer, url));
  if (typeof value !== "object" || value === null) throw new Error(`${url} holds no object`);
  return value;
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
