/** Certificates and keys in the configuration, given as paths of PEM files, which must fit each other. */
import { z } from "zod";
import { keyPairFault } from "./key-pair.ts";
import { pemFile, type ReferenceReader } from "./references.ts";
import { host } from "./text-forms.ts";

/** A reader that knows which file a content came from, so that faults name the file besides the setting. */
function notingPaths(reader: ReferenceReader) {
  const pathOf = new Map<string, string>();
  const noting: ReferenceReader = {
    ...reader,
    readFile(path) {
      const content = reader.readFile(path);
      pathOf.set(content, path);
      return content;
    },
  };
  return { noting, pathOf };
}

function addPairFault(
  { cert, key }: { readonly cert: string; readonly key: string },
  pathOf: ReadonlyMap<string, string>,
  context: z.RefinementCtx,
): void {
  const fault = keyPairFault(cert, key);
  if (fault === undefined) return;
  const file = pathOf.get(fault.of === "cert" ? cert : key);
  const message = `${fault.rule}: ${file}${fault.of === "key" ? ` does not fit ${pathOf.get(cert)}` : ""}`;
  context.addIssue({ code: "custom", path: [fault.of], message });
}

/** The service's own certificate, and the authority of its clients. */
export const serverTls = (reader: ReferenceReader) => {
  const { noting, pathOf } = notingPaths(reader);
  return z
    .strictObject({
      cert: pemFile(noting),
      key: pemFile(noting),
      clientCa: pemFile(noting).optional(),
      clientCertificate: z.enum(["required", "optional"]).optional(),
    })
    .superRefine((pair, context) => {
      addPairFault(pair, pathOf, context);
      if (pair.clientCertificate === undefined || pair.clientCa !== undefined) return;
      const message = "says nothing without clientCa, which signs the certificates of clients";
      context.addIssue({ code: "custom", path: ["clientCertificate"], message });
    });
};

/** How an SMSC is known, and the certificate by which it knows us, where it asks for one. */
export const clientTls = (reader: ReferenceReader) => {
  const { noting, pathOf } = notingPaths(reader);
  return z
    .strictObject({
      ca: pemFile(reader).optional(),
      servername: host.optional(),
      rejectUnauthorized: z.boolean().default(true),
      cert: pemFile(noting).optional(),
      key: pemFile(noting).optional(),
    })
    .superRefine(({ cert, key }, context) => {
      if (cert !== undefined && key !== undefined) addPairFault({ cert, key }, pathOf, context);
      else if (cert !== undefined || key !== undefined) {
        const missing = cert === undefined ? "cert" : "key";
        const message = `is missing: cert and key go together`;
        context.addIssue({ code: "custom", path: [missing], message });
      }
    });
};
