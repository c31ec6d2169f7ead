/** The addresses at which the configured listeners are reached. */

/** Where something that listens on every address is reached from its own machine. */
export function reachable(host: string): string {
  return host === "0.0.0.0" || host === "::" ? "127.0.0.1" : host;
}

/** Host and port as URLs and gRPC targets write them. */
export function authority(host: string, port: number): string {
  return `${host.includes(":") ? `[${host}]` : host}:${port}`;
}
