/** What every gateway must do, told once and run on each adapter against a real peer. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { E164 } from "../../../src/domain/message.ts";
import type { Gateway } from "../../../src/gateways/gateway.ts";
import { createRecordingListener, type RecordingListener, submission } from "../../support/smpp-gateway.ts";

/** A peer that treats recipients by what is agreed here, and a gateway to it that is not started. */
export interface GatewayHarness {
  readonly gateway: Gateway;
  readonly recipients: {
    /** Accepted; a receipt DELIVERED follows, and again until it is taken. */
    readonly accepted: E164;
    /** Refused because of the recipient. */
    readonly refused: E164;
  };
  /** Makes the peer take submissions without answering them, or answer again. */
  setSilent(isSilent: boolean): void;
  /** Cuts every connection; the peer goes on to listen. */
  cut(): void;
  /** Resolves when the peer has taken `count` submissions in silence. */
  untilSilenced(count: number): Promise<void>;
  stop(): Promise<void>;
}

/** What is so of one kind and not of another. */
export interface GatewayTraits {
  /** Whether calls share a connection, and with it its end; without one there is nothing to lose but the calls. */
  readonly sharesConnections: boolean;
}

const usualTraits: GatewayTraits = { sharesConnections: true };

const expireTimeMs = Date.UTC(2090, 0, 1);

/** Describes the port `Gateway` on the adapter that `open` makes. */
export function describeGateway(
  name: string,
  open: () => Promise<GatewayHarness>,
  { sharesConnections }: GatewayTraits = usualTraits,
): void {
  describe(`gateway port: ${name}`, () => {
    let harness: GatewayHarness;
    let gateway: Gateway;
    let listener: RecordingListener;

    beforeEach(async () => {
      harness = await open();
      gateway = harness.gateway;
      listener = createRecordingListener();
    });

    afterEach(async () => {
      await gateway.stop(0);
      await harness.stop();
    });

    const untilReady = async (): Promise<void> => {
      for (;;) if ((await listener.statuses.next()).kind === "ready") return;
    };
    const start = (): Promise<void> => {
      gateway.start(listener);
      return untilReady();
    };
    const send = (texts: readonly string[], recipient: E164 = harness.recipients.accepted) =>
      gateway.submit(submission(texts, { recipient, expireTimeMs }));

    it("sends nothing before it is started", async () => {
      expect(gateway.status().kind).toBe("connecting");
      expect([gateway.room(), gateway.figures().boundSessions, gateway.figures().inFlight]).toEqual([
        0, 0, 0,
      ]);
      expect(await send(["a", "b"])).toMatchObject([
        { kind: "unsent", number: 1, why: "no_session" },
        { kind: "unsent", number: 2, why: "no_session" },
      ]);
    });

    it("becomes ready once, however often it is started or resumed", async () => {
      await start();
      gateway.start(listener);
      gateway.resume();
      expect(gateway.status()).toEqual({ kind: "ready" });
      expect(gateway.room()).toBeGreaterThan(0);
      expect(await send(["a"])).toMatchObject([{ kind: "accepted" }]);
      expect(listener.statuses.waiting).toEqual([]);
    });

    it("tells of room when it becomes ready", async () => {
      await start();
      await listener.rooms.next();
    });

    it("answers one result a part, in order, each with an id and a match key of its own", async () => {
      await start();
      const results = await send(["a", "b", "c"]);
      expect(results.map((part) => [part.kind, part.number])).toEqual([
        ["accepted", 1],
        ["accepted", 2],
        ["accepted", 3],
      ]);
      const keys = results.map((part) => (part.kind === "accepted" ? part.matchKey : undefined));
      expect(new Set(keys).size).toBe(3);
      expect(keys).not.toContain(undefined);
    });

    it("tells a refusal of the recipient with the peer's own status", async () => {
      await start();
      const [part] = await send(["a"], harness.recipients.refused);
      expect(part).toMatchObject({ kind: "refused", refusal: "recipient" });
      expect(part?.kind === "refused" && part.answer.status).toBeGreaterThan(0);
    });

    it("takes a token for each part but the first", async () => {
      await start();
      let tokens = 0;
      const takeToken = (): Promise<void> => {
        tokens += 1;
        return Promise.resolve();
      };
      const { accepted } = harness.recipients;
      const results = await gateway.submit(
        submission(["a", "b", "c"], { recipient: accepted, takeToken, expireTimeMs }),
      );
      expect([tokens, results.length]).toEqual([2, 3]);
    });

    it("writes nothing whose time is over", async () => {
      await start();
      const { accepted: recipient } = harness.recipients;
      expect(await gateway.submit(submission(["a", "b"], { recipient, expireTimeMs: 1 }))).toMatchObject([
        { kind: "unsent", why: "expired" },
        { kind: "unsent", why: "expired" },
      ]);
    });

    it("P23 keeps within its window, and settles whatever it was given beyond", async () => {
      await start();
      const { windowSize } = gateway.figures();
      const sent = Array.from({ length: windowSize * 4 }, () => send(["a"]));
      expect(gateway.room()).toBe(0);
      expect(gateway.figures().inFlight).toBeLessThanOrEqual(windowSize);
      const kinds = new Set((await Promise.all(sent)).flat().map((part) => part.kind));
      expect([...kinds].sort()).toEqual(["accepted", "unsent"]);
      while (gateway.room() < windowSize) await listener.rooms.next();
    });

    it("P1 brings receipts whose match key is that of the part", async () => {
      await start();
      const [part] = await send(["a"]);
      const receipt = await listener.receipts.next();
      expect(receipt).toMatchObject({ gatewayId: gateway.id, verdict: "DELIVERED" });
      expect(part?.kind === "accepted" && part.matchKey).toBe(receipt.matchKey);
      expect(receipt.recipient).toBe(harness.recipients.accepted.slice(1));
    });

    it("leaves a receipt with the peer when it cannot be stored, so that it comes again", async () => {
      await start();
      listener.storing = () => Promise.reject(new Error("the store is away"));
      await send(["a"]);
      const first = await listener.receipts.next();
      listener.storing = () => Promise.resolve();
      expect((await listener.receipts.next()).matchKey).toBe(first.matchKey);
    });

    it("P12 P18 calls what was in flight ambiguous when the connection is cut, and comes back by itself", async () => {
      await start();
      harness.setSilent(true);
      const sent = [send(["a"]), send(["b"])];
      await harness.untilSilenced(2);
      harness.setSilent(false);
      harness.cut();
      const results = (await Promise.all(sent)).flat();
      expect(results.map((part) => part.kind)).toEqual(["ambiguous", "ambiguous"]);
      const losses = results.map((part) => part.kind === "ambiguous" && part.misfortune);
      expect(losses[0]).toMatchObject({ kind: "lost" });
      expect(losses[1] === losses[0]).toBe(sharesConnections);
      if (sharesConnections) {
        expect((await listener.statuses.next()).kind).toBe("connecting");
        await untilReady();
      }
      expect(gateway.status()).toEqual({ kind: "ready" });
      expect(await send(["c"])).toMatchObject([{ kind: "accepted" }]);
    });

    it("P18 settles everything when it is stopped, and a second stop is harmless", async () => {
      await start();
      harness.setSilent(true);
      const sent = send(["a"]);
      await harness.untilSilenced(1);
      await Promise.all([gateway.stop(20), gateway.stop(0)]);
      await gateway.stop(0);
      expect((await sent).map((part) => part.kind)).toEqual(["ambiguous"]);
      expect([gateway.status().kind, gateway.room()]).toEqual(["stopped", 0]);
      expect(await send(["b"])).toMatchObject([{ kind: "unsent", why: "no_session" }]);
    });

    it("can be stopped without having been started", async () => {
      await gateway.stop(1_000);
      expect(gateway.status().kind).toBe("stopped");
    });
  });
}
