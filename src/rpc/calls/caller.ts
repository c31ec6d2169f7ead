/**
 * Who did what an operator may do: for the audit log with the request in protobuf's JSON form, and for a line in the log. Requests hold no
 * secrets; keys are in answers only.
 */
import type { JsonValue } from "@bufbuild/protobuf";
import type { Caller } from "../../app/calls/act.ts";
import type { Principal } from "../../app/calls/principal.ts";
import { identityText } from "../../domain/caller-identity.ts";
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
  { keyId, accountId, identity }: Principal,
  { peer, path }: CallContext,
): Promise<Caller> {
  const method = path.slice(1);
  const json = shorten(await jsonOf(method, type, request));
  const actor = identity === undefined ? "" : identityText(identity);
  return { keyId, accountId, actor, identity, peer, method, request: json };
}

/** For the log. */
export function actor({ keyId, identity }: Principal, { peer }: CallContext) {
  return { by: identity === undefined ? keyId : identityText(identity), peer };
}

/**
 * The request of `service/method`. What a caller may write and JSON cannot say (a path of a mask in camelCase, a time after the year 9999)
 * is left out: whether the request is in order is judged later.
 */
async function jsonOf<Request>(
  method: string,
  type: RequestType<Request>,
  request: Request,
): Promise<JsonValue> {
  registryMade ??= makeRegistry();
  const { registry, fromBinary, toJson } = await registryMade;
  const [service = "", name] = method.split("/");
  const input = registry.getService(service)?.methods.find((known) => known.name === name)?.input;
  if (input === undefined) throw new Error(`the contract has no ${method}`);
  try {
    return toJson(input, fromBinary(input, type.encode(request).finish()), { registry });
  } catch {
    return { leftOut: "it has no JSON form" };
  }
}

/** Made once: it takes 40 ms of the thread that takes calls. Only administrators pay for what knows the JSON form. */
let registryMade: ReturnType<typeof makeRegistry> | undefined;

async function makeRegistry() {
  const [{ createFileRegistry, fromBinary, toJson }, { FileDescriptorSetSchema }, { descriptorSet }] =
    await Promise.all([
      import("@bufbuild/protobuf"),
      import("@bufbuild/protobuf/wkt"),
      import("../../gen/smsrelay/descriptor_set.ts"),
    ]);
  const registry = createFileRegistry(fromBinary(FileDescriptorSetSchema, descriptorSet));
  return { registry, fromBinary, toJson };
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
