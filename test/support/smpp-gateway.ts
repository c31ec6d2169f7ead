/** A started SMPP gateway with a listener that records, for tests against an SMSC on 127.0.0.1. */
import { toDeliveryId, toGatewayId } from "../../src/domain/ids.ts";
import type { E164 } from "../../src/domain/message.ts";
import type { IncomingPart, Receipt } from "../../src/domain/receipt.ts";
import type { Concatenation, MessagePlan } from "../../src/encoding/message-plan.ts";
import type { Gateway, GatewayListener, GatewayStatus, Submission } from "../../src/gateways/gateway.ts";
import { createSmppGateway } from "../../src/gateways/smpp/create-smpp-gateway.ts";
import { type SmppGatewaySettings, smppSettings } from "../../src/gateways/smpp/settings.ts";
import type { Clock } from "../../src/observability/clock.ts";
import { type Logger, silentLogger } from "../../src/observability/logger.ts";
import { createFakeClock, type FakeClock } from "./fake-clock.ts";
import { createSignalQueue, type SignalQueue } from "./signal-queue.ts";

export interface RecordingListener extends GatewayListener {
  readonly statuses: SignalQueue<GatewayStatus>;
  readonly receipts: SignalQueue<Receipt>;
  readonly unparsable: SignalQueue<Uint8Array>;
  readonly incoming: SignalQueue<IncomingPart>;
  readonly rooms: SignalQueue<number>;
  /** What storing a receipt waits for; rejecting makes the SMSC keep it. */
  storing: () => Promise<void>;
}

export function createRecordingListener(): RecordingListener {
  const listener: RecordingListener = {
    statuses: createSignalQueue(),
    receipts: createSignalQueue(),
    unparsable: createSignalQueue(),
    incoming: createSignalQueue(),
    rooms: createSignalQueue(),
    storing: () => Promise.resolve(),
    onStatus: (status) => listener.statuses.push(status),
    onRoom: () => listener.rooms.push(1),
    onReceipt(receipt) {
      listener.receipts.push(receipt);
      return listener.storing();
    },
    onUnparsableReceipt(_gatewayId, raw) {
      listener.unparsable.push(raw);
      return listener.storing();
    },
    onIncoming(part) {
      listener.incoming.push(part);
      return listener.storing();
    },
  };
  return listener;
}

export interface StartedGateway {
  readonly gateway: Gateway;
  readonly listener: RecordingListener;
  readonly clock: FakeClock;
  readonly events: string[];
}

export const gatewayId = toGatewayId("north");

/** Makes and starts a gateway at `port`. Time stands still until the test moves it. */
export function startGateway(
  port: number,
  settings: Partial<SmppGatewaySettings> = {},
  clock: Clock & FakeClock = createFakeClock(),
  log: Logger = silentLogger,
): StartedGateway {
  const events: string[] = [];
  const gateway = createSmppGateway(
    smppSettings({
      id: gatewayId,
      host: "127.0.0.1",
      port,
      systemId: "relay",
      password: "secret",
      ...settings,
    }),
    { clock, random: () => 0.5, log, metrics: { count: (event) => events.push(event) } },
  );
  const listener = createRecordingListener();
  gateway.start(listener);
  return { gateway, listener, clock, events };
}

/** Waits until the gateway can submit. */
export async function untilReady({ listener }: StartedGateway): Promise<void> {
  for (;;) if ((await listener.statuses.next()).kind === "ready") return;
}

/** A plan of these texts, one a part; without a concatenation nothing ties them. */
export function planOf(texts: readonly string[], concatenation?: Concatenation): MessagePlan {
  return {
    encoding: "gsm7",
    singleShift: undefined,
    lockingShift: undefined,
    concatenation,
    segments: texts.map((text) => ({ text, data: new Uint8Array(), unitsUsed: text.length, unitsLeft: 0 })),
    forcingCharacters: [],
    substitutions: [],
    udh: new Uint8Array(),
  };
}

let count = 0;

/** A submission of these texts, one a part, to +4790000001. */
export function submission(texts: readonly string[], fields: Partial<Submission> = {}): Submission {
  count += 1;
  return {
    deliveryId: toDeliveryId(`delivery-${count}`),
    sender: { kind: "ALPHANUMERIC", address: "Acme" },
    recipient: "+4790000001" as E164,
    attempt: 1,
    lane: "NORMAL",
    premium: false,
    plan: planOf(texts),
    reference: undefined,
    partNumbers: texts.map((_, index) => index + 1),
    expireTimeMs: Date.UTC(2024, 0, 2),
    takeToken: () => undefined,
    ...fields,
  };
}
