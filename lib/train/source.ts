/** Where training examples come from: arrays that the engine holds, or batches read on demand. @module */
import { type Held, tf } from "../engine/mod.ts";

/** Examples in arrays that the engine keeps once, in their own type; a batch is gathered inside the compiled step. */
export interface HeldSource {
  kind: "held";
  /** Number of examples. */
  size: number;
  /** Inputs, [rows, …]. */
  x: Held;
  /** Labels, [rows] or [rows, …]. */
  y: Held;
  /** Weight of each example in the loss, [rows]. @default {1 for each} */
  weight?: Held;
  /** Which rows are the examples; several sources may share the same arrays. @default {all rows in order} */
  rows?: Uint32Array;
}

/** One batch as arrays, row-major. */
export interface StreamBatch {
  x: Uint8Array | Float32Array;
  y: Uint8Array | Int32Array | Float32Array;
  /** One weight an example. */
  weight?: Float32Array;
}

/** Examples read or decoded when they are needed, a few batches ahead of training. */
export interface StreamSource {
  kind: "stream";
  /** Number of examples. */
  size: number;
  /** Shape of one input. */
  xShape: readonly number[];
  /** Shape of one label; [] for a number. */
  yShape: readonly number[];
  /** Reads the examples with these numbers, each from 0 to size - 1, in their order. */
  read(indices: Uint32Array): Promise<StreamBatch>;
}

/** Training, validation or test examples. */
export type Source = HeldSource | StreamSource;

/**
 * Some of a source's examples as a source of its own; shares the arrays.
 *
 * @param rows Numbers of the examples, in the order in which the new source has them.
 * @throws {RangeError} If a number is out of range.
 */
export function subset<S extends Source>(source: S, rows: Uint32Array): S {
  for (const row of rows) {
    if (row >= source.size) {
      throw new RangeError(`Cannot take example ${row} of a source: it has ${source.size}`);
    }
  }
  if (source.kind === "held") {
    const { rows: from } = source;
    return { ...source, size: rows.length, rows: from ? rows.map((row) => from[row]) : rows };
  }
  const read = (indices: Uint32Array) => source.read(indices.map((index) => rows[index]));
  return { ...source, size: rows.length, read };
}

/** One batch as the compiled step takes it. */
export type BatchTensors = tf.Tensor[];

/** A batch's examples as tensors inside the step. */
export interface Examples {
  /** [batch, …], float32 unless held as int32. */
  x: tf.Tensor;
  /** [batch, …]. */
  y: tf.Tensor;
  /** [batch] where the source has weights. */
  weight?: tf.Tensor;
}

/**
 * Brings batch after batch of a source, the next few already on their way.
 *
 * @param source The examples.
 * @param batches Numbers of the examples of every batch.
 * @param ahead Batches read in advance, where there is anything to read.
 * @returns Tensors for the step; the caller's.
 */
export async function* feed(
  source: Source,
  batches: Iterable<Uint32Array>,
  ahead = 3,
): AsyncGenerator<{ indices: Uint32Array; tensors: BatchTensors }> {
  if (source.kind === "held") {
    for (const indices of batches) yield { indices, tensors: [rowTensor(source, indices)] };
    return;
  }
  const waiting: { indices: Uint32Array; batch: Promise<StreamBatch> }[] = [];
  const rest = batches[Symbol.iterator]();
  const order = () => {
    const { done, value: indices } = rest.next();
    if (done) return;
    const batch = source.read(indices);
    batch.catch(() => {}); // reported when its turn comes
    waiting.push({ indices, batch });
  };
  for (let i = 0; i < ahead; i++) order();
  for (let next = waiting.shift(); next; next = waiting.shift()) {
    const batch = await next.batch;
    order();
    yield { indices: next.indices, tensors: batchTensors(source, next.indices.length, batch) };
  }
}

/** The rows of held examples, int32 [batch]. */
function rowTensor({ rows }: HeldSource, indices: Uint32Array): tf.Tensor1D {
  return tf.tensor1d(Int32Array.from(rows ? indices.map((index) => rows[index]) : indices), "int32");
}

function batchTensors(source: StreamSource, count: number, { x, y, weight }: StreamBatch): BatchTensors {
  const { xShape, yShape } = source;
  const check = (name: string, length: number, shape: readonly number[]) => {
    const wanted = shape.reduce((product, side) => product * side, count);
    if (length === wanted) return;
    throw new RangeError(
      `Cannot train on a batch of ${count} examples as its ${name} must have ${wanted} values: got ${length}`,
    );
  };
  check("x", x.length, xShape);
  check("y", y.length, yShape);
  const tensors = [
    tf.tensor(x instanceof Float32Array ? x : Float32Array.from(x), [count, ...xShape], "float32"),
    y instanceof Float32Array
      ? tf.tensor(y, [count, ...yShape], "float32")
      : tf.tensor(Int32Array.from(y), [count, ...yShape], "int32"),
  ];
  if (weight) {
    check("weight", weight.length, []);
    tensors.push(tf.tensor1d(weight, "float32"));
  }
  return tensors;
}
