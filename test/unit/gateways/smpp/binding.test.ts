/** What a bind carries, how its answer is told from others, and what has no place before it. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { LogFields, Logger } from "../../../../src/observability/logger.ts";
import type { SmppConnection } from "../../../../src/smpp/connection.ts";
import { encodePdu } from "../../../../src/smpp/encode-pdu.ts";
import type { Bind } from "../../../support/scripted-smsc.ts";
import { createSignalQueue } from "../../../support/signal-queue.ts";
import { planOf, submission, untilReady } from "../../../support/smpp-gateway.ts";
import { bind, cleanAfterEach, startAt, startSmsc } from "./support.ts";

cleanAfterEach();

interface AskedBind {
  readonly bind: Bind;
  readonly connection: SmppConnection;
  readonly accept: () => void;
}

/** An SMSC that answers no bind by itself. */
async function startWaiting() {
  const binds = createSignalQueue<AskedBind>();
  const smsc = await startSmsc({
    onBind: (bind, connection, accept) => binds.push({ bind, connection, accept }),
  });
  return { smsc, binds };
}

function recordWarnings() {
  const warnings: { readonly fields: LogFields; readonly sentence: string }[] = [];
  const warn: Logger["warn"] = (fields, sentence) => void warnings.push({ fields, sentence });
  const log: Logger = {
    debug: () => {},
    info: () => {},
    warn,
    error: () => {},
    child: () => log,
    often: { info: () => {}, warn, error: () => {} },
  };
  return { log, warnings };
}

const pem = (name: string) =>
  readFileSync(new URL(`../../../support/tls/${name}.pem`, import.meta.url), "utf8");

describe("what a bind carries", () => {
  it("is an empty address range and version 3.4 unless it is set", async () => {
    const { session } = await bind();
    const { interface_version, addr_ton, addr_npi, address_range } = session.bind.body;
    expect([interface_version, addr_ton, addr_npi, address_range]).toEqual([0x34, 0, 0, ""]);
  });

  it("is the address range, its type and plan, and the version that are set", async () => {
    const { session, gateway } = await bind({
      interfaceVersion: 0x33,
      addressRange: "^46(70|73)",
      addressRangeTon: 1,
      addressRangeNpi: 6,
    });
    const { interface_version, addr_ton, addr_npi, address_range } = session.bind.body;
    expect([interface_version, addr_ton, addr_npi, address_range]).toEqual([0x33, 1, 6, "^46(70|73)"]);
    // Whoever binds as 3.3 sends no TLVs, whatever the SMSC knows.
    const [part] = await gateway.submit(
      submission([], { plan: planOf(["x", "y"], "payload"), partNumbers: [1] }),
    );
    expect(part).toMatchObject({ kind: "refused", answer: { status: 0xc1 } });
  });

  it("is sent under our own certificate where the SMSC asks for one", async () => {
    const folder = mkdtempSync(join(tmpdir(), "client-cert-"));
    const [key, cert] = [join(folder, "key.pem"), join(folder, "cert.pem")];
    const curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
    const files = ["-keyout", key, "-out", cert];
    execFileSync("openssl", ["req", "-x509", ...curve, ...files, "-subj", "/CN=relay", "-days", "2"], {
      stdio: "ignore",
    });
    const own = { cert: readFileSync(cert, "utf8"), key: readFileSync(key, "utf8") };
    const smsc = await startSmsc({
      tls: { key: pem("smsc.key"), cert: pem("smsc.cert"), requestCert: true, ca: own.cert },
    });
    const tls = { ca: pem("smsc.cert"), servername: "smsc.test", rejectUnauthorized: true };
    await untilReady(startAt(smsc, { tls: { ...tls, ...own } }));
    const without = startAt(smsc, { tls });
    await without.listener.statuses.next();
    expect((await without.listener.statuses.next()).kind).toBe("connecting");
  });
});

describe("before its answer", () => {
  it("no enquire_link is sent: a slow SMSC is bound when it answers", async () => {
    const { smsc, binds } = await startWaiting();
    const started = startAt(smsc, { enquireLinkIntervalMs: 1_000, enquireLinkTimeoutMs: 500 });
    const { connection, accept } = await binds.next();
    const heard: number[] = [];
    connection.pauseReading();
    connection.resumeReading();
    started.clock.advance(3_500);
    expect(started.listener.statuses.waiting).toMatchObject([{ kind: "connecting", reason: "starting" }]);
    accept();
    await untilReady(started);
    const session = await smsc.sessions.next();
    session.socket.on("data", (chunk: Buffer) => heard.push(chunk.readUInt32BE(4)));
    const asked = new Promise((resolve) => session.socket.once("data", resolve));
    started.clock.advance(1_000);
    await asked;
    expect(heard).toEqual([0x15]);
  });

  it("a deliver_sm is answered 0x04 and not stored; right behind the answer it is taken", async () => {
    const { smsc, binds } = await startWaiting();
    const started = startAt(smsc);
    const { connection, accept } = await binds.next();
    const receipt = {
      command: "deliver_sm",
      body: { esm_class: 4, short_message: Buffer.from("id:1 stat:DELIVRD") },
    } as const;
    expect(await connection.request(receipt)).toMatchObject({ pdu: { command_status: 0x04 } });
    expect(started.listener.receipts.waiting).toEqual([]);
    // Both in one segment.
    accept();
    expect(await connection.request(receipt)).toMatchObject({ pdu: { command_status: 0 } });
    expect(await started.listener.receipts.next()).toMatchObject({ smscMessageId: "1" });
  });

  it("an answer under another sequence number is taken, and both numbers are told", async () => {
    const { smsc, binds } = await startWaiting();
    const { log, warnings } = recordWarnings();
    const started = startAt(smsc, {}, log);
    const { bind: asked, connection } = await binds.next();
    connection.writeRaw(
      encodePdu({
        command: "bind_transceiver_resp",
        sequence_number: 77,
        tlvs: { sc_interface_version: 0x34 },
      }),
    );
    await untilReady(started);
    expect(warnings.map(({ fields }) => fields)).toContainEqual({
      command: "bind_transceiver_resp",
      asked: asked.sequence_number,
      answered: 77,
    });
  });

  it.each([0, 1, 99])("P56 a generic_nack with the number %i refuses it", async (sequence_number) => {
    const { smsc, binds } = await startWaiting();
    const started = startAt(smsc);
    const { connection } = await binds.next();
    connection.nack(sequence_number, 0x08);
    await started.listener.statuses.next();
    expect(await started.listener.statuses.next()).toMatchObject({
      kind: "connecting",
      reason: expect.stringContaining("ESME_RSYSERR"),
    });
  });

  it("has a timeout of its own, longer or shorter than that of a submit_sm", async () => {
    const { smsc, binds } = await startWaiting();
    const started = startAt(smsc, { bindTimeoutMs: 20_000, responseTimeoutMs: 1_000, ambiguityHoldMs: 0 });
    const { accept } = await binds.next();
    started.clock.advance(10_000);
    accept();
    await untilReady(started);
    const session = await smsc.sessions.next();
    const results = started.gateway.submit(submission(["Hello"]));
    await session.submits.next();
    // The bind's timer stood at 20 s.
    started.clock.advance(1_000);
    await new Promise(setImmediate);
    started.clock.advance(1);
    expect(await results).toMatchObject([{ kind: "ambiguous" }]);
  });
});

describe("after an unbind", () => {
  it("nothing is asked any more", async () => {
    const { gateway, session, clock } = await bind({ enquireLinkIntervalMs: 1_000 });
    session.connection.pauseReading();
    const stopped = gateway.stop(30_000);
    await new Promise(setImmediate);
    const waiting = clock.waiting;
    clock.advance(10_000);
    // The unbind's own timeout and the grace are all that is left to wait for.
    expect(clock.waiting).toBe(waiting);
    clock.advance(20_000);
    await stopped;
  });
});
