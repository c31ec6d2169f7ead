/** An authority that signs certificates, for a service and for its clients, by openssl in a folder of the test. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface KeyPair {
  readonly cert: string;
  readonly key: string;
}

export interface Authority extends Disposable {
  /** The certificate that vouches. */
  readonly ca: string;
  /** `subject` as `/O=Shop/CN=till`; `names` as in a subjectAltName of openssl. */
  sign(subject: string, names?: string): KeyPair;
}

export function makeAuthority(): Authority {
  const folder = mkdtempSync(join(tmpdir(), "sms-relay-authority-"));
  const at = (name: string) => join(folder, name);
  const run = (...options: string[]) => execFileSync("openssl", options, { stdio: "pipe" });
  const newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
  run(
    "req",
    "-x509",
    ...newKey,
    "-keyout",
    at("ca.key"),
    "-out",
    at("ca.pem"),
    "-subj",
    "/CN=authority",
    "-days",
    "2",
  );
  let serial = 1;
  return {
    ca: readFileSync(at("ca.pem"), "utf8"),
    sign(subject, names) {
      const name = `signed-${serial++}`;
      const [key, request, cert, extensions] = ["key", "csr", "pem", "ext"].map((end) =>
        at(`${name}.${end}`),
      ) as [string, string, string, string];
      run(
        "req",
        "-new",
        "-utf8",
        ...newKey,
        "-keyout",
        key,
        "-out",
        request,
        "-subj",
        subject,
        "-multivalue-rdn",
      );
      writeFileSync(
        extensions,
        names === undefined ? "basicConstraints=CA:FALSE\n" : `subjectAltName=${names}\n`,
      );
      const by = ["-CA", at("ca.pem"), "-CAkey", at("ca.key"), "-set_serial", String(serial), "-days", "1"];
      run("x509", "-req", "-in", request, ...by, "-extfile", extensions, "-out", cert);
      return { cert: readFileSync(cert, "utf8"), key: readFileSync(key, "utf8") };
    },
    [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }),
  };
}
