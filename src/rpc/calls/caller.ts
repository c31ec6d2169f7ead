/**
 * Who did what an operator may do: for the audit log with the request in protobuf's JSON form, and for a line in the log. Requests hold no
 * secrets; keys are in answers only.
 */
import type { JsonValue } from "@bufbuild/protobuf";
import type { Caller } from "../../app/calls/act.ts";
import type { Principal } from "../../app/calls/principal.ts";
import type { CallContext } from "./handlers.ts";

/** A generated type's encoder. */
interface RequestType<Request> {
  encode(request: Request): { finish(): Uint8Array };
}

const mostJson = 4_096;
const mostText = 256;

export async function callerOf<Request>(
  type: RequestType<Request>,
  request: Request,
  { keyId, accountId, identity = "" }: Principal,
  { peer, path }: CallContext,
): Promise<Caller> {
  const method = path.slice(1);
  const json = shorten(await jsonOf(method, type.encode(request).finish()));
  return { keyId, accountId, actor: identity, peer, method, request: json };
}

/** For the log. */
export function actor({ keyId, identity }: Principal, { peer }: CallContext) {
  return { by: identity ?? keyId, peer };
}

/** The octets of a request of `service/method`. */
async function jsonOf(method: string, octets: Uint8Array): Promise<JsonValue> {
  // Only administrators pay for what knows the JSON form.
  const [{ createFileRegistry, fromBinary, toJson }, { FileDescriptorSetSchema }, { descriptorSet }] =
    await Promise.all([
      import("@bufbuild/protobuf"),
      import("@bufbuild/protobuf/wkt"),
      import("../../gen/smsrelay/descriptor_set.ts"),
    ]);
  const registry = createFileRegistry(fromBinary(FileDescriptorSetSchema, descriptorSet));
  const [service = "", name] = method.split("/");
  const input = registry.getService(service)?.methods.find((known) => known.name === name)?.input;
  if (input === undefined) throw new Error(`the contract has no ${method}`);
  return toJson(input, fromBinary(input, octets), { registry });
}

/** Whole where it is not long; else with lists told by their length, and long texts too. */
function shorten(request: JsonValue): string {
  const whole = JSON.stringify(request);
  if (whole.length <= mostJson) return whole;
  const short = JSON.stringify(request, (_name, value: unknown) => {
    if (Array.isArray(value)) return `(${value.length} values)`;
    if (typeof value === "string" && value.length > mostText) return `(${value.length} characters)`;
    return value;
  });
  return short.length <= mostJson ? short : JSON.stringify({ leftOut: `${whole.length} characters` });
}
