import { Status } from "nice-grpc";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { WaitFor } from "../../../src/gen/smsrelay/v1/sms.ts";
import { SmsStatusCode } from "../../../src/gen/smsrelay/v1/status_code.ts";
import { connectClients, failureOf, type RpcClients } from "../../support/rpc-client.ts";
import { type RpcWorld, SHOP_KEY, startRpcWorld } from "../../support/rpc-world.ts";

type Batch = Parameters<RpcClients["sms"]["sendSmsBatch"]>[0];
type Message = NonNullable<Batch["requests"]>[number];

const messageOf = (index: number, more: Partial<Message> = {}): Message => ({
  sender: "ACME",
  recipients: [`+3864010${String(index).padStart(4, "0")}`],
  content: { $case: "text", value: `number ${index}` },
  ...more,
});

/** Once set, accepting waits for it. */
let hold: Promise<void> | undefined;
let begun = 0;
let world: RpcWorld;
let clients: RpcClients;
beforeEach(async () => {
  hold = undefined;
  begun = 0;
  world = await startRpcWorld({
    wrapStore: (store) => ({
      ...store,
      async accept(entries) {
        begun += 1;
        await hold;
        return store.accept(entries);
      },
    }),
  });
  clients = connectClients(world.address, SHOP_KEY);
});
afterEach(async () => {
  clients[Symbol.dispose]();
  await world.stop();
});

async function listAll(): Promise<readonly string[]> {
  const ids: string[] = [];
  let pageToken = "";
  do {
    const page = await clients.sms.listSms({ pageSize: 1_000, pageToken });
    ids.push(...page.sms.map(({ messageId }) => messageId));
    pageToken = page.nextPageToken;
  } while (pageToken !== "");
  return ids;
}

describe("SendSmsBatch", () => {
  it("answers 1,000 messages in order, 30 of them refused, and sends nothing twice when it is repeated", async () => {
    const isBad = (index: number) => index % 33 === 7 && index < 33 * 30;
    const requests = Array.from({ length: 1_000 }, (_, index) =>
      messageOf(index, isBad(index) ? { recipients: ["12"] } : {}),
    );
    const first = await clients.sms.sendSmsBatch({ requestId: "news", requests });
    expect(first.outcomes.map(({ requestId }) => requestId)).toEqual(
      requests.map((_, index) => `news/${index}`),
    );
    expect(
      first.outcomes.flatMap(({ outcome }, index) => (outcome?.$case === "failure" ? [index] : [])),
    ).toEqual(requests.flatMap((_, index) => (isBad(index) ? [index] : [])));
    const [refused] = first.outcomes.flatMap(({ outcome }) =>
      outcome?.$case === "failure" ? [outcome.value] : [],
    );
    expect(refused).toMatchObject({
      statusCode: SmsStatusCode.SMS_STATUS_CODE_INVALID_RECIPIENT,
      violations: [{ field: "recipients[0]" }],
    });
    const again = await clients.sms.sendSmsBatch({ requestId: "news", requests });
    const idsOf = (batch: typeof first) =>
      batch.outcomes.map(({ outcome }) => (outcome?.$case === "response" ? outcome.value.messageId : ""));
    expect(idsOf(again)).toEqual(idsOf(first));
    expect(
      again.outcomes.every(({ outcome }) => outcome?.$case === "failure" || outcome?.value.replayed),
    ).toBe(true);
    expect((await listAll()).length).toBe(970);
  });

  it("goes on where a cut call was", async () => {
    const requests = Array.from({ length: 300 }, (_, index) => messageOf(index));
    let release = () => {};
    hold = new Promise((resolve) => {
      release = resolve;
    });
    const cut = new AbortController();
    const lost = clients.sms.sendSmsBatch({ requestId: "cut", requests }, { signal: cut.signal });
    await expect.poll(() => begun).toBeGreaterThan(0);
    cut.abort();
    await expect(lost).rejects.toThrow();
    release();
    const again = await clients.sms.sendSmsBatch({ requestId: "cut", requests });
    expect(again.outcomes.filter(({ outcome }) => outcome?.$case === "response").length).toBe(300);
    expect((await listAll()).length).toBe(300);
  });

  it("knows a message of a batch in the one name space of request ids", async () => {
    await clients.sms.sendSmsBatch({ requestId: "a", requests: [messageOf(1), messageOf(2)] });
    const same = await clients.sms.sendSms({ ...messageOf(2), requestId: "a/1" });
    expect(same.replayed).toBe(true);
    const other = await clients.sms.sendSmsBatch({ requestId: "a", requests: [messageOf(2), messageOf(2)] });
    expect(other.outcomes.map(({ outcome }) => outcome?.$case)).toEqual(["failure", "response"]);
    expect(other.outcomes[0]?.outcome).toMatchObject({
      value: { statusCode: SmsStatusCode.SMS_STATUS_CODE_REQUEST_ID_REUSED },
    });
  });

  it("gives a number its message each time it stands in several", async () => {
    const { outcomes } = await clients.sms.sendSmsBatch({
      requestId: "twice",
      requests: [messageOf(1), messageOf(1)],
    });
    expect(outcomes.map(({ outcome }) => outcome?.$case)).toEqual(["response", "response"]);
    expect((await listAll()).length).toBe(2);
  });

  it("lists few of a message's faults, and how many there are", async () => {
    const bad = messageOf(1, { recipients: Array.from({ length: 40 }, () => "x") });
    const { outcomes } = await clients.sms.sendSmsBatch({ requestId: "many", requests: [bad] });
    expect(outcomes[0]?.outcome).toMatchObject({ $case: "failure", value: { violationCount: 40 } });
    const [answer] = outcomes;
    expect(answer?.outcome?.$case === "failure" && answer.outcome.value.violations.length).toBe(5);
  });

  it("refuses to wait for gateways, message by message", async () => {
    const waiting = messageOf(1, { waitFor: WaitFor.WAIT_FOR_GATEWAY });
    const { outcomes } = await clients.sms.sendSmsBatch({
      requestId: "w",
      requests: [waiting, messageOf(2)],
    });
    expect(outcomes.map(({ outcome }) => outcome?.$case)).toEqual(["failure", "response"]);
    expect(outcomes[0]?.outcome).toMatchObject({ value: { violations: [{ field: "wait_for" }] } });
  });

  it.each<[string, Batch, number, string]>([
    ["no request_id", { requests: [messageOf(1)] }, 4019, "request_id"],
    ["too long a request_id", { requestId: "x".repeat(57), requests: [messageOf(1)] }, 4114, "request_id"],
    [
      "a request_id that is not printable",
      { requestId: "a\n", requests: [messageOf(1)] },
      4114,
      "request_id",
    ],
    ["no messages", { requestId: "a" }, 4019, "requests"],
    [
      "too many messages",
      { requestId: "a", requests: Array.from({ length: 1_001 }, (_, i) => messageOf(i)) },
      4025,
      "requests",
    ],
    [
      "too many recipients in all",
      {
        requestId: "a",
        requests: Array.from({ length: 11 }, (_, message) =>
          messageOf(1, {
            recipients: Array.from(
              { length: 910 },
              (_, i) => `+38640${message}${String(i).padStart(5, "0")}`,
            ),
          }),
        ),
      },
      4025,
      "requests",
    ],
    [
      "a request_id within",
      { requestId: "a", requests: [messageOf(1), messageOf(2, { requestId: "b" })] },
      4114,
      "requests[1].request_id",
    ],
  ])("refuses the call as a whole: %s", async (_, batch, code, field) => {
    const failure = await failureOf((options) => clients.sms.sendSmsBatch(batch, options));
    expect(failure).toMatchObject({
      code: Status.INVALID_ARGUMENT,
      info: { metadata: { status_code: String(code) } },
      violations: [expect.objectContaining({ field })],
    });
    expect(await listAll()).toEqual([]);
  });
});
