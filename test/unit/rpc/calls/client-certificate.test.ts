import { execFileSync } from "node:child_process";
import { X509Certificate } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { callerOf, certifiedCaller } from "../../../../src/rpc/calls/client-certificate.ts";
import { type Authority, makeAuthority } from "../../../support/authority.ts";

let authority: Authority;
beforeAll(() => {
  authority = makeAuthority();
});
afterAll(() => authority[Symbol.dispose]());

const sign = (subject: string, names?: string) => new X509Certificate(authority.sign(subject, names).cert);

describe("whom a certificate names", () => {
  it.each([
    ["/CN=till", "URI:spiffe://example.com/shop/till", "spiffe://example.com/shop/till"],
    ["/CN=till", "DNS:till.example.com,URI:spiffe://example.com/till", "spiffe://example.com/till"],
    ["/CN=till", "URI:https://example.com/till", "CN=till"],
    ["/CN=till", "DNS:till.example.com", "CN=till"],
    ["/O=Shop/OU=Desk/CN=till", undefined, "CN=till,OU=Desk,O=Shop"],
    ["/O=Shop/OU=Desk+CN=till", undefined, "OU=Desk+CN=till,O=Shop"],
    ["/O=Shop, Inc./CN=till\\+1", undefined, "CN=till\\+1,O=Shop\\, Inc."],
    ["/CN=till, O=Bank", undefined, "CN=till\\, O=Bank"],
    ["/CN=t\u00e4ll", undefined, "CN=t\u00e4ll"],
    ["/CN=till", "URI:spiffe://example.com/a,URI:spiffe://example.com/b", undefined],
    ["/CN=till", "URI:spiffe://example.com/a,URI:https://example.com/", undefined],
    ["/CN=till", "URI:spiffe://example.com", undefined],
    ["/CN=till", "URI:spiffe://Example.com/a", undefined],
    ["/CN=till", "URI:spiffe://example.com:80/a", undefined],
    ["/CN=till", "URI:spiffe://example.com/a?b", undefined],
    ["/CN=till", "URI:SPIFFE://example.com/a", undefined],
    ["/", undefined, undefined],
  ])("of %s with %s is %s", (subject, names, value) => {
    expect(callerOf(sign(subject, names))?.value).toBe(value);
  });

  it("is a subject as openssl prints it", () => {
    for (const subject of ["/O=Shop, Inc./OU=Desk/CN=till", '/C=NL/O=Shop+CN=a "b"']) {
      const { cert } = authority.sign(subject);
      const options = ["x509", "-noout", "-subject", "-nameopt", "RFC2253"];
      const printed = execFileSync("openssl", options, { input: cert }).toString().trim();
      expect(`subject=${callerOf(new X509Certificate(cert))?.value}`).toBe(printed);
    }
  });

  it("does not let a name look like a further one", () => {
    const names = "otherName:1.2.3.4;UTF8:x,DNS:a.example.com";
    expect(callerOf(sign("/CN=till", names))?.value).toBe("CN=till");
    const disguised = {
      subjectAltName: 'DNS:"a, URI:spiffe://example.com/admin", DNS:b',
      subject: "CN=till",
    };
    expect(callerOf({ ...disguised, validToDate: new Date() } as X509Certificate)?.value).toBe("CN=till");
  });

  it("is asked once a connection, and nobody's where it was not verified", () => {
    let asked = 0;
    const { raw } = sign("/CN=till");
    const call = (isVerified: boolean) => ({
      getAuthContext: () => {
        asked += 1;
        return isVerified ? { sslPeerCertificate: { raw } as never } : {};
      },
    });
    const connection = {};
    const first = certifiedCaller(call(true), connection);
    expect(first?.value).toBe("CN=till");
    expect(certifiedCaller(call(true), connection)).toBe(first);
    const other = {};
    expect([certifiedCaller(call(false), other), certifiedCaller(call(false), other)]).toEqual([
      undefined,
      undefined,
    ]);
    expect(asked).toBe(2);
  });
});
