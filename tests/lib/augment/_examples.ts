/** A batch of every kind of array, and the ways it goes through an augmentation. @module */
import { createRng } from "../../../lib/base/rng.ts";
import {
  type Aligned,
  type AlignedArrays,
  augmentation,
  type AugmentationStep,
  type BatchArray,
  type DrawArrays,
} from "../../../lib/augment/mod.ts";
import { compile, tf } from "../../../lib/engine/mod.ts";

export const BATCH = 6, SIDE = 11;

/** Numbers from 0 to 10. */
export function values(shape: readonly number[], seed: number): Float32Array {
  const rng = createRng(seed);
  return Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => 10 * rng());
}

/** A flat picture, a volume, masks with and without bands, points, and a label that follows; or what can be mixed. */
export function exampleArrays(mixing: boolean): AlignedArrays {
  const of = (shape: number[], seed: number): BatchArray => ({ data: values(shape, seed), shape });
  const whole = (shape: number[], seed: number): BatchArray => ({
    data: Int32Array.from(values(shape, seed), Math.floor),
    shape,
  });
  const arrays: AlignedArrays = {
    image: { array: of([BATCH, SIDE, SIDE, 3], 1), role: "image" },
    volume: { array: of([BATCH, 2, SIDE, SIDE, 2], 2), role: "image" },
    untouched: { array: of([BATCH, 2], 5), role: "none" },
  };
  if (mixing) {
    return {
      ...arrays,
      mask: { array: of([BATCH, SIDE, SIDE, 1], 3), role: "mask" },
      label: { array: of([BATCH, 4], 4), role: "label" },
    };
  }
  return {
    ...arrays,
    mask: { array: whole([BATCH, SIDE, SIDE], 3), role: "mask" },
    softMask: { array: of([BATCH, 2, SIDE, SIDE, 2], 7), role: "mask" },
    points: { array: of([BATCH, 5, 2], 4), role: "points" },
    spacePoints: { array: of([BATCH, 5, 3], 6), role: "points" },
    direction: {
      array: of([BATCH, 2], 8),
      role: "none",
      follow: ([x, y], { xx, xy, yx, yy }) => [xx * x + xy * y, yx * x + yy * y],
    },
  };
}

function tensorsOf(arrays: AlignedArrays): Aligned {
  const turned = (vectors: tf.Tensor, motion: { xx: unknown; xy: unknown; yx: unknown; yy: unknown }) => {
    const [x, y] = tf.unstack(vectors, 1), { xx, xy, yx, yy } = motion as Record<string, tf.Tensor>;
    return tf.stack([tf.add(tf.mul(xx, x), tf.mul(xy, y)), tf.add(tf.mul(yx, x), tf.mul(yy, y))], 1);
  };
  return Object.fromEntries(
    Object.entries(arrays).map(([name, { array: { data, shape }, role, follow }]) => {
      const tensor = tf.tensor(data, [...shape], data instanceof Int32Array ? "int32" : "float32");
      return [name, { tensor, role, ...(follow ? { follow: turned } : {}) }];
    }),
  );
}

/** Role and shape of one example of each. */
export function sitesOf(arrays: AlignedArrays) {
  return Object.fromEntries(
    Object.entries(arrays).map(([name, { role, array }]) => [name, { role, shape: array.shape.slice(1) }]),
  );
}

/** Applies a list inside a compiled function that takes arrays and draws; `sizes` says how the batch is cut. */
export function compiledPath(
  list: AugmentationStep[],
  arrays: AlignedArrays,
  draws: DrawArrays,
  sizes = [arrays.image.array.shape[0]],
): Record<string, { data: ArrayLike<number>; shape: number[]; dtype: string }> {
  const names = Object.keys(arrays), drawNames = Object.keys(draws);
  const aligned = tensorsOf(arrays), augment = augmentation(list);
  const given = Object.values(draws).map(({ data, shape }) => tf.tensor(data, [...shape]));
  const run = compile((...inputs: tf.Tensor[]) => {
    const own = inputs.slice(0, names.length), drawn = inputs.slice(names.length);
    const cut = own.map((tensor) => sizes.length === 1 ? [tensor] : tf.split(tensor, sizes, 0));
    const parts = sizes.map((_, shard) =>
      Object.fromEntries(names.map((name, i) => [name, { ...aligned[name], tensor: cut[i][shard] }]))
    );
    const done = augment.applyShards(parts, Object.fromEntries(drawNames.map((name, i) => [name, drawn[i]])));
    return names.map((name) => tf.concat(done.map((part) => part[name].tensor), 0));
  });
  const tensors = Object.values(aligned).map(({ tensor }) => tensor);
  const results = run(...tensors, ...given);
  const read = results.map((tensor, i) =>
    [names[i], { data: tensor.dataSync(), shape: tensor.shape, dtype: tensor.dtype }] as const
  );
  tf.dispose([results, given, tensors]);
  run.dispose();
  return Object.fromEntries(read);
}
