/** Behaviours that harm the connection itself. */
import { encodePdu } from "../../smpp/encode-pdu.ts";
import type { Random } from "../random.ts";
import type { Behaviour, ConnectionHandle, Strikes } from "./behaviour.ts";
import type { BehaviourSpec } from "./spec.ts";

type SabotageSpec = Extract<
  BehaviourSpec,
  { kind: "receipt-before-bind" | "drop" | "unbind" | "garbage" | "oversize" | "unknown-command" }
>;

/** A command_id between those of SMPP 3.4. */
const UNKNOWN_COMMAND = 0x00000150;
const SEQUENCE_NUMBER = 0x12345678;

function header(commandLength: number, commandId: number): Buffer {
  const octets = Buffer.alloc(16);
  octets.writeUInt32BE(commandLength, 0);
  octets.writeUInt32BE(commandId, 4);
  octets.writeUInt32BE(SEQUENCE_NUMBER, 12);
  return octets;
}

function strayReceipt(): Buffer {
  const short_message = Buffer.from("id:0 sub:001 dlvrd:001 stat:DELIVRD err:000 text:");
  return encodePdu({
    command: "deliver_sm",
    sequence_number: SEQUENCE_NUMBER,
    body: { esm_class: 0x04, short_message },
    tlvs: { receipted_message_id: "0", message_state: 2 },
  });
}

function harm(spec: SabotageSpec, connection: ConnectionHandle, random: Random): void {
  switch (spec.kind) {
    case "receipt-before-bind":
      connection.write(strayReceipt());
      break;
    case "drop":
      connection.drop(spec.how ?? "reset");
      break;
    case "unbind":
      connection.unbind();
      break;
    case "garbage":
      connection.write(
        Buffer.from(Array.from({ length: spec.octets ?? 64 }, () => Math.floor(random() * 256))),
      );
      break;
    case "oversize":
      connection.write(header(spec.commandLength ?? 0x7fffffff, 0x05));
      break;
    case "unknown-command":
      connection.write(header(16, UNKNOWN_COMMAND));
      break;
  }
}

/** Makes a behaviour that harms the connection at a submit, or at a bind. */
export function sabotage(spec: SabotageSpec, strikes: Strikes, random: Random): Behaviour {
  const strike = ({ connection }: { readonly connection: ConnectionHandle }): undefined => {
    if (strikes()) harm(spec, connection, random);
    return undefined;
  };
  return spec.kind === "receipt-before-bind" ? { onBind: strike } : { onSubmit: strike };
}
