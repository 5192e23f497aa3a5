/**
 * The wasm backend's memory as our kernels see it: addresses of tensors, room for results, scratch space.
 *
 * @module
 */
import type { BackendWasm } from "@tensorflow/tfjs-backend-wasm";
import { makeMicroKernels, type MicroKernels } from "./wasm_micro.ts";
import type { tf } from "../tf.ts";

/** What the backend's Emscripten module holds beyond its typed face. */
interface Emscripten {
  HEAPF32: Float32Array<ArrayBuffer>;
  HEAP32: Int32Array<ArrayBuffer>;
  HEAPU8: Uint8Array<ArrayBuffer>;
  asm: { memory: WebAssembly.Memory };
  _malloc(bytes: number): number;
  _free(address: number): void;
}

/** Views are looked up at each use: the heap moves when it grows. */
export class WasmMemory {
  /** The inner loops over this memory. */
  readonly kernels: MicroKernels;
  /** The memory itself. */
  readonly wasm: WebAssembly.Memory;
  readonly #module: Emscripten;

  private constructor(private readonly backend: BackendWasm) {
    this.#module = backend.wasm as unknown as Emscripten;
    this.wasm = this.#module.asm.memory;
    this.kernels = makeMicroKernels(this.wasm);
  }

  static readonly #known = new WeakMap<object, WasmMemory>();

  /** The memory behind a backend, made at its first use. */
  static of(this: void, backend: unknown): WasmMemory {
    const key = backend as BackendWasm;
    let memory = WasmMemory.#known.get(key);
    if (!memory) WasmMemory.#known.set(key, memory = new WasmMemory(key));
    return memory;
  }

  /** All floats; an address divided by four is an index. */
  get floats(): Float32Array<ArrayBuffer> {
    return this.#module.HEAPF32;
  }

  /** Byte address of a tensor's first number. */
  address(tensor: tf.TensorInfo): number {
    return this.backend.dataIdMap.get(tensor.dataId).memoryOffset;
  }

  /** The numbers of a float32 or int32 tensor; good until the next allocation. */
  values(tensor: tf.TensorInfo): Float32Array<ArrayBuffer> | Int32Array<ArrayBuffer> {
    const heap = tensor.dtype === "int32" ? this.#module.HEAP32 : this.#module.HEAPF32;
    const start = this.address(tensor) / 4;
    return heap.subarray(start, start + tensor.shape.reduce((product, side) => product * side, 1));
  }

  /** The same numbers once more, uncopied. */
  share({ dataId, shape, dtype }: tf.TensorInfo): tf.TensorInfo {
    this.backend.incRef(dataId);
    return { dataId, shape, dtype };
  }

  /** A copy of the numbers of a tensor of any type. */
  read({ dataId }: tf.TensorInfo): tf.TypedArray {
    return this.backend.readSync(dataId).slice() as tf.TypedArray;
  }

  /** A new tensor of any type that holds these numbers. */
  write(shape: readonly number[], dtype: tf.DataType, values: tf.TypedArray): tf.TensorInfo {
    const tensor = this.backend.makeOutput([...shape], dtype);
    this.backend.typedArrayFromHeap(tensor).set(values);
    return tensor;
  }

  /** A new float32 tensor, its content whatever was there. */
  output(shape: readonly number[]): tf.TensorInfo {
    return this.backend.makeOutput([...shape], "float32");
  }

  /** A new float32 tensor of zeros. */
  zeros(shape: readonly number[]): tf.TensorInfo {
    const tensor = this.output(shape);
    this.values(tensor).fill(0);
    return tensor;
  }

  /**
   * Runs `use` with the addresses of scratch blocks, given in floats, and frees them.
   *
   * @throws {RangeError} If the heap is exhausted.
   */
  withScratch<T>(sizes: readonly number[], use: (...addresses: number[]) => T): T {
    const bytes = sizes.reduce((sum, size) => sum + size * 4, 0);
    const address = this.#module._malloc(Math.max(bytes, 4));
    if (address === 0) throw new RangeError(`Cannot take ${bytes} bytes of scratch space from the wasm heap`);
    try {
      let next = address;
      return use(...sizes.map((size) => (next += size * 4) - size * 4));
    } finally {
      this.#module._free(address);
    }
  }
}

/** Columns of a packed matrix. */
export interface Panel {
  /** Address of [K, width] floats. */
  address: number;
  width: number;
  /** First column. */
  column: number;
}

/**
 * Packs a [K, N] matrix into panels of tile width, so that a kernel reads it from one end to the other.
 *
 * @param address Scratch space of K · N floats.
 * @param widths Widths of the panels, their sum N.
 * @param rowAt Index (in floats) of row k's first number.
 * @param columnStep Floats between two neighbours of a row.
 */
export function packPanels(
  floats: Float32Array,
  address: number,
  rows: number,
  widths: readonly number[],
  rowAt: (k: number) => number,
  columnStep: number,
): Panel[] {
  const starts = Int32Array.from({ length: rows }, (_, k) => rowAt(k));
  const panels: Panel[] = [];
  let to = address / 4, column = 0;
  for (const width of widths) {
    panels.push({ address: to * 4, width, column });
    for (let k = 0; k < rows; k++) {
      let from = starts[k] + column * columnStep;
      for (let n = 0; n < width; n++, from += columnStep) floats[to++] = floats[from];
    }
    column += width;
  }
  return panels;
}
