/** SMPP as Debian's tshark reads it, from a capture file that is written here. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isInstalled } from "../../support/debian-package.ts";

const SMPP_PORT = 2775;
const CLIENT_PORT = 40_000;
const LOOPBACK = 0x7f000001;
/** Link type of packets that begin with their IPv4 header. */
const LINKTYPE_RAW = 101;

export const hasTshark = isInstalled("tshark", "--version");

/** One PDU and the way it went. */
export interface CapturedPdu {
  readonly octets: Uint8Array;
  readonly isFromClient: boolean;
}

/** What data_coding 0 means, by tshark's names. */
export type DefaultAlphabet = "gsm7" | "gsm7-packed" | "iso-8859-1";

/** Fields of each PDU in order; a field that occurs several times in one PDU is joined by commas. */
export function dissect(
  pdus: readonly CapturedPdu[],
  fields: readonly string[],
  alphabet: DefaultAlphabet = "gsm7",
): readonly Readonly<Record<string, string>>[] {
  const wanted = fields.flatMap((field) => ["-e", field]);
  const rows = runTshark(pdus, ["-T", "fields", "-E", "separator=|", ...wanted], alphabet);
  return rows
    .split("\n")
    .slice(0, -1)
    .map((row) => {
      const values = row.split("|");
      return Object.fromEntries(fields.map((field, i) => [field, values[i] ?? ""]));
    });
}

/** All that tshark tells of the PDUs, as its window would show it, and what it complains about: nothing where all is well. */
export function examine(pdus: readonly CapturedPdu[]): {
  readonly shown: string;
  readonly complaints: readonly string[];
} {
  const shown = runTshark(pdus, ["-V"]);
  const complaints = shown
    .split("\n")
    .filter((line) => /Expert Info \((Warning|Error)|\[Malformed/.test(line));
  return { shown, complaints };
}

function runTshark(
  pdus: readonly CapturedPdu[],
  args: readonly string[],
  alphabet: DefaultAlphabet = "gsm7",
): string {
  const folder = mkdtempSync(join(tmpdir(), "sms-relay-tshark-"));
  try {
    const file = join(folder, "pdus.pcap");
    writeFileSync(file, captureOf(pdus));
    const all = [
      "-r",
      file,
      "-d",
      `tcp.port==${SMPP_PORT},smpp`,
      "-o",
      `smpp.decode_sms_over_smpp:${alphabet}`,
      ...args,
    ];
    const { stdout, status, stderr, error } = spawnSync("tshark", all, { encoding: "utf8" });
    if (error !== undefined) throw error;
    if (status !== 0) throw new Error(stderr);
    return stdout;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** A capture file of IPv4 packets, one PDU each, with checksums that nobody verifies. */
function captureOf(pdus: readonly CapturedPdu[]): Buffer {
  const head = Buffer.alloc(24);
  head.writeUInt32LE(0xa1b2c3d4, 0);
  head.writeUInt16LE(2, 4);
  head.writeUInt16LE(4, 6);
  head.writeUInt32LE(0x40000, 16);
  head.writeUInt32LE(LINKTYPE_RAW, 20);
  const sent = { client: 1, server: 1 };
  const packets = pdus.map(({ octets, isFromClient }) => {
    const [us, peer] = isFromClient ? (["client", "server"] as const) : (["server", "client"] as const);
    const packet = packetOf(octets, isFromClient, sent[us], sent[peer]);
    sent[us] += octets.length;
    return packet;
  });
  return Buffer.concat([head, ...packets]);
}

function packetOf(octets: Uint8Array, isFromClient: boolean, sequence: number, acknowledged: number): Buffer {
  const ports = isFromClient ? [CLIENT_PORT, SMPP_PORT] : [SMPP_PORT, CLIENT_PORT];
  const length = 40 + octets.length;
  const packet = Buffer.alloc(16 + length);
  packet.writeUInt32LE(length, 8);
  packet.writeUInt32LE(length, 12);
  const ip = packet.subarray(16);
  ip.writeUInt8(0x45, 0);
  ip.writeUInt16BE(length, 2);
  ip.writeUInt8(64, 8);
  ip.writeUInt8(6, 9);
  ip.writeUInt32BE(LOOPBACK, 12);
  ip.writeUInt32BE(LOOPBACK, 16);
  const tcp = ip.subarray(20);
  tcp.writeUInt16BE(ports[0] ?? 0, 0);
  tcp.writeUInt16BE(ports[1] ?? 0, 2);
  tcp.writeUInt32BE(sequence, 4);
  tcp.writeUInt32BE(acknowledged, 8);
  tcp.writeUInt8(0x50, 12);
  tcp.writeUInt8(0x18, 13);
  tcp.writeUInt16BE(0xffff, 14);
  tcp.set(octets, 20);
  return packet;
}
