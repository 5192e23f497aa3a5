/**
 * Arrays kept once in their own type, from which compiled steps gather rows.
 *
 * A data set of images stays uint8, a quarter of its size as float32, and no epoch copies it: the gather and the
 * conversion of one batch are ops of the step.
 * @module
 */
import { type NativeEngine, state } from "./state.ts";
import { DataType, intAttribute, typeAttribute } from "./native/native_types.ts";
import { tf } from "./tf.ts";

/** Values that can be held. */
export type HeldData = Uint8Array | Int32Array | Float32Array;

/** An array in the engine's keeping. */
export interface Held {
  /** Axes; the first counts the rows. */
  readonly shape: readonly number[];
  /** Type in which the rows are kept. */
  readonly dtype: "uint8" | "int32" | "float32";
  /** Frees the array. */
  dispose(): void;
}

interface Kept extends Held {
  native?: { engine: NativeEngine; id: number };
  data?: HeldData;
}

/**
 * Hands an array to the engine.
 *
 * @param data Values, row-major. Copied on the native backend, kept by reference on the others.
 * @param shape Axes, rows first.
 * @throws {RangeError} If `shape` does not hold as many values as `data`.
 * @example
 * ```ts
 * import { startEngine, takeRows, toDevice } from "./mod.ts";
 * const tf = await startEngine({ backend: "cpu" });
 * const images = toDevice(Uint8Array.of(1, 2, 3, 4, 5, 6), [3, 2]);
 * takeRows(images, tf.tensor1d([2, 0], "int32")).arraySync(); // [[5, 6], [1, 2]]
 * ```
 */
export function toDevice(data: HeldData, shape: readonly number[]): Held {
  const size = shape.reduce((product, side) => product * side, 1);
  if (size !== data.length) {
    throw new RangeError(
      `Cannot hold ${data.length} values as [${shape.join(", ")}]: that shape takes ${size}`,
    );
  }
  const dtype = data instanceof Uint8Array ? "uint8" : data instanceof Int32Array ? "int32" : "float32";
  const engine = state.backend === "tensorflow" ? state.native : undefined;
  if (!engine) {
    const kept: Kept = { shape, dtype, data, dispose: () => void (kept.data = undefined) };
    return kept;
  }
  const code = { uint8: DataType.UINT8, int32: DataType.INT32, float32: DataType.FLOAT }[dtype];
  const id = engine.runtime.createTensor(shape, code, data);
  return { shape, dtype, native: { engine, id }, dispose: () => engine.runtime.deleteTensor(id) } as Kept;
}

/**
 * Gathers rows of a held array, inside a compiled function or outside.
 *
 * @param held The array, [rows, …].
 * @param indices Rows wanted, int32 [batch].
 * @returns [batch, …]; uint8 rows as float32 (0 to 255), the others in their own type. The caller's.
 * @throws {Error} If the array was disposed or an index is out of range.
 */
export function takeRows(held: Held, indices: tf.Tensor1D): tf.Tensor {
  const { native, data, shape, dtype } = held as Kept;
  if (!native) return takeRowsHere(data, shape, dtype, indices);
  const { runtime, backend } = native.engine;
  const source = runtime.describe(native.id);
  if (!source) throw new Error("Cannot take rows of a held array that was disposed");
  const axis = runtime.createTensor([], DataType.INT32, Int32Array.of(0));
  const [rows] = runtime.executeOp(
    "GatherV2",
    [
      typeAttribute("Tparams", source.dtype),
      typeAttribute("Tindices", DataType.INT32),
      typeAttribute("Taxis", DataType.INT32),
      intAttribute("batch_dims", 0),
    ],
    [native.id, ...backend.getInputTensorIds([indices]), axis],
    1,
  );
  runtime.deleteTensor(axis);
  if (dtype !== "uint8") return backend.createOutputTensor(rows);
  const [floats] = runtime.executeOp(
    "Cast",
    [
      typeAttribute("SrcT", DataType.UINT8),
      typeAttribute("DstT", DataType.FLOAT),
    ],
    [rows.id],
    1,
  );
  if (rows.id >= 0) runtime.deleteTensor(rows.id);
  return backend.createOutputTensor(floats);
}

function takeRowsHere(
  data: HeldData | undefined,
  shape: readonly number[],
  dtype: Held["dtype"],
  indices: tf.Tensor1D,
): tf.Tensor {
  if (!data) throw new Error("Cannot take rows of a held array that was disposed");
  const wanted = indices.dataSync();
  const row = shape.slice(1).reduce((product, side) => product * side, 1);
  const out = dtype === "int32" ? new Int32Array(wanted.length * row) : new Float32Array(wanted.length * row);
  wanted.forEach((index, i) => {
    if (!(index >= 0 && index < shape[0])) {
      throw new RangeError(`Cannot take row ${index} of a held array of ${shape[0]} rows`);
    }
    out.set(data.subarray(index * row, (index + 1) * row), i * row);
  });
  return tf.tensor(out, [wanted.length, ...shape.slice(1)], dtype === "int32" ? "int32" : "float32");
}
