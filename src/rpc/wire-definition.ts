/**
 * The services as they are put on the wire: requests are decoded without losing faults, and answers encoded as they are. The stack
 * would first copy each answer, with all reports or recipients in it, in case that fields are missing; ours are whole, which their
 * types say.
 */
import type { CallContext } from "nice-grpc-common";
import { keepingFaults, type RequestType } from "./read-requests.ts";

interface ResponseType {
  readonly fromPartial?: unknown;
}

interface ServiceOf {
  readonly methods: Readonly<
    Record<string, { readonly requestType: RequestType; readonly responseType: ResponseType }>
  >;
}

/** The definition to serve; its implementation has to be a `WholeAnswers`. */
export function wireDefinition<Service extends ServiceOf>(service: Service): Service {
  const methods = Object.entries(service.methods).map(([key, method]) => [
    key,
    {
      ...method,
      requestType: keepingFaults(method.requestType),
      responseType: { ...method.responseType, fromPartial: undefined },
    },
  ]);
  return { ...service, methods: Object.fromEntries(methods) };
}

/** A service's implementation with answers in which no field is left out; `Client` is the generated client, which says what they are. */
export type WholeAnswers<Implementation, Client> = {
  [Method in keyof Implementation & keyof Client]: Implementation[Method] extends (
    request: infer Request,
    ...rest: never
  ) => unknown
    ? Client[Method] extends (...args: never) => Promise<infer Response>
      ? (request: Request, context: CallContext) => Promise<Response>
      : Client[Method] extends (...args: never) => AsyncIterable<infer Response>
        ? (request: Request, context: CallContext) => AsyncIterable<Response, void>
        : never
    : never;
};
