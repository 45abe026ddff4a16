/** The element types of tensors, and their name in each format. */
import { KinoraError } from './errors';

/** `name` is torch's, which graphs use; `torch` the class of its storages; `onnx` the number in TensorProto.DataType. */
const elementTypes = [
  { safetensors: 'F64', name: 'float64', bytes: 8, float: true, onnx: 11, torch: 'torch.DoubleStorage' },
  { safetensors: 'F32', name: 'float32', bytes: 4, float: true, onnx: 1, torch: 'torch.FloatStorage' },
  { safetensors: 'F16', name: 'float16', bytes: 2, float: true, onnx: 10, torch: 'torch.HalfStorage' },
  { safetensors: 'BF16', name: 'bfloat16', bytes: 2, float: true, onnx: 16, torch: 'torch.BFloat16Storage' },
  { safetensors: 'I64', name: 'int64', bytes: 8, float: false, onnx: 7, torch: 'torch.LongStorage' },
  { safetensors: 'I32', name: 'int32', bytes: 4, float: false, onnx: 6, torch: 'torch.IntStorage' },
  { safetensors: 'I16', name: 'int16', bytes: 2, float: false, onnx: 5, torch: 'torch.ShortStorage' },
  { safetensors: 'I8', name: 'int8', bytes: 1, float: false, onnx: 3, torch: 'torch.CharStorage' },
  { safetensors: 'U8', name: 'uint8', bytes: 1, float: false, onnx: 2, torch: 'torch.ByteStorage' },
  { safetensors: 'BOOL', name: 'bool', bytes: 1, float: false, onnx: 9, torch: 'torch.BoolStorage' },
] as const;

type Row = (typeof elementTypes)[number];
/** torch's names. */
export type ElementType = Row['name'];
/** safetensors' names. */
export type TensorDtype = Row['safetensors'];
/** safetensors' names of the floating-point types. */
export type FloatDtype = Extract<Row, { float: true }>['safetensors'];

export const tensorDtypes = elementTypes.map(({ safetensors }) => safetensors);
export const torchStorages = new Map<string, TensorDtype>(
  elementTypes.map(({ torch, safetensors }) => [torch, safetensors]),
);

/** The row of a type, by torch's or safetensors' name. */
export function elementType(type: ElementType | TensorDtype): Row {
  const row = elementTypes.find(({ name, safetensors }) => name === type || safetensors === type);
  if (!row) throw new KinoraError('internal', `${type} is not an element type.`);
  return row;
}

export function isFloatDtype(dtype: TensorDtype): dtype is FloatDtype {
  return elementType(dtype).float;
}
