/** Reflection, which anybody may ask without a key. */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, it } from "vitest";
import { ServerReflectionRequest } from "../../../../src/gen/grpc/reflection/v1/reflection.ts";
import { createReflection } from "../../../../src/rpc/server/reflection.ts";

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

const stopping = new AbortController();
const [served] = createReflection(["smsrelay.v1.SmsService"], stopping.signal);
const [wire] = Object.values(served?.definition ?? {});
const handle = served?.methods[0]?.handle as unknown as (
  requests: AsyncIterable<object>,
) => AsyncIterable<object>;

async function* ask(count: number): AsyncGenerator<object, void> {
  const request = ServerReflectionRequest.create({
    host: "x".repeat(1_000),
    messageRequest: { $case: "fileContainingSymbol", value: "smsrelay.v1.SmsService" },
  });
  const octets = Buffer.from(ServerReflectionRequest.encode(request).finish());
  for (let number = 0; number < count; number++) yield wire?.requestDeserialize(octets);
  // Open for as long as the service runs.
  await new Promise((resolve) => stopping.signal.addEventListener("abort", resolve));
}

it("P61 keeps nothing of what it has answered on a stream that stays open, and ends when the service stops", async () => {
  const answered: WeakRef<object>[] = [];
  const asked = 50;
  let hasEnded = false;
  const reading = (async () => {
    for await (const answer of handle(ask(asked))) answered.push(new WeakRef(answer));
    hasEnded = true;
  })();
  await expect.poll(() => answered.length).toBe(asked);
  await expect
    .poll(() => {
      collectGarbage();
      return answered.filter((answer) => answer.deref() !== undefined).length;
    })
    .toBeLessThan(5);
  expect(hasEnded).toBe(false);
  stopping.abort();
  await reading;
});
