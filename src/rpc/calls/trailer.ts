/**
 * What goes with the status of a call that went well, as the texts of headers. The stack copies metadata before it sends it and turns it
 * into headers again, which together cost 2 % of a message; this is sent as it is, and never changed.
 */
import { Metadata } from "@grpc/grpc-js";

export class Trailer extends Metadata {
  readonly #headers: Readonly<Record<string, string>>;

  /** Names in lower case, as HTTP/2 wants them. */
  constructor(headers: Readonly<Record<string, string>>) {
    super();
    this.#headers = headers;
  }

  override clone(): Metadata {
    return this;
  }

  override toHttp2Headers(): Readonly<Record<string, string>> {
    return this.#headers;
  }
}
