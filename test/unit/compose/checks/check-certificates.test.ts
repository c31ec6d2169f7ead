import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { checkCertificates } from "../../../../src/compose/checks/check-certificates.ts";
import { configSchema } from "../../../../src/config/schema.ts";

const file = (name: string) => readFileSync(join(import.meta.dirname, "../../../support/tls", name), "utf8");
const pair = { cert: "smsc.cert.pem", key: "smsc.key.pem" };

it("tells how long the certificates of the listener and for gateways last, and warns thirty days ahead", () => {
  const config = configSchema({ readVariable: (name) => name, readFile: file }).parse({
    listen: { grpc: { tls: { ...pair, clientCa: pair.cert } } },
    gateways: [{ id: "north", kind: "smpp", host: "smsc", systemId: "a", password: "b", tls: pair }],
  });
  const endMs = new X509Certificate(file(pair.cert)).validToDate.getTime();
  const levels = (nowMs: number) => checkCertificates(config, nowMs).map(({ level }) => level);
  expect(checkCertificates(config, endMs).map(({ text }) => text)).toEqual([
    expect.stringMatching(/^the certificate of gRPC lasts until/),
    expect.stringMatching(/^clientCa lasts until/),
    expect.stringMatching(/^the certificate for gateway north lasts until/),
  ]);
  expect(levels(endMs - 31 * 86_400_000)).toEqual(["ok", "ok", "ok"]);
  expect(levels(endMs - 29 * 86_400_000)).toEqual(["warn", "warn", "warn"]);
  expect(levels(endMs + 1)).toEqual(["fail", "fail", "fail"]);
});
