/** Why a door cannot be opened, in our own words: the system's are those of its call, and gRPC wraps them once more. */

const sentences: Readonly<Record<string, (address: string) => string>> = {
  EADDRINUSE: (address) =>
    `Another program listens on ${address} already, perhaps another sms-relay. End it, or choose another port`,
  EACCES: (address) =>
    `This user may not listen on ${address}: ports below 1024 are root's. Choose a higher one`,
  EADDRNOTAVAIL: (address) =>
    `${address} is no address of this machine. Choose one that it has, or 0.0.0.0 for all`,
};

/** `settings` are where the address stands. Undefined where the error is about something else. */
export function describeListenFault(error: unknown, settings: string): string | undefined {
  if (!(error instanceof Error)) return undefined;
  const code = Object.keys(sentences).find((name) => error.message.includes(name)) ?? codeOf(error);
  const address = /(\S+:\d+)[\]\s]*$/.exec(error.message)?.[1];
  if (address === undefined) return undefined;
  const sentence = sentences[code]?.(address);
  return sentence === undefined ? undefined : `${sentence} (${settings}).`;
}

function codeOf(error: Error): string {
  return "code" in error ? String(error.code) : "";
}
