/** The gateway port on HTTP, against an API that does just what the port's description needs. */
import type { E164 } from "../../../src/domain/message.ts";
import { createHttpGateway } from "../../../src/gateways/http/create-http-gateway.ts";
import { systemClock } from "../../../src/observability/clock.ts";
import { silentLogger } from "../../../src/observability/logger.ts";
import { calledBack, httpSettings, profileOf } from "../../support/http-gateway.ts";
import { startScriptedProvider } from "../../support/scripted-provider.ts";
import { createSignalQueue } from "../../support/signal-queue.ts";
import { startTcpRelay } from "../../support/tcp-relay.ts";
import { describeGateway, type GatewayHarness } from "./describe-gateway.ts";

const recipients = { accepted: "+4790000001" as E164, refused: "+4790000002" as E164 };

async function open(): Promise<GatewayHarness> {
  const provider = await startScriptedProvider();
  const relay = await startTcpRelay(provider.port);
  const silenced = createSignalQueue<1>();
  let isSilent = false;
  let lastId = 0;
  provider.react = ({ body }) => {
    if (isSilent) {
      silenced.push(1);
      return "silence";
    }
    lastId += 1;
    const id = `m-${lastId}`;
    const { to, url } = JSON.parse(body) as { to: string; url: string };
    if (to === recipients.refused) return { status: 200, body: { error: "NO_NUMBER" } };
    setImmediate(() => void callBack(url, { id, to: to.slice(1), status: "done" }));
    return { status: 200, body: { id } };
  };

  /** What the door does, again until it is taken. */
  async function callBack(url: string, said: object): Promise<void> {
    const [, id = "", reference = "", proof = ""] = /callbacks\/([^/]+)\/([^/]+)\/([^/]+)$/.exec(url) ?? [];
    const body = Buffer.from(JSON.stringify(said));
    const callback = { reference, proof, query: "", type: undefined, body };
    const answer = await gateway.takeCallback?.(callback, id).catch(() => undefined);
    if (answer === undefined) setImmediate(() => void callBack(url, said));
  }

  const settings = httpSettings(`http://127.0.0.1:${relay.port}`, { provider: profileOf(calledBack) });
  const gateway = createHttpGateway(settings, {
    callbacks: { publicUrl: "http://127.0.0.1:1", secrets: ["secret"] },
    clock: systemClock,
    random: () => 0.5,
    log: silentLogger,
  });
  return {
    gateway,
    recipients,
    setSilent(isSilentNow) {
      isSilent = isSilentNow;
    },
    cut: () => relay.cut(),
    async untilSilenced(count) {
      for (let left = count; left > 0; left -= 1) await silenced.next();
    },
    async stop() {
      await relay.stop();
      await provider.stop();
    },
  };
}

describeGateway("HTTP", open, {
  // Each call has a connection of its own: what cuts them all is as many misfortunes, and says nothing of the next call.
  sharesConnections: false,
});
