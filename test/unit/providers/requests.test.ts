/** Requests as profiles describe them: whatever a text holds arrives octet for octet, in each place where it can stand. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { compileRequest } from "../../../src/providers/build-request.ts";
import { messageNames } from "../../../src/providers/template.ts";
import { profileOf } from "../../support/http-gateway.ts";

const head = `
name: each
title: A text in each place
source: this test
date: 2026-12-01
mark: documented
url: https://sms.example
account: { key: { secret: true } }
auth: { kind: none }
number: e164
answer: []
receipts: none
`;
const buildOf = (request: string) => compileRequest(profileOf(`${head}request: ${request}\n`));
const build = {
  json: buildOf('{ path: /s, json: { a: { text: "${text}" }, list: ["<${text}>"] } }'),
  form: buildOf('{ path: /s, form: { text: "${text}", two: "${text}${sender}" } }'),
  query: buildOf('{ path: /s, method: GET, query: { text: "${text}" } }'),
  path: buildOf('{ path: "/s/${text}", method: GET }'),
  xml: buildOf('{ path: /s, xml: { MESSAGE: { "@id": "${text}", BODY: { "#text": "${text}", "@n": 1 } } } }'),
};

const placeholders = [...messageNames, "account.key"].map((name) => `\${${name}}`);
const nasty = `${placeholders.join("")}"'&<>\\/%+ =?#]]>😀\r\n\t{}[];,`;
/** What a message's text may hold. */
const text = fc
  .array(
    fc.oneof(
      fc.constantFrom(...placeholders, ..."\"'&<>\\%+=?#\r\n\t", "\f", "😀", "é", "${", "}", "]]>"),
      fc.string({ unit: "grapheme" }),
    ),
    { maxLength: 30 },
  )
  .map((pieces) => pieces.join("").toWellFormed());

const values = (value: string) => ({ text: value, sender: "Acme", "account.key": "s3cret" });

/** A reader of XML that knows just what was written: references are resolved last and once. */
function readXml(xml: string): { readonly id: string; readonly body: string } {
  const [, id = "", body = ""] = /<MESSAGE id="([^"]*)"><BODY n="1">([^<]*)<\/BODY>/.exec(xml) ?? [];
  const plain = (escaped: string) =>
    escaped.replace(/&#([0-9]+);/g, (_, code: string) => String.fromCharCode(Number(code)));
  return { id: plain(id), body: plain(body) };
}

function arrives(value: string): void {
  const json = JSON.parse(build.json(values(value))?.body ?? "") as { a: { text: string }; list: string[] };
  expect([json.a.text, json.list[0]]).toEqual([value, `<${value}>`]);
  const form = new URLSearchParams(build.form(values(value))?.body);
  expect([form.get("text"), form.get("two")]).toEqual([value, `${value}Acme`]);
  const query = new URL(build.query(values(value))?.path ?? "", "http://x").searchParams;
  expect(query.get("text")).toBe(value);
  expect(decodeURIComponent(build.path(values(value))?.path.slice(3) ?? "")).toBe(value);
  const xml = build.xml(values(value));
  // biome-ignore lint/suspicious/noControlCharactersInRegex: XML can say none of them.
  if (/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/.test(value)) expect(xml).toBeUndefined();
  else expect(readXml(xml?.body ?? "")).toEqual({ id: value, body: value });
}

describe("a text", () => {
  it("with every placeholder, quote, mark-up, emoji and line break arrives in JSON, form, query, path and XML", () => {
    arrives(nasty);
  });

  it("of any content arrives octet for octet in each of them", () => {
    fc.assert(fc.property(text, arrives), { numRuns: 2_000 });
  });

  it("arrives at a server as it was", async () => {
    const received = Promise.withResolvers<string>();
    const server = createServer(async (request, response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      received.resolve(Buffer.concat(chunks).toString("utf8"));
      response.end();
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const built = build.json(values(nasty));
    await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}${built?.path}`, {
      method: "POST",
      body: built?.body ?? "",
      headers: { ...built?.headers },
    });
    expect((JSON.parse(await received.promise) as { a: { text: string } }).a.text).toBe(nasty);
    server.close();
  });
});

describe("a header", () => {
  it("never carries a line break or what is not ASCII: the message is refused instead", () => {
    const header = buildOf('{ path: /s, method: GET, headers: { x-text: "${text}" } }');
    expect(header(values("plain"))?.headers["x-text"]).toBe("plain");
    for (const value of ["a\r\nx-evil: 1", "a\nb", "é", "\0"]) expect(header(values(value))).toBeUndefined();
  });
});

describe("omitIfEmpty", () => {
  it("leaves out what is empty, only where it says so, and never a text that is 0", () => {
    const omitting = buildOf(
      '{ path: /s, json: { text: "${text}", from: "${sender}" }, omitIfEmpty: [json.from, json.text] }',
    );
    expect(omitting({ text: "0", sender: "" })?.body).toBe('{"text":"0"}');
    expect(build.form({ text: "", sender: "" })?.body).toBe("text=&two=");
  });
});

describe("a profile", () => {
  it("that names what nobody knows is refused with its place", () => {
    expect(() => profileOf(`${head}request: { path: /s, json: { a: "\${txet}" } }\n`)).toThrow(
      "request.json.a ${txet} is not a known name",
    );
    expect(() => profileOf(`${head}request: { path: "/\${account.other}", method: GET }\n`)).toThrow(
      "account.other",
    );
  });
});
