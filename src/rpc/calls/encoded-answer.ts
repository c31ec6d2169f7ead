/** An answer that its handler has encoded. The door sends its octets; to all others it is an answer of its type. */

class EncodedAnswer {
  readonly octets: Buffer;

  constructor(octets: Buffer) {
    this.octets = octets;
  }
}

export function encodedAnswer<Answer extends object>(octets: Buffer): Answer {
  // Handlers are typed by the generated definition, which knows answers as messages only.
  return new EncodedAnswer(octets) as unknown as Answer;
}

/** Undefined where the answer is a message. */
export function octetsOfAnswer(answer: object): Buffer | undefined {
  return answer instanceof EncodedAnswer ? answer.octets : undefined;
}
