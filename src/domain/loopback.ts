/** Addresses that cannot be reached from another machine. */
import { isIP } from "node:net";

/** Whether a host, as in settings or in a URL, is this machine only. */
export function isLoopback(host: string): boolean {
  if (host === "localhost" || host === "::1" || host === "[::1]") return true;
  return isIP(host) === 4 && host.startsWith("127.");
}
