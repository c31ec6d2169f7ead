/** The paths at which providers call back: /v1/callbacks/{gateway}/{reference}/{proof}. Whose they are the gateway tells. */
import type { ApiAnswer, ApiRequest, ApiRoute } from "../api/route.ts";

/** As a gateway takes it. */
interface Callback {
  readonly reference: string;
  readonly proof: string;
  readonly query: string;
  readonly type: string | undefined;
  readonly body: Uint8Array;
}

type Taken = { readonly kind: "taken"; readonly body: object | undefined } | { readonly kind: "refused" };

export interface CallbackRouteDeps {
  /** Undefined where no gateway has or had this id, or it takes none. Rejects where the store is away. */
  readonly take: (gatewayId: string, callback: Callback) => Promise<Taken> | undefined;
}

const path = "/v1/callbacks/";
const maxBodyOctets = 64 * 1024;
const form = /^([a-z0-9][a-z0-9._-]{0,31})\/([A-Za-z0-9._-]{1,128})\/([A-Za-z0-9_-]{1,64})$/;

/** One for each method that providers use. */
export function createCallbackRoutes({ take }: CallbackRouteDeps): readonly ApiRoute[] {
  async function answer({ path: whole, query, headers, body, know }: ApiRequest): Promise<ApiAnswer> {
    const [, gatewayId = "", reference = "", proof = ""] = form.exec(whole.slice(path.length)) ?? [];
    const taken = await take(gatewayId, { reference, proof, query, type: headers["content-type"], body });
    // Nothing tells a stranger what it was that did not fit.
    if (taken === undefined || taken.kind === "refused") return { status: 403 };
    know(`gateway ${gatewayId}`);
    return { status: 200, ...(taken.body !== undefined && { body: taken.body }) };
  }
  return (["POST", "GET"] as const).map((method) => ({
    method,
    path,
    isPrefix: true,
    maxBodyOctets,
    answer,
  }));
}
