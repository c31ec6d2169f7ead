/** Services and their handlers as they are served: what the stack has to know of each method, and what the door has to. */
import {
  type ChannelOptions,
  type MethodDefinition,
  Server,
  type ServerInterceptor,
  type ServiceDefinition,
} from "@grpc/grpc-js";
import type { Scope } from "../../domain/scopes.ts";
import type { CallDoor } from "./call-door.ts";
import type { Method } from "./guarded-call.ts";
import type { Handle, Handlers, ServiceOf } from "./handlers.ts";
import { StreamedCall } from "./streamed-call.ts";
import { UnaryCall } from "./unary-call.ts";
import { wireDefinition } from "./wire-definition.ts";

export interface ServedService {
  readonly definition: ServiceDefinition;
  readonly methods: readonly Method[];
}

/** A service of the contract. */
export function serveContract<Service extends ServiceOf>(
  service: Service,
  scopes: Readonly<Record<keyof Service["methods"] & string, Scope>>,
  handlers: Handlers<Service>,
): ServedService {
  const definition = wireDefinition(service);
  const methods = Object.entries(service.methods).map(([name, { options }]) => ({
    ...describe(definition[name] as Wire, handlers[name] as Handle),
    scope: scopes[name as keyof typeof scopes],
    isRead: options.idempotencyLevel === "NO_SIDE_EFFECTS",
  }));
  return { definition, methods };
}

/** One of gRPC's own services, which need no key. */
export function servePlain<Definition extends ServiceDefinition>(
  definition: Definition,
  handlers: Readonly<Record<keyof Definition, Handle>>,
): ServedService {
  const methods = Object.entries(definition).map(([name, wire]) => describe(wire, handlers[name] as Handle));
  return { definition, methods };
}

type Wire = MethodDefinition<object, object>;

function describe(wire: Wire, handle: Handle): Method {
  return {
    path: wire.path,
    scope: undefined,
    isRead: false,
    isRequestStream: wire.requestStream,
    isResponseStream: wire.responseStream,
    handle: wire.requestStream && !wire.responseStream ? answerOnce(handle) : handle,
  };
}

/** A call with streamed requests and one answer, as one whose answers are streamed too. */
function answerOnce(handle: Handle): Handle {
  return async function* (...asked) {
    yield await handle(...asked);
  };
}

/** A server of these services. All of their calls are answered by the door: it is given no handlers of the stack's kind. */
export function createDoorServer(
  services: readonly ServedService[],
  door: CallDoor,
  options: ChannelOptions,
): Server {
  const methods = new Map(
    services.flatMap((service) => service.methods.map((method) => [method.path, method])),
  );
  const answer: ServerInterceptor = ({ path }, call) => {
    const method = methods.get(path);
    if (method === undefined) throw new Error(`nobody serves ${path}`);
    const isStreamed = method.isRequestStream || method.isResponseStream;
    return isStreamed ? new StreamedCall(call, door, method) : new UnaryCall(call, door, method);
  };
  const server = new Server({ ...options, interceptors: [answer] });
  for (const { definition } of services) server.addService(definition, {});
  return server;
}
