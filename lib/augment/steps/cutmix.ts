import { z } from "../../base/zod.ts";
import { tf } from "../../engine/mod.ts";
import { perExample, perPixel } from "../broadcast.ts";
import type { DrawnArrays, DrawnTensors, ImageArray, MixKind, RowArray, Site, Written } from "../step.ts";

/**
 * Puts a box of another example of the batch into each; labels in the shares of the areas, masks with the box.
 *
 * Source: Yun et al., "CutMix: Regularization strategy to train strong classifiers" (arXiv 1905.04899).
 */
export interface Cutmix {
  op: "cutmix";
  /** Of the beta distribution of the share that stays; 1 gives every share as often. @default {1} */
  alpha: number;
  /** Share of the examples that get a box. @default {1} */
  chance: number;
}

/** Checks {@linkcode Cutmix}. */
export const cutmixSchema: z.ZodType<Cutmix, Written<Cutmix, "alpha" | "chance">> = z.strictObject({
  op: z.literal("cutmix"),
  alpha: z.number().positive().default(1),
  chance: z.number().min(0).max(1).default(1),
});

/** Boxes of other examples. */
export const cutmix: MixKind<Cutmix> = {
  kind: "mix",
  blendsMasks: false,
  laws: ({ alpha, chance }) => ({
    partner: { law: "others", count: 1 },
    share: { law: "beta", alpha },
    mixed: { law: "chance", share: chance },
    // The middle of the box in parts of the sides: the border may cut the box.
    row: { law: "uniform", low: 0, high: 1 },
    column: { law: "uniform", low: 0, high: 1 },
  }),
  tensor(
    _step: Cutmix,
    { batch, height, width }: Site,
    role,
    own: tf.Tensor,
    [other]: readonly tf.Tensor[],
    { share, mixed, row, column }: DrawnTensors,
  ): tf.Tensor {
    const half = tf.div(tf.sqrt(tf.sub(1, share)), 2);
    const within = (middle: tf.Tensor, length: number): tf.Tensor => {
      const places = tf.div(tf.add(tf.range(0, length), 0.5), length);
      const away = tf.abs(tf.sub(places, tf.expandDims(middle, 1))); // [batch, length]
      return tf.cast(tf.less(away, tf.expandDims(half, 1)), "float32");
    };
    const rows = tf.mul(within(row, height), tf.expandDims(mixed, 1)), columns = within(column, width);
    if (role === "label") {
      const area = tf.div(tf.mul(tf.sum(rows, 1), tf.sum(columns, 1)), height * width);
      return tf.add(own, tf.mul(perExample(area, own.rank), tf.sub(other, own)));
    }
    const box = tf.mul(tf.reshape(rows, [batch, height, 1]), tf.reshape(columns, [batch, 1, width]));
    return tf.where(tf.greater(own.rank === 3 ? box : perPixel(box, own.rank), 0), other, own);
  },
  array(
    _step: Cutmix,
    { height, width }: Site,
    _role,
    own: ImageArray | RowArray,
    partner: (example: number, k: number) => number,
    { share, mixed, row, column }: DrawnArrays,
  ): Float32Array {
    const { data, batch } = own, size = data.length / batch, out = data.slice();
    for (let i = 0; i < batch; i++) {
      if (mixed.data[i] === 0) continue;
      const half = Math.sqrt(1 - share.data[i]) / 2, other = partner(i, 0);
      const rows = within(row.data[i], half, height), columns = within(column.data[i], half, width);
      if (!("frames" in own)) {
        const area = (rows.end - rows.first) * (columns.end - columns.first) / (height * width);
        for (let j = i * size, k = other * size; j < (i + 1) * size; j++, k++) {
          out[j] = data[j] + area * (data[k] - data[j]);
        }
        continue;
      }
      const { frames, channels } = own, run = (columns.end - columns.first) * channels;
      for (let frame = 0; frame < frames; frame++) {
        for (let r = rows.first; r < rows.end; r++) {
          const place = ((frame * height + r) * width + columns.first) * channels;
          out.set(data.subarray(other * size + place, other * size + place + run), i * size + place);
        }
      }
    }
    return out;
  },
};

/** The pixels of a side that lie within `half` of `middle`, both in parts of the side. */
function within(middle: number, half: number, length: number): { first: number; end: number } {
  let first = 0, end = length;
  const inside = (pixel: number) => Math.abs((pixel + 0.5) / length - middle) < half;
  while (first < length && !inside(first)) first++;
  while (end > first && !inside(end - 1)) end--;
  return { first, end };
}
