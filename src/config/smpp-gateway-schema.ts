/** What a gateway of kind `smpp` has in the configuration: one account at one SMSC, and how that SMSC speaks SMPP. */
import { z } from "zod";
import type { NationalLanguage } from "../encoding/message-plan.ts";
import { type ReferenceReader, secret } from "./references.ts";
import { asciiText, host } from "./text-forms.ts";
import { clientTls } from "./tls-files.ts";
import { duration, octet, whole } from "./values.ts";

const addressType = (ton: number, npi: number) =>
  z.strictObject({ ton: whole(0, 7).default(ton), npi: whole(0, 18).default(npi) }).prefault({});
const notation = z.enum(["exact", "hex", "decimal", "caseFolded", "zeroStripped"]);
const statusClass = z.enum(["recipient", "route", "temporary", "throttled", "session", "bind"]);

/** `0x0B` or `11` → the number; command_status keys are written either way. */
const commandStatus = z
  .string()
  .regex(/^(0x[0-9A-Fa-f]{1,8}|[0-9]{1,10})$/, "must be a command_status such as 0x0B");

const addresses = z
  .strictObject({
    recipient: addressType(1, 1),
    alphanumeric: addressType(5, 0),
    international: addressType(1, 1),
    national: addressType(2, 1),
    shortCode: addressType(3, 0),
    shortCodeDigits: whole(0, 15).default(6),
    plusSign: z.boolean().default(false),
  })
  .prefault({});

const language = whole(1, 13).transform((number) => number as NationalLanguage);

const profile = z
  .strictObject({
    defaultAlphabet: z.enum(["gsm", "latin1", "ascii"]).default("gsm"),
    packing: z.enum(["unpacked", "packed"]).default("unpacked"),
    dataCoding: z
      .strictObject({ gsm7: octet.default(0x00), ucs2: octet.default(0x08), binary: octet.default(0x04) })
      .prefault({}),
    supportsUcs2: z.boolean().default(true),
    supportsBinary: z.boolean().default(true),
    singleShiftLanguages: z.array(language).default([]),
    lockingShiftLanguages: z.array(language).default([]),
    concatenation: z.enum(["udh8", "udh16", "sar", "payload"]).default("udh8"),
    maxSegments: whole(1, 255).default(255),
  })
  .prefault({});

export const smppGateway = (reader: ReferenceReader) => ({
  kind: z.literal("smpp"),
  host,
  port: whole(1, 65_535).default(2775),
  tls: clientTls(reader).optional(),

  systemId: asciiText(15),
  password: secret(reader).pipe(
    z
      .string()
      .min(1)
      .max(64)
      .regex(/^[ -~\u00a0-\u00ff]*$/, "must hold printable characters of Latin-1 only"),
  ),
  systemType: asciiText(12).default(""),
  interfaceVersion: octet.default(0x34),
  addressRange: asciiText(40).default(""),
  addressRangeTon: whole(0, 7).default(0),
  addressRangeNpi: whole(0, 18).default(0),
  bindMode: z.enum(["transceiver", "transmitter+receiver"]).default("transceiver"),
  sessions: whole(1, 32).default(1),

  window: whole(1, 1_000).optional(),
  connectTimeout: duration("100ms", "5m").default(10_000),
  bindTimeout: duration("100ms", "10m").default(30_000),
  responseTimeout: duration("100ms", "10m").default(30_000),
  ambiguityHold: duration("0", "10m").default(10_000),
  enquireLinkInterval: duration("1s", "1h").default(30_000),
  enquireLinkTimeout: duration("100ms", "10m").default(10_000),
  enquireLinkMisses: whole(1, 10).default(2),
  reconnectMin: duration("10ms", "1h").default(500),
  reconnectMax: duration("100ms", "1h").default(10_000),
  maxUnansweredDeliveries: whole(1, 10_000).default(1_000),

  profile,
  addresses,
  serviceType: asciiText(5).default(""),
  priorityFlag: whole(0, 3).default(0),
  protocolId: octet.default(0),
  validityForm: z.enum(["absolute", "relative", "none"]).default("absolute"),
  maxValidity: duration("1m", "30d").optional(),
  tlvs: z.enum(["auto", "always", "never"]).default("auto"),

  receipts: z.enum(["each", "one", "none"]).default("each"),
  messageIdForm: z
    .strictObject({ response: notation.default("exact"), receipt: notation.default("exact") })
    .prefault({}),
  acceptedMeans: z.enum(["intermediate", "delivered"]).default("intermediate"),
  plainTextReceipts: z.boolean().default(false),
  echoesUserMessageReference: z.boolean().default(false),
  carrierTlv: whole(0x0001, 0xffff).optional(),
  receiptUtcOffsetMinutes: whole(-840, 840).default(0),
  statusClass: z.record(commandStatus, statusClass).default({}),
});
