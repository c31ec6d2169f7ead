/** What ends a command whose answer nobody can read: a reader that went away, or a disk that is full. */
import { CliFailure, exitCodes } from "../context.ts";

/** The reader of a pipe went away (`… | head`): no fault, and nothing more to say. */
export class OutputClosed extends CliFailure {
  constructor(cause: unknown) {
    super(exitCodes.ok, "The output was closed.", { cause });
    this.name = "OutputClosed";
  }
}

/** The fault behind an error of the output stream. */
export function outputFault(error: Error): CliFailure {
  if ("code" in error && error.code === "EPIPE") return new OutputClosed(error);
  return new CliFailure(exitCodes.failed, `The output cannot be written: ${error.message}.`, {
    cause: error,
  });
}
