/** Says in our own words why a listener cannot be opened: the system describes its own call, and gRPC wraps that once more. */

const sentences: Readonly<Record<string, (address: string) => string>> = {
  EADDRINUSE: (address) =>
    `Another program listens on ${address} already, perhaps another sms-relay. End it, or choose another port`,
  EACCES: (address) =>
    `This user may not listen on ${address}: ports below 1024 are root's. Choose a higher one`,
  EADDRNOTAVAIL: (address) =>
    `${address} is no address of this machine. Choose one that it has, or 0.0.0.0 for all`,
};

/** `settings` names the settings that hold the address. Undefined where the error is about something else. */
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
