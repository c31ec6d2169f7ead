/** Mutated PDUs and receipts through codec, framer and the readers of what arrives. Nothing may throw, hang or grow. */
import { expect, it } from "vitest";
import { baselineProfile } from "../../../src/encoding/baseline-profile.ts";
import { decodePart } from "../../../src/encoding/decode-part.ts";
import { decodePdu } from "../../../src/smpp/decode-pdu.ts";
import { encodePdu } from "../../../src/smpp/encode-pdu.ts";
import { createFramer } from "../../../src/smpp/framer.ts";
import type { Pdu } from "../../../src/smpp/pdu.ts";
import { readInbound, userDataOf } from "../../../src/smpp/read-inbound.ts";
import { parseReceiptText } from "../../../src/smpp/receipt-text.ts";
import { processorMs } from "../../support/processor-ms.ts";
import { beginFuzz, type FuzzRun, heapInUse, mutate, patience } from "./support/fuzz-run.ts";
import { inboundCorpus, inPieces, mutatedPdu, pduCorpus } from "./support/smpp-corpus.ts";

const MAX_PDU = 70_000;
const MOST_GROWTH = 24 * 1024 * 1024;

/** Runs `each` for every case and tells the case's octets when it throws. */
function forAll(run: FuzzRun, make: () => Buffer, each: (octets: Buffer) => void): void {
  for (let i = 0; i < run.cases; i++) {
    const octets = make();
    try {
      each(octets);
    } catch (cause) {
      throw new Error(`case ${i} of FUZZ_SEED=${run.seed}: ${octets.toString("hex")}`, { cause });
    }
  }
}

function read(pdu: Pdu, profile = baselineProfile): void {
  if (pdu.command !== "deliver_sm" && pdu.command !== "data_sm") return;
  for (const trustPlainText of [false, true]) {
    const inbound = readInbound(pdu, { trustPlainText, utcOffsetMinutes: 60 });
    if (inbound.kind !== "handset") expect(inbound.receipt.messageId).not.toBe("");
  }
  const hasUserDataHeader = (pdu.body.esm_class & 0x40) !== 0;
  decodePart({ userData: userDataOf(pdu), dataCoding: pdu.body.data_coding, hasUserDataHeader }, profile);
}

/** Reading takes fields that are too long, which writing refuses with a RangeError and nothing else. */
function writeAgain(pdu: Pdu): Buffer | undefined {
  try {
    return encodePdu(pdu);
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

it(
  "mutated PDUs are read or refused by the codec, and what was read can be written and read again",
  () => {
    const run = beginFuzz("codec", 0.5);
    const corpus = pduCorpus(run.seed);
    let readable = 0;
    const before = heapInUse();
    forAll(
      run,
      () => mutatedPdu(corpus, run),
      (octets) => {
        const result = decodePdu(octets);
        if (result.kind === "malformed") return;
        readable += 1;
        read(result.pdu);
        const written = writeAgain(result.pdu);
        if (written === undefined) return;
        const again = decodePdu(written);
        if (again.kind !== "pdu") throw new Error("what was written cannot be read");
        if (again.pdu.command !== result.pdu.command) throw new Error("another command was written");
      },
    );
    expect(readable).toBeGreaterThan(run.cases / 20);
    expect(heapInUse() - before).toBeLessThan(MOST_GROWTH);
  },
  patience(0.5, 400),
);

it(
  "streams of mutated PDUs in random pieces neither throw nor pile up in the framer",
  () => {
    const run = beginFuzz("framer", 0.25);
    const corpus = pduCorpus(run.seed);
    const before = heapInUse();
    let framer = createFramer(MAX_PDU);
    let faults = 0;
    forAll(
      run,
      () => mutatedPdu(corpus, run, 0.02),
      (octets) => {
        for (const piece of inPieces(octets, run)) {
          const fault = framer.push(piece, (frame) => void decodePdu(frame));
          if (framer.heldOctets > MAX_PDU) throw new Error("it holds more than a PDU");
          if (fault === undefined) continue;
          faults += 1;
          framer = createFramer(MAX_PDU);
          break;
        }
      },
    );
    expect(faults).toBeGreaterThan(0);
    expect(heapInUse() - before).toBeLessThan(MOST_GROWTH);
  },
  patience(0.25, 400),
);

it(
  "mutated receipts are understood or kept, whatever stands in them",
  () => {
    const run = beginFuzz("receipts", 0.25);
    const texts = inboundCorpus().map((octets) => {
      const result = decodePdu(octets);
      if (result.kind !== "pdu" || result.pdu.command !== "deliver_sm") throw new Error("not in the corpus");
      return { pdu: result.pdu, data: Buffer.from(userDataOf(result.pdu)) };
    });
    forAll(
      run,
      () => mutate(run.pick(texts).data, run.pick(texts).data, run),
      (octets) => {
        const { pdu } = run.pick(texts);
        const esm_class = run.pick([0x00, 0x04, 0x20, 0x40, 0x44, 0x64, run.below(256)]);
        const data_coding = run.pick([0, 3, 4, 8, run.below(256)]);
        read({ ...pdu, body: { ...pdu.body, esm_class, data_coding, short_message: octets } });
        parseReceiptText(octets.toString("latin1"));
      },
    );
  },
  patience(0.25, 400),
);

it.each([
  ["names without values", "id: ".repeat(16_000)],
  ["one endless name", ` id${" ".repeat(65_000)}`],
  ["names that nearly are some", " submit date done_date sub".repeat(2_500)],
  ["blanks", " ".repeat(65_000)],
  ["separators", ";,|".repeat(21_000)],
  ["a text that repeats a receipt", `text:${"id:1 stat:DELIVRD ".repeat(3_600)}`],
])("a receipt of 64 KiB with %s takes no time", (_name, text) => {
  const startMs = processorMs();
  parseReceiptText(text);
  expect(processorMs() - startMs).toBeLessThan(1_000);
});
