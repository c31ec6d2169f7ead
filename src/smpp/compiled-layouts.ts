/** The layouts, compiled once into field codecs that writing and reading share. */
import { type FieldCodec, fieldCodec } from "./field-codecs.ts";
import { type CommandName, PDU_LAYOUTS, type PduLayout, RESPONSE_BIT, type Reading } from "./pdu-layouts.ts";

export interface CompiledLayout {
  readonly command: CommandName;
  readonly id: number;
  readonly reading: Reading;
  readonly fields: readonly FieldCodec[];
  /** A body with every field empty. Cloning it gives all bodies of a command one shape. */
  readonly emptyBody: Readonly<Record<string, unknown>>;
  /** The response that answers this command; undefined for responses, outbind and alert_notification. */
  readonly response: CommandName | undefined;
}

const LAYOUTS: Readonly<Record<CommandName, PduLayout>> = PDU_LAYOUTS;
const COMMANDS = Object.keys(PDU_LAYOUTS) as readonly CommandName[];

function compile(command: CommandName): CompiledLayout {
  const { id, reading, fields } = LAYOUTS[command];
  const codecs = fields.map(fieldCodec);
  return {
    command,
    id,
    reading,
    fields: codecs,
    emptyBody: Object.fromEntries(codecs.map((codec) => [codec.name, codec.empty])),
    response: COMMANDS.find((other) => id < RESPONSE_BIT && LAYOUTS[other].id === id + RESPONSE_BIT),
  };
}

const BY_ID: ReadonlyMap<number, CompiledLayout> = new Map(
  COMMANDS.map((command) => [LAYOUTS[command].id, compile(command)]),
);
const BY_COMMAND = Object.fromEntries(
  [...BY_ID.values()].map((layout) => [layout.command, layout]),
) as Readonly<Record<CommandName, CompiledLayout>>;

/** The compiled layout of a command. */
export function compiledLayout(command: CommandName): CompiledLayout {
  return BY_COMMAND[command];
}

/** The compiled layout of a command_id; undefined when SMPP 3.4 has none. */
export function compiledLayoutById(id: number): CompiledLayout | undefined {
  return BY_ID.get(id);
}
