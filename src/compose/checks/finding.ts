/** What a check of the surroundings found. */

export interface Finding {
  /** `database`, `gateway north`, … */
  readonly subject: string;
  /** "warn": the service starts and works, and somebody should know. "fail": it does not. */
  readonly level: "ok" | "warn" | "fail";
  /** Half a sentence without a full stop. */
  readonly text: string;
}

/** What is said of the schema, on either store. */
export function schemaFinding(
  subject: string,
  { from, to }: { readonly from: number | undefined; readonly to: number },
): Finding {
  if (from === undefined) {
    return {
      subject,
      level: "ok",
      text: `there is no store yet; the first start makes it with schema ${to}`,
    };
  }
  if (from === to) return { subject, level: "ok", text: `has schema ${to}, as this program wants it` };
  return {
    subject,
    level: "warn",
    text: `has schema ${from}; the next start brings it to ${to}, or \`sms-relay migrate\` does beforehand`,
  };
}
