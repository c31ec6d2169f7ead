/** The system's name for a fault. */

/** `EACCES` and the like where the error has one, else its sentence. */
export function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return "code" in error ? String(error.code) : error.message;
}
