/** Command lines that are printed for people to repeat in a shell. */

const programName = import.meta.url.endsWith(".ts") ? "npx sms-relay" : "sms-relay";

/** The whole command, each word quoted where a POSIX shell would change it. */
export function commandLine(argv: readonly string[]): string {
  return [programName, ...argv.map(shellWord)].join(" ");
}

function shellWord(word: string): string {
  return /^[A-Za-z0-9_@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
