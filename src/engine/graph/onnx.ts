/**
 * Writes ONNX's protobuf messages, with only the fields that Kinora's graphs use; field numbers are from onnx.proto (IR version
 * 10). @bufbuild/protobuf's BinaryWriter handles the wire format; thirty fields need no generated code.
 */
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import { type ElementType, elementType } from '../../shared/dtypes';

/** Plain numbers have to be integers, written as INT or INTS; write a float as `{ float }`. */
export type Attribute = number | string | readonly number[] | { float: number };
export type Attributes = Readonly<Record<string, Attribute>>;

export interface Node {
  readonly opType: string;
  /** '' is ai.onnx. */
  readonly domain: string;
  /** '' stands for an omitted optional input. */
  readonly inputs: readonly string[];
  readonly output: string;
  readonly attributes: Attributes;
}

/** A tensor that nodes read or write. */
export interface Value {
  readonly name: string;
  readonly type: ElementType;
  readonly shape: readonly number[];
}

/** A tensor whose bytes are in the model itself. */
export interface InlineTensor extends Value {
  readonly data: Uint8Array;
}

/** A tensor whose bytes are `[offset, offset + length)` of a file. */
export interface ExternalTensor extends Value {
  readonly location: string;
  readonly offset: number;
  readonly length: number;
}

export interface Model {
  readonly name: string;
  readonly nodes: readonly Node[];
  readonly inputs: readonly Value[];
  readonly outputs: readonly Value[];
  readonly initializers: readonly (InlineTensor | ExternalTensor)[];
  /** Version per domain. */
  readonly opsets: Readonly<Record<string, number>>;
}

const IR_VERSION = 10;
const DATA_LOCATION_EXTERNAL = 1;
const attributeTypes = { FLOAT: 1, INT: 2, STRING: 3, INTS: 7 } as const;

type Fill = (writer: BinaryWriter) => void;

function message(writer: BinaryWriter, field: number, fill: Fill): void {
  writer.tag(field, WireType.LengthDelimited).fork();
  fill(writer);
  writer.join();
}

function string(writer: BinaryWriter, field: number, value: string): void {
  writer.tag(field, WireType.LengthDelimited).string(value);
}

function int(writer: BinaryWriter, field: number, value: number): void {
  writer.tag(field, WireType.Varint).int64(value);
}

function attribute(writer: BinaryWriter, name: string, value: Attribute): void {
  string(writer, 1, name);
  if (typeof value === 'string') {
    string(writer, 4, value);
    int(writer, 20, attributeTypes.STRING);
  } else if (typeof value === 'number') {
    int(writer, 3, value);
    int(writer, 20, attributeTypes.INT);
  } else if ('float' in value) {
    writer.tag(2, WireType.Bit32).float(value.float);
    int(writer, 20, attributeTypes.FLOAT);
  } else {
    for (const item of value) int(writer, 8, item);
    int(writer, 20, attributeTypes.INTS);
  }
}

function node(writer: BinaryWriter, value: Node): void {
  for (const input of value.inputs) string(writer, 1, input);
  string(writer, 2, value.output);
  // the node's name, which onnxruntime uses in errors and profiles; the output's name is unique
  string(writer, 3, value.output);
  string(writer, 4, value.opType);
  for (const [name, item] of Object.entries(value.attributes)) message(writer, 5, (w) => attribute(w, name, item));
  if (value.domain !== '') string(writer, 7, value.domain);
}

function valueInfo(writer: BinaryWriter, value: Value): void {
  string(writer, 1, value.name);
  message(writer, 2, (type) =>
    message(type, 1, (tensor) => {
      int(tensor, 1, elementType(value.type).onnx);
      message(tensor, 2, (shape) => {
        for (const size of value.shape) message(shape, 1, (dimension) => int(dimension, 1, size));
      });
    }),
  );
}

function tensor(writer: BinaryWriter, value: InlineTensor | ExternalTensor): void {
  for (const size of value.shape) int(writer, 1, size);
  int(writer, 2, elementType(value.type).onnx);
  string(writer, 8, value.name);
  if ('data' in value) {
    writer.tag(9, WireType.LengthDelimited).bytes(value.data);
    return;
  }
  const entries = { location: value.location, offset: value.offset, length: value.length };
  for (const [key, entry] of Object.entries(entries)) {
    message(writer, 13, (w) => {
      string(w, 1, key);
      string(w, 2, String(entry));
    });
  }
  int(writer, 14, DATA_LOCATION_EXTERNAL);
}

/** Encodes a model as a ModelProto. */
export function encodeModel(model: Model): Uint8Array {
  const writer = new BinaryWriter();
  int(writer, 1, IR_VERSION);
  string(writer, 2, 'kinora');
  message(writer, 7, (graph) => {
    for (const item of model.nodes) message(graph, 1, (w) => node(w, item));
    string(graph, 2, model.name);
    for (const item of model.initializers) message(graph, 5, (w) => tensor(w, item));
    for (const item of model.inputs) message(graph, 11, (w) => valueInfo(w, item));
    for (const item of model.outputs) message(graph, 12, (w) => valueInfo(w, item));
  });
  for (const [domain, version] of Object.entries(model.opsets)) {
    message(writer, 8, (w) => {
      string(w, 1, domain);
      int(w, 2, version);
    });
  }
  return writer.finish();
}
