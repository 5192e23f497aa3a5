/**
 * The binding that tfjs-node expects from its C++ addon, in TypeScript over the C API: tensors by number, eager
 * ops, and the hook by which a trace takes the ops instead of the machine.
 * @module
 */
import { ProtoWriter } from "../../base/protobuf.ts";
import { quietly } from "./system_library.ts";
import { type AttributeSetters, eagerSetters, setAttribute } from "./native_attributes.ts";
import { cName, cString, type NativeLibrary, type NativeSymbols } from "./native_library.ts";
import {
  AttributeKind,
  DataType,
  describeTensor,
  type OpAttribute,
  type TensorRecord,
} from "./native_types.ts";

/** How the context is set up. */
export interface RuntimeOptions {
  /** Threads that one op may use. @default {as TensorFlow chooses: one a core} */
  threads?: number;
  /** Ops that may run side by side. @default {as TensorFlow chooses: one a core} */
  parallelOps?: number;
  /** Logical CPU devices. @default {1} */
  cpus?: number;
  /** Whether GPUs are used: they then take memory as it is needed, and ops that they lack run beside them. @default {false} */
  gpus?: boolean;
}

/** Whoever wants the ops instead of having them run: the tracer of `compile`. */
export interface OpSink {
  execute(
    name: string,
    attributes: readonly OpAttribute[],
    inputs: readonly number[],
    outputs: number,
  ): TensorRecord[];
  refuseRead(id: number): never;
}

interface NativeTensor {
  handle: bigint;
  shape: number[];
  dtype: number;
}

const BYTES: Record<number, number> = {
  [DataType.FLOAT]: 4,
  [DataType.DOUBLE]: 8,
  [DataType.INT32]: 4,
  [DataType.UINT8]: 1,
  [DataType.COMPLEX64]: 8,
  [DataType.INT64]: 8,
  [DataType.BOOL]: 1,
};

/**
 * A `ConfigProto` with `device_count` (field 1), `intra_op_parallelism_threads` (2), `inter_op_parallelism_threads` (5),
 * `gpu_options.allow_growth` (6, 4) and `allow_soft_placement` (7).
 */
function encodeConfig({ threads, parallelOps, cpus = 1, gpus }: RuntimeOptions): Uint8Array<ArrayBuffer> {
  const config = new ProtoWriter();
  if (cpus > 1) config.message(1, new ProtoWriter().text(1, "CPU").integer(2, cpus));
  if (threads !== undefined) config.integer(2, threads);
  if (parallelOps !== undefined) config.integer(5, parallelOps);
  if (gpus) config.message(6, new ProtoWriter().integer(4, 1));
  if (gpus || cpus > 1) config.integer(7, 1);
  return config.finish() as Uint8Array<ArrayBuffer>;
}

/** TensorFlow's eager runtime, in the shape of tfjs-node's `TFJSBinding`. */
export class NativeRuntime {
  readonly TF_FLOAT = DataType.FLOAT;
  readonly TF_INT32 = DataType.INT32;
  readonly TF_INT64 = DataType.INT64;
  readonly TF_BOOL = DataType.BOOL;
  readonly TF_COMPLEX64 = DataType.COMPLEX64;
  readonly TF_STRING = DataType.STRING;
  readonly TF_RESOURCE = DataType.RESOURCE;
  readonly TF_UINT8 = DataType.UINT8;
  readonly TF_ATTR_STRING = AttributeKind.STRING;
  readonly TF_ATTR_INT = AttributeKind.INT;
  readonly TF_ATTR_FLOAT = AttributeKind.FLOAT;
  readonly TF_ATTR_BOOL = AttributeKind.BOOL;
  readonly TF_ATTR_TYPE = AttributeKind.TYPE;
  readonly TF_ATTR_SHAPE = AttributeKind.SHAPE;
  readonly TF_ATTR_RESOURCE = AttributeKind.RESOURCE;
  readonly TF_Version: string;

  readonly symbols: NativeSymbols;
  readonly context: Deno.PointerObject;
  /** The `ConfigProto` that it was started with. */
  readonly config: Uint8Array<ArrayBuffer>;
  /** While set, ops go there and nothing runs. */
  sink: OpSink | undefined;
  readonly #status: Deno.PointerObject;
  readonly #tensors = new Map<number, NativeTensor>();
  readonly #setters: AttributeSetters;
  #next = 1;

  constructor(library: NativeLibrary, options: RuntimeOptions = {}) {
    const { symbols } = library;
    this.symbols = symbols;
    this.TF_Version = library.version;
    this.#status = symbols.TF_NewStatus()!;
    this.#setters = eagerSetters(symbols, this.#status);
    const contextOptions = symbols.TFE_NewContextOptions();
    const config = this.config = encodeConfig(options);
    if (config.length) {
      symbols.TFE_ContextOptionsSetConfig(contextOptions, config, BigInt(config.length), this.#status);
      this.check("Cannot configure TensorFlow");
    }
    this.context = quietly(() => symbols.TFE_NewContext(contextOptions, this.#status))!;
    symbols.TFE_DeleteContextOptions(contextOptions);
    this.check("Cannot start TensorFlow");
  }

  /** The status object that every C call reports into. */
  get status(): Deno.PointerObject {
    return this.#status;
  }

  /** Throws TensorFlow's own words behind `action` if the last C call failed. */
  check(action: string): void {
    if (this.symbols.TF_GetCode(this.#status) === 0) return;
    throw new Error(`${action}: ${cString(this.symbols.TF_Message(this.#status))}`);
  }

  /** Names of the devices TensorFlow found, such as "CPU" and "GPU". */
  deviceTypes(): string[] {
    return this.#devices((list, i) => this.symbols.TF_DeviceListType(list, i, this.#status));
  }

  /** Full names of the devices TensorFlow found, such as "/job:localhost/replica:0/task:0/device:CPU:0". */
  deviceNames(): string[] {
    return this.#devices((list, i) => this.symbols.TF_DeviceListName(list, i, this.#status));
  }

  #devices(tell: (list: Deno.PointerValue, i: number) => Deno.PointerValue): string[] {
    const list = this.symbols.TFE_ContextListDevices(this.context, this.#status);
    this.check("Cannot list TensorFlow's devices");
    const count = this.symbols.TF_DeviceListCount(list);
    const words = Array.from({ length: count }, (_, i) => cString(tell(list, i)));
    this.symbols.TF_DeleteDeviceList(list);
    return words;
  }

  isUsingGpuDevice(): boolean {
    return this.deviceTypes().includes("GPU");
  }

  getNumOfTensors(): number {
    return this.#tensors.size;
  }

  getNumOfSavedModels(): number {
    return 0;
  }

  /** Shape and type of a tensor, or undefined for a number that is none of this runtime's. */
  describe(id: number): Readonly<NativeTensor> | undefined {
    return this.#tensors.get(id);
  }

  /** Copies `data` into a new tensor of TensorFlow's. */
  createTensor(shape: readonly number[], dtype: number, data: ArrayBufferView | readonly number[]): number {
    const tensor = this.allocate(shape, dtype, data);
    const handle = this.symbols.TFE_NewTensorHandle(tensor, this.#status);
    this.symbols.TF_DeleteTensor(tensor);
    this.check(`Cannot create a tensor of ${describeTensor({ shape, dtype })}`);
    return this.adopt(handle, [...shape], dtype);
  }

  /** A `TF_Tensor` holding a copy of `data`; the caller deletes it. */
  allocate(
    shape: readonly number[],
    dtype: number,
    data: ArrayBufferView | readonly number[],
  ): Deno.PointerValue {
    const width = BYTES[dtype];
    if (width === undefined) {
      throw new TypeError(
        `Cannot create a tensor of ${describeTensor({ shape, dtype })}: no such numeric type`,
      );
    }
    const view: ArrayBufferView = ArrayBuffer.isView(data)
      ? data
      : dtype === DataType.FLOAT
      ? Float32Array.from(data)
      : dtype === DataType.INT32
      ? Int32Array.from(data)
      : Uint8Array.from(data);
    const bytes = new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
    const wanted = shape.reduce((product, side) => product * side, 1) * width;
    if (bytes.length !== wanted) {
      throw new RangeError(
        `Cannot create a tensor of ${
          describeTensor({ shape, dtype })
        }: expected ${wanted} bytes, got ${bytes.length}`,
      );
    }
    const dims = BigInt64Array.from(shape, BigInt);
    const tensor = this.symbols.TF_AllocateTensor(dtype, dims, shape.length, BigInt(wanted));
    const address = this.symbols.TF_TensorData(tensor);
    if (wanted > 0) new Uint8Array(Deno.UnsafePointerView.getArrayBuffer(address!, wanted)).set(bytes);
    return tensor;
  }

  /** Takes over a handle that a C call made, and numbers it. */
  adopt(handle: bigint, shape: number[], dtype: number): number {
    const id = this.#next++;
    this.#tensors.set(id, { handle, shape, dtype });
    return id;
  }

  /** The address of a `TF_Tensor` that shares a tensor's memory; the caller deletes it. */
  resolve(id: number): bigint {
    const tensor = this.symbols.TFE_TensorHandleResolve(this.#tensors.get(id)!.handle, this.#status);
    this.check("Cannot read a tensor");
    return BigInt(Deno.UnsafePointer.value(tensor));
  }

  /** A copy of what a `TF_Buffer` holds. */
  bytesOf(buffer: Deno.PointerValue): Uint8Array<ArrayBuffer> {
    const view = new Deno.UnsafePointerView(buffer!); // { const void* data; size_t length; … }
    const data = view.getPointer(0), length = Number(view.getBigUint64(8));
    if (length === 0) return new Uint8Array();
    return new Uint8Array(Deno.UnsafePointerView.getArrayBuffer(data!, length).slice(0));
  }

  /** A second number for the same memory, so that the first may be deleted. */
  share(id: number): number {
    const tensor = this.#tensors.get(id)!;
    const handle = this.symbols.TFE_TensorHandleCopySharingTensor(tensor.handle, this.#status);
    this.check("Cannot share a tensor");
    return this.adopt(handle, tensor.shape, tensor.dtype);
  }

  deleteTensor(id: number): void {
    const tensor = this.#tensors.get(id);
    if (!tensor) return;
    this.symbols.TFE_DeleteTensorHandle(tensor.handle);
    this.#tensors.delete(id);
  }

  /** Copies a tensor's values out of TensorFlow. */
  tensorDataSync(id: number): Float32Array | Int32Array | Uint8Array | Float64Array | BigInt64Array {
    const stored = this.#tensors.get(id);
    if (!stored) {
      if (this.sink) this.sink.refuseRead(id);
      throw new Error("Cannot read a tensor that was disposed, or that belongs to a finished trace");
    }
    const tensor = this.symbols.TFE_TensorHandleResolve(stored.handle, this.#status);
    this.check("Cannot read a tensor");
    const size = Number(this.symbols.TF_TensorByteSize(tensor));
    const copy = new ArrayBuffer(size);
    if (size > 0) Deno.UnsafePointerView.copyInto(this.symbols.TF_TensorData(tensor)!, new Uint8Array(copy));
    this.symbols.TF_DeleteTensor(tensor);
    switch (stored.dtype) {
      case DataType.INT32:
        return new Int32Array(copy);
      case DataType.INT64:
        return new BigInt64Array(copy);
      case DataType.BOOL:
      case DataType.UINT8:
        return new Uint8Array(copy);
      case DataType.DOUBLE:
        return new Float64Array(copy);
      default:
        return new Float32Array(copy);
    }
  }

  /** Runs one op, or hands it to the trace that is under way. */
  executeOp(
    name: string,
    attributes: readonly OpAttribute[],
    inputs: readonly number[],
    outputs: number,
  ): TensorRecord[] {
    if (this.sink) return this.sink.execute(name, attributes, inputs, outputs);
    const { symbols } = this;
    const op = symbols.TFE_NewOp(this.context, cName(name), this.#status);
    this.check(`Cannot make TensorFlow op "${name}"`);
    try {
      for (const attribute of attributes) setAttribute(this.#setters, op, attribute);
      for (const id of inputs) {
        const tensor = this.#tensors.get(id);
        if (!tensor) {
          throw new Error(
            `Cannot run TensorFlow op "${name}" as an input was disposed or belongs to a finished trace`,
          );
        }
        symbols.TFE_OpAddInput(op, tensor.handle, this.#status);
      }
      const handles = this.run(op, outputs, name, inputs);
      return Array.from(handles, (handle) => {
        const rank = symbols.TFE_TensorHandleNumDims(handle, this.#status);
        const shape: number[] = [];
        for (let d = 0; d < rank; d++) {
          shape.push(Number(symbols.TFE_TensorHandleDim(handle, d, this.#status)));
        }
        const dtype = symbols.TFE_TensorHandleDataType(handle);
        return { id: this.adopt(handle, shape, dtype), shape, dtype };
      });
    } finally {
      symbols.TFE_DeleteOp(op);
    }
  }

  /** Runs an op whose inputs are set; gives the raw handles of its outputs. */
  run(op: Deno.PointerValue, outputs: number, name: string, inputs: readonly number[]): BigUint64Array {
    const handles = new BigUint64Array(outputs);
    const count = Int32Array.of(outputs);
    this.symbols.TFE_Execute(op, handles, count, this.#status);
    if (this.symbols.TF_GetCode(this.#status) !== 0) {
      const shapes = inputs.map((id) => describeTensor(this.#tensors.get(id)!)).join(", ");
      this.check(`Cannot run TensorFlow op "${name}" on ${shapes || "no inputs"}`);
    }
    return handles.subarray(0, count[0]);
  }

  loadSavedModel(): number {
    throw new Error("Cannot load a SavedModel: this engine reads .keras files");
  }

  deleteSavedModel(): void {}

  runSavedModel(): TensorRecord[] {
    return this.loadSavedModel() as never;
  }
}
