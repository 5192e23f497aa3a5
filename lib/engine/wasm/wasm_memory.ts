/**
 * The wasm backend's memory as our kernels see it: addresses of tensors, room for results, scratch space.
 *
 * @module
 */
import type { BackendWasm } from "@tensorflow/tfjs-backend-wasm";
import type { tf } from "../tf.ts";
import { type Heap, type Kernels, makeKernels } from "./wasm_heap.ts";
import type { Job, JobOf, LoopName } from "./wasm_jobs.ts";
import { type Extent, WasmThreads } from "./wasm_threads.ts";

/** What the backend's Emscripten module holds beyond its typed face. */
interface Emscripten {
  HEAPF32: Float32Array;
  HEAP32: Int32Array;
  asm: { memory: WebAssembly.Memory };
  _malloc(bytes: number): number;
  _free(address: number): void;
}

/** Views are looked up at each use: the heap moves when it grows. */
export class WasmMemory implements Heap {
  /** The inner loops over this memory. */
  readonly kernels: Kernels;
  readonly #module: Emscripten;
  #threads: WasmThreads;

  private constructor(private readonly backend: BackendWasm) {
    this.#module = backend.wasm as unknown as Emscripten;
    const { memory } = this.#module.asm;
    this.kernels = makeKernels(memory);
    this.#threads = new WasmThreads(memory, 1);
    const dispose = backend.dispose.bind(backend);
    backend.dispose = () => {
      this.#threads.end();
      dispose();
    };
  }

  static readonly #known = new WeakMap<object, WasmMemory>();

  /** The memory behind a backend, made at its first use. */
  static of(this: void, backend: unknown): WasmMemory {
    const key = backend as BackendWasm;
    let memory = WasmMemory.#known.get(key);
    if (!memory) WasmMemory.#known.set(key, memory = new WasmMemory(key));
    return memory;
  }

  /** How many threads share the loops of a kernel, at most. */
  get threads(): number {
    return this.#threads.count;
  }

  /** Sets how many threads share the loops of a kernel, where the memory can be shared; those that run are ended. */
  setThreads(wanted: number): void {
    if (wanted === this.#threads.count) return;
    this.#threads.end();
    this.#threads = new WasmThreads(this.#module.asm.memory, wanted);
  }

  /** Runs loops on all threads; `told` has addresses into this memory, which must not grow meanwhile. */
  run<Name extends LoopName>(loops: Name, told: JobOf<Name>, extent: Extent): void {
    this.#threads.run(this, { loops, told } as Job, extent);
  }

  /** Byte address of a tensor's first number. */
  address(tensor: tf.TensorInfo): number {
    return this.backend.dataIdMap.get(tensor.dataId).memoryOffset;
  }

  /** The numbers of a float32 or int32 tensor; good until the next allocation. */
  values(tensor: tf.TensorInfo): Float32Array | Int32Array {
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
