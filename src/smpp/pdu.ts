/** What a PDU is in memory; its types are derived from the layouts. */
import type { CommandName, FieldLayout, PDU_LAYOUTS } from "./pdu-layouts.ts";
import type { RawTlv, TlvName, Tlvs } from "./tlvs.ts";

/** One destination of submit_multi: an SME address or the name of a distribution list (SMPP 3.4 §4.5.1.1). */
export type Destination =
  | {
      readonly dest_flag: 1;
      readonly dest_addr_ton: number;
      readonly dest_addr_npi: number;
      readonly destination_addr: string;
    }
  | { readonly dest_flag: 2; readonly dl_name: string };

/** One destination that submit_multi could not reach (§4.5.2.1). */
export interface Failure {
  readonly dest_addr_ton: number;
  readonly dest_addr_npi: number;
  readonly destination_addr: string;
  readonly error_status_code: number;
}

type FieldValue<F extends FieldLayout> = F extends { type: "integer" }
  ? number
  : F extends { type: "cstring" }
    ? string
    : F extends { type: "octets" }
      ? Buffer
      : F extends { type: "destinations" }
        ? readonly Destination[]
        : readonly Failure[];

type FieldsOf<C extends CommandName> = (typeof PDU_LAYOUTS)[C]["fields"][number];

/** The mandatory fields of a command. Octets are views of what was received: copy what must outlive it. */
export type BodyOf<C extends CommandName> = {
  readonly [F in FieldsOf<C> as F["name"]]: FieldValue<F>;
};

/** A decoded PDU of one command. */
export interface PduOf<C extends CommandName> {
  readonly command: C;
  readonly command_status: number;
  readonly sequence_number: number;
  readonly body: BodyOf<C>;
  readonly tlvs: Tlvs;
  readonly rawTlvs: readonly RawTlv[];
}

/** Any decoded PDU; `command` tells which. */
export type Pdu = { [C in CommandName]: PduOf<C> }[CommandName];

/** Octets may be given as any Uint8Array when a PDU is written. */
type Writable<T> = { readonly [K in keyof T]?: (T[K] extends Buffer ? Uint8Array : T[K]) | undefined };

/** A PDU to be written, without its sequence number; what is left out is 0, empty, or absent. */
export interface PduContent<C extends CommandName> {
  readonly command: C;
  readonly command_status?: number;
  readonly body?: Writable<BodyOf<C>>;
  readonly tlvs?: {
    readonly [N in TlvName]?: (Buffer extends Tlvs[N] ? Uint8Array : Tlvs[N]) | undefined;
  };
  readonly rawTlvs?: readonly { readonly tag: number; readonly value: Uint8Array }[];
}

/** A PDU to be written, complete. */
export interface PduInput<C extends CommandName = CommandName> extends PduContent<C> {
  readonly sequence_number: number;
}

/** Commands that are answered by a response of their own. */
export type RequestName = {
  [C in CommandName]: `${C}_resp` extends CommandName ? C : never;
}[CommandName];

/** The response that belongs to a request. */
export type ResponseName<C extends RequestName = RequestName> = `${C}_resp`;
