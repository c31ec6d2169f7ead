/** Who asks for what stands in the audit log: known to the door, handed through by whoever does it. */
import type { Act } from "../../store/records/audit.ts";

/** The call of an administrator. */
export type Caller = Omit<Act, "timeMs" | "subject">;

/** The act that a call comes to, once it is known what it is done to. */
export function actOf(caller: Caller, subject: string, timeMs: number): Act {
  return { ...caller, subject, timeMs };
}

/** What the service does by itself. */
export function serviceItself(method: string): Caller {
  return { keyId: "", accountId: undefined, actor: "sms-relay", peer: "", method, request: "{}" };
}
