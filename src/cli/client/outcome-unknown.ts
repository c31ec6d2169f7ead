/** A message was handed over and no answer came: nobody here knows whether it was accepted. */
export class OutcomeUnknown extends Error {
  /** The same request under the same id is accepted once. */
  readonly requestId: string;
  /** Whether it was given on the command line. */
  readonly isNamed: boolean;

  constructor(requestId: string, isNamed: boolean, cause: unknown) {
    super("The outcome is not known.", { cause });
    this.name = "OutcomeUnknown";
    this.requestId = requestId;
    this.isNamed = isNamed;
  }
}
