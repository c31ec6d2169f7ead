/**
 * What each method's request may have on the wire: fields by number, with the wire types that they come in. Read from the descriptors that
 * reflection serves, since the generated decoders keep no such list. The numbers are those of google/protobuf/descriptor.proto.
 */
import { BinaryReader, WireType } from "@bufbuild/protobuf/wire";
import { descriptorSet } from "../../gen/smsrelay/descriptor_set.ts";

export interface FieldShape {
  readonly name: string;
  readonly wireType: WireType;
  /** Numbers of a list may come singly or together in one field. */
  readonly mayBePacked: boolean;
  readonly isRepeated: boolean;
  readonly message: MessageShape | undefined;
}

/** The fields by number. */
export type MessageShape = (FieldShape | undefined)[];

const TYPE_MESSAGE = 11;
const LABEL_REPEATED = 3;
/** By the numbers of FieldDescriptorProto.Type; 0 has no meaning, and 10 are groups, which proto3 does not have. */
const wireTypes: readonly (WireType | undefined)[] = [
  undefined,
  WireType.Bit64,
  WireType.Bit32,
  WireType.Varint,
  WireType.Varint,
  WireType.Varint,
  WireType.Bit64,
  WireType.Bit32,
  WireType.Varint,
  WireType.LengthDelimited,
  undefined,
  WireType.LengthDelimited,
  WireType.LengthDelimited,
  WireType.Varint,
  WireType.Varint,
  WireType.Bit32,
  WireType.Bit64,
  WireType.Varint,
  WireType.Varint,
];

const shapes = new Map<string, MessageShape>();
/** Type names of requests, by `service/method`. */
const requests = new Map<string, string>();
for (const file of readFields(descriptorSet).messages(1)) {
  const prefix = `.${file.text(2)}`;
  for (const message of file.messages(4)) readMessage(prefix, message);
  for (const service of file.messages(6))
    for (const method of service.messages(2))
      requests.set(`${prefix}.${service.text(1)}/${method.text(1)}`.slice(1), method.text(2));
}

/** The request of a method, for instance of `SendSms` of `smsrelay.v1.SmsService`. */
export function requestShapeOf(service: string, method: string): MessageShape {
  const shape = shapes.get(requests.get(`${service}/${method}`) ?? "");
  if (shape === undefined) throw new Error(`no request of ${service}/${method} is described`);
  return shape;
}

function readMessage(scope: string, message: Fields): void {
  const name = `${scope}.${message.text(1)}`;
  const shape = shapeNamed(name);
  for (const nested of message.messages(3)) readMessage(name, nested);
  for (const field of message.messages(2)) {
    const type = field.number(5);
    const wireType = wireTypes[type];
    if (wireType === undefined) throw new Error(`${name} has a field of the unknown type ${type}`);
    const isRepeated = field.number(4) === LABEL_REPEATED;
    shape[field.number(3)] = {
      name: field.text(1),
      wireType,
      isRepeated,
      mayBePacked: isRepeated && wireType !== WireType.LengthDelimited,
      message: type === TYPE_MESSAGE ? shapeNamed(field.text(6)) : undefined,
    };
  }
}

/** Filled when its message is read, which may be after the first that has it as a field. */
function shapeNamed(name: string): MessageShape {
  const known = shapes.get(name);
  if (known !== undefined) return known;
  const shape: MessageShape = [];
  shapes.set(name, shape);
  return shape;
}

interface Fields {
  text(number: number): string;
  number(number: number): number;
  messages(number: number): readonly Fields[];
}

function readFields(octets: Uint8Array): Fields {
  const values = new Map<number, (Uint8Array | number)[]>();
  const reader = new BinaryReader(octets);
  while (reader.pos < reader.len) {
    const [number, wireType] = reader.tag();
    const of = values.get(number) ?? [];
    values.set(number, of);
    if (wireType === WireType.LengthDelimited) of.push(reader.bytes());
    else if (wireType === WireType.Varint) of.push(Number(reader.int64()));
    else reader.skip(wireType);
  }
  const octetsOf = (value: Uint8Array | number | undefined) =>
    value instanceof Uint8Array ? value : new Uint8Array();
  return {
    text: (number) => Buffer.from(octetsOf(values.get(number)?.[0])).toString("utf8"),
    number: (number) => Number(values.get(number)?.[0] ?? 0),
    messages: (number) => (values.get(number) ?? []).map((value) => readFields(octetsOf(value))),
  };
}
