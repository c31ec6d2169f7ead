/**
 * Our default alphabet beside Perl's Encode::GSM0338, an implementation made from Unicode's own mapping table.
 */
import { spawnSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import { decodeSeptets, encodeSeptets } from "../../../src/encoding/gsm7.ts";
import { defaultTable } from "../../../src/encoding/septet-table.ts";
import { decodeUcs2, encodeUcs2 } from "../../../src/encoding/ucs2.ts";

const INSTALL = "needs perl with Encode::GSM0338: on Debian `apt-get install perl`";

/** Reads lines "encode <UTF-16BE hex>" or "decode <GSM hex>" and answers in hex. */
const PROGRAM = `
use strict; use warnings; use Encode; use Encode::GSM0338;
while (<STDIN>) {
  my ($way, $hex) = split;
  my $octets = pack("H*", $hex);
  my $answer = $way eq "decode"
    ? encode("UTF-16BE", decode("gsm0338", $octets))
    : encode("gsm0338", decode("UTF-16BE", $octets));
  print unpack("H*", $answer), "\\n";
}`;

const PERL = "perl";
const hasPerl = spawnSync(PERL, ["-MEncode::GSM0338", "-e", "1"]).status === 0;

function askPerl(way: "encode" | "decode", inputs: readonly Uint8Array[]): readonly Uint8Array[] {
  const input = inputs.map((octets) => `${way} ${Buffer.from(octets).toString("hex")}\n`).join("");
  const answer = spawnSync(PERL, ["-e", PROGRAM], { input, encoding: "utf8" });
  expect(answer.status, answer.stderr).toBe(0);
  return answer.stdout
    .trimEnd()
    .split("\n")
    .map((hex) => Buffer.from(hex, "hex"));
}

describe("Perl's Encode::GSM0338", () => {
  it("encodes every character below U+2300 as we do, and ? where we have none", (context) => {
    context.skip(!hasPerl, INSTALL);
    const characters = Array.from({ length: 0x2300 }, (_, code) => String.fromCharCode(code));
    const theirs = askPerl("encode", characters.map(encodeUcs2));
    const differences = characters.filter((character, index) => {
      const mine = encodeSeptets(character, defaultTable) ?? Uint8Array.of(0x3f);
      return Buffer.compare(mine, theirs[index] ?? new Uint8Array(0)) !== 0;
    });
    expect(differences).toEqual([]);
  });

  it("decodes every code and every escaped code as we do, save where the standard asks for a fallback", (context) => {
    context.skip(!hasPerl, INSTALL);
    const codes = Array.from({ length: 128 }, (_, code) => code);
    const inputs = [
      ...codes.map((code) => Uint8Array.of(code)),
      ...codes.map((code) => Uint8Array.of(0x1b, code)),
    ];
    const theirs = askPerl("decode", inputs);
    for (const [index, input] of inputs.entries()) {
      const mine = decodeSeptets(input, defaultTable);
      const shown = decodeUcs2(theirs[index] ?? new Uint8Array(0));
      // P33: Perl shows U+FFFD for an escape that leads nowhere, a handset the main character or a space.
      if (shown === "\uFFFD")
        expect(mine).toBe(input.length === 1 ? " " : decodeSeptets(input.subarray(1), defaultTable));
      else expect(shown).toBe(mine);
    }
  });
});
