/**
 * Random tensors by TensorFlow's stateless ops (Philox), from any place of a draw on: the part of a larger draw costs what it
 * alone does.
 *
 * Source: the ops' kernels give four numbers a block of the counter, `core/lib/random/random_distributions.h` of TensorFlow
 * 2.21; the key and counter that a seed stands for are `StatelessRandomGetKeyCounter`'s.
 * @module
 */
import { nativeOp } from "../native/native_op.ts";
import {
  boolAttribute,
  DataType,
  type OpAttribute,
  type TensorRecord,
  typeAttribute,
} from "../native/native_types.ts";
import { state } from "../state.ts";
import { tf } from "../tf.ts";
import { advanceRandomState, randomStateTensor } from "./random_state.ts";

/** Numbers of a block. */
const BLOCK = 4;
/** Philox among the algorithms of TensorFlow's ops. */
const PHILOX = 1;

/** What is drawn: floats of [0, 1), floats of a normal distribution, or whole words. */
type Kind = "Uniform" | "Normal" | "UniformFullInt";

/**
 * Draws a shape, so many elements into a draw.
 *
 * @param key Whose draw it is. @default {the next one's}
 * @returns float32, or int32 of whole words.
 */
export function drawNative(kind: Kind, shape: readonly number[], skip: number, key?: tf.Tensor): tf.Tensor {
  return tf.tidy(() => {
    const seed = key ?? nativeKey();
    if (skip === 0) return drawFromStart(kind, shape, seed);
    const count = shape.reduce((product, side) => product * side, 1), lead = skip % BLOCK;
    const flat = drawFromBlock(kind, lead + count, Math.floor(skip / BLOCK), seed);
    return tf.reshape(lead === 0 ? flat : tf.slice(flat, lead, count), [...shape]);
  });
}

/** Ones where a random byte is at least the threshold, else zeros; so many bytes into the draw. */
export function drawNativeMask(
  shape: readonly number[],
  threshold: number,
  skip: number,
  key?: tf.Tensor,
): tf.Tensor {
  return tf.tidy(() => {
    // The words are drawn flat and cut into bytes; what is left over of the first and last word is dropped.
    const count = shape.reduce((product, side) => product * side, 1), lead = skip % 4;
    const words = Math.ceil((lead + count) / 4);
    const flat = atLeast(drawNative("UniformFullInt", [words], Math.floor(skip / 4), key), threshold);
    return tf.reshape(words * 4 === count ? flat : tf.slice(flat, lead, count), [...shape]);
  });
}

/** The next draw's key, int32 [2]. */
export function nativeKey(): tf.Tensor {
  if (state.tracer) return state.native!.backend.createOutputTensor(state.tracer.randomKey());
  const key = randomStateTensor();
  advanceRandomState();
  return key;
}

const typeOf = (kind: Kind) => kind === "UniformFullInt" ? DataType.INT32 : DataType.FLOAT;

function drawFromStart(kind: Kind, shape: readonly number[], seed: tf.Tensor): tf.Tensor {
  return nativeOp(`StatelessRandom${kind}`, [
    typeAttribute("dtype", typeOf(kind)),
    typeAttribute("T", DataType.INT32),
    typeAttribute("Tseed", DataType.INT32),
  ], [tf.tensor1d([...shape], "int32"), seed])[0];
}

/** Ops on tensors by their numbers. */
interface OpsByNumber {
  run(
    op: string,
    attributes: readonly OpAttribute[],
    ids: readonly number[],
    outputs?: number,
  ): TensorRecord[];
  constant(shape: readonly number[], type: number, data: ArrayBufferView): number;
}

/** What ops make of tensors by way of types that TensorFlow.js does not have; what is made on the way is freed. */
function byNumber(
  tensors: readonly tf.Tensor[],
  work: (ids: number[], ops: OpsByNumber) => TensorRecord,
): tf.Tensor {
  const { runtime, backend } = state.native!, made: number[] = [];
  const result = work(backend.getInputTensorIds(tensors), {
    run(op, attributes, ids, outputs = 1) {
      const records = runtime.executeOp(op, attributes, ids, outputs);
      made.push(...records.map(({ id }) => id));
      return records;
    },
    constant(shape, type, data) {
      const id = runtime.createTensor(shape, type, data);
      made.push(id);
      return id;
    },
  });
  for (const id of made) if (id >= 0 && id !== result.id) runtime.deleteTensor(id);
  return backend.createOutputTensor(result);
}

/** So many numbers of a draw, [count], from the first of a block on. */
function drawFromBlock(kind: Kind, count: number, block: number, seed: tf.Tensor): tf.Tensor {
  const tensors = [seed, tf.tensor1d([count], "int32"), tf.scalar(PHILOX, "int32")];
  return byNumber(tensors, ([seedId, sides, algorithm], { run, constant }) => {
    const cast = (id: number, from: number, to: number) =>
      run("Bitcast", [typeAttribute("T", from), typeAttribute("type", to)], [id])[0].id;
    const seeded = [typeAttribute("Tseed", DataType.INT32)];
    const [key, counter] = run("StatelessRandomGetKeyCounter", seeded, [seedId], 2);
    const blocks = constant([2], DataType.INT64, BigInt64Array.of(BigInt(block), 0n));
    // a counter begins at block 0; devices add up signed numbers
    const start = cast(counter.id, DataType.UINT64, DataType.INT64);
    const [moved] = run("AddV2", [typeAttribute("T", DataType.INT64)], [start, blocks]);
    const from = cast(moved.id, DataType.INT64, DataType.UINT64);
    const types = [typeAttribute("dtype", typeOf(kind)), typeAttribute("Tshape", DataType.INT32)];
    return run(`StatelessRandom${kind}V2`, types, [sides, key.id, from, algorithm])[0];
  });
}

/** Ones where a byte of the words is at least the threshold, else zeros: [4 × words]. */
function atLeast(words: tf.Tensor, threshold: number): tf.Tensor {
  const floats = byNumber([words], (ids, { run, constant }) => {
    const [bytes] = run("Bitcast", [
      typeAttribute("T", DataType.INT32),
      typeAttribute("type", DataType.UINT8),
    ], ids);
    const limit = constant([], DataType.UINT8, Uint8Array.of(threshold));
    const [kept] = run("GreaterEqual", [typeAttribute("T", DataType.UINT8)], [bytes.id, limit]);
    return run("Cast", [
      typeAttribute("SrcT", DataType.BOOL),
      typeAttribute("DstT", DataType.FLOAT),
      boolAttribute("Truncate", false),
    ], [kept.id])[0];
  });
  return tf.reshape(floats, [words.size * 4]);
}
