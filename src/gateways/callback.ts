/** What comes to a gateway by HTTP, from a provider that calls back, and what it is answered with. */

export interface Callback {
  /** What stands behind the gateway's id in the path: the reference that the gateway gave, and its proof. */
  readonly reference: string;
  readonly proof: string;
  readonly query: string;
  /** content-type, as sent. */
  readonly type: string | undefined;
  readonly body: Uint8Array;
}

export type CallbackAnswer =
  /** On disk, or nothing that could be: `body` is what the provider wants to hear. */
  | { readonly kind: "taken"; readonly body: object | undefined }
  /** Not from whom it should be. */
  | { readonly kind: "refused" };
