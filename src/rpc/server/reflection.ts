/**
 * Server reflection in its two versions, which differ in their names only: v1, and v1alpha, which many generic clients ask for first or
 * alone. It describes our services, gRPC's own, and the error details, so that a client can print what a refusal says.
 */
import { ServerReflection, ServerReflectionService } from "nice-grpc-server-reflection";
import { descriptorSet as errorDetails } from "../../gen/google/descriptor_set.ts";
import { descriptorSet as grpcServices } from "../../gen/grpc/descriptor_set.ts";
import { descriptorSet as contract } from "../../gen/smsrelay/descriptor_set.ts";
import { type ServedService, servePlain } from "../calls/served-service.ts";

const serviceV1 = "grpc.reflection.v1.ServerReflection";
const serviceV1Alpha = "grpc.reflection.v1alpha.ServerReflection";

/** Sets of files joined end to end are one set (a repeated field); a file that two of them have is found in the first. */
const described = Buffer.concat([contract, errorDetails, grpcServices]);

const reflectionV1Alpha = {
  serverReflectionInfo: {
    ...ServerReflectionService.serverReflectionInfo,
    path: `/${serviceV1Alpha}/ServerReflectionInfo`,
  },
} as const;

/** Reflection for these services and itself; its streams end when the service stops. */
export function createReflection(
  services: readonly string[],
  stopping: AbortSignal,
): readonly ServedService[] {
  const { serverReflectionInfo } = ServerReflection(described, [...services, serviceV1, serviceV1Alpha]);
  // It looks at nothing but the requests.
  const answer = serverReflectionInfo as unknown as (
    requests: AsyncIterable<object>,
  ) => AsyncIterable<object>;
  const handlers = {
    serverReflectionInfo: (requests: AsyncIterable<object>) => cutOffBy(stopping, answer(requests)),
  };
  return [servePlain(ServerReflectionService, handlers), servePlain(reflectionV1Alpha, handlers)];
}

/** Reflection waits for its caller's next question; it stops waiting when the service stops. */
async function* cutOffBy(stopping: AbortSignal, all: AsyncIterable<object>): AsyncGenerator<object, void> {
  const answers = all[Symbol.asyncIterator]();
  // One of its own for each answer: a promise as old as the stream would hold all of them, were they raced against it.
  let stop = () => {};
  const onStop = () => stop();
  stopping.addEventListener("abort", onStop);
  try {
    while (!stopping.aborted) {
      const next = await new Promise<IteratorResult<object> | undefined>((resolve, reject) => {
        stop = () => resolve(undefined);
        answers.next().then(resolve, reject);
      });
      if (next === undefined || next.done === true) return;
      yield next.value;
    }
  } finally {
    stopping.removeEventListener("abort", onStop);
  }
}
