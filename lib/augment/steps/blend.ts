import { z } from "../../base/zod.ts";
import { tf } from "../../engine/mod.ts";
import { perExample } from "../broadcast.ts";
import type { Law } from "../laws.ts";
import type { DrawnArrays, DrawnTensors, ImageArray, MixKind, RowArray, Site, Written } from "../step.ts";

/**
 * Blends each example with others of the batch, pixel by pixel; labels become the mean of those blended.
 *
 * Source: pyBIA's `image_blending`, without its darkening and with equal shares. Offline its multiplier makes a set
 * larger (`augmentPybia`); a batch keeps its size.
 */
export interface Blend {
  op: "blend";
  /** `random` takes one of the others for each example. @default {"mean"} */
  how: "mean" | "max" | "min" | "random";
  /** Most images in a blend, its own included; each example draws its number from 2 to this. @default {2} */
  images: number;
  /** Share of the examples that are blended. @default {1} */
  chance: number;
}

/** Checks {@linkcode Blend}. */
export const blendSchema: z.ZodType<Blend, Written<Blend, "how" | "images" | "chance">> = z.strictObject({
  op: z.literal("blend"),
  how: z.enum(["mean", "max", "min", "random"]).default("mean"),
  images: z.int().min(2).default(2),
  chance: z.number().min(0).max(1).default(1),
});

const HOW = ["mean", "max", "min"] as const;

/** Blends of several examples. */
export const blend: MixKind<Blend> = {
  kind: "mix",
  blendsMasks: true,
  laws({ how, images, chance }) {
    const laws: Record<string, Law> = {
      partner: { law: "others", count: images - 1 },
      number: { law: "whole", low: 2, high: images },
      mixed: { law: "chance", share: chance },
    };
    if (how === "random") laws.how = { law: "whole", low: 0, high: 2 };
    return laws;
  },
  tensor(
    { how }: Blend,
    _site: Site,
    role,
    own: tf.Tensor,
    others: readonly tf.Tensor[],
    drawn: DrawnTensors,
  ): tf.Tensor {
    const number = tf.where(tf.greater(drawn.mixed, 0), drawn.number, tf.onesLike(drawn.number));
    const fold = (name: typeof HOW[number]): tf.Tensor => {
      let result = own;
      others.forEach((other, k) => {
        const taken = perExample(tf.cast(tf.greater(number, k + 1), "float32"), own.rank);
        const joined = name === "max"
          ? tf.maximum(result, other)
          : name === "min"
          ? tf.minimum(result, other)
          : tf.add(result, tf.div(tf.sub(other, result), k + 2)); // the mean of k + 2 images so far
        result = tf.add(result, tf.mul(taken, tf.sub(joined, result)));
      });
      return result;
    };
    if (role === "label") return fold("mean");
    if (how !== "random") return fold(how);
    const parts = HOW.map((name, i) =>
      tf.mul(fold(name), perExample(tf.cast(tf.equal(drawn.how, i), "float32"), own.rank))
    );
    return tf.addN(parts);
  },
  array(
    { how, images }: Blend,
    _site: Site,
    role,
    { data, batch }: ImageArray | RowArray,
    partner: (example: number, k: number) => number,
    drawn: DrawnArrays,
  ): Float32Array {
    const size = data.length / batch, out = data.slice();
    for (let i = 0; i < batch; i++) {
      if (drawn.mixed.data[i] === 0) continue;
      const name = role === "label" ? "mean" : how === "random" ? HOW[drawn.how.data[i]] : how;
      for (let k = 0; k < Math.min(images, drawn.number.data[i]) - 1; k++) {
        fold(out, i * size, data, partner(i, k) * size, size, name, k + 2);
      }
    }
    return out;
  },
};

/** Joins one more image to a blend; `number` counts it. */
function fold(
  out: Float32Array,
  to: number,
  data: Float32Array,
  from: number,
  size: number,
  how: typeof HOW[number],
  number: number,
): void {
  for (let j = 0; j < size; j++) {
    const a = out[to + j], b = data[from + j];
    out[to + j] = how === "mean" ? a + (b - a) / number : how === "max" ? Math.max(a, b) : Math.min(a, b);
  }
}
