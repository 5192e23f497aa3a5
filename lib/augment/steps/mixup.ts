import { z } from "../../base/zod.ts";
import { tf } from "../../engine/mod.ts";
import { perExample } from "../broadcast.ts";
import type { DrawnArrays, DrawnTensors, ImageArray, MixKind, RowArray, Site, Written } from "../step.ts";

/**
 * Mixes each example with another of the batch, labels in the same shares.
 *
 * Source: Zhang et al., "mixup: Beyond empirical risk minimization" (arXiv 1710.09412).
 */
export interface Mixup {
  op: "mixup";
  /** Of the beta distribution of the shares: small ones leave most examples nearly alone, 1 gives every share as often. @default {0.2} */
  alpha: number;
  /** Share of the examples that are mixed. @default {1} */
  chance: number;
}

/** Checks {@linkcode Mixup}. */
export const mixupSchema: z.ZodType<Mixup, Written<Mixup, "alpha" | "chance">> = z.strictObject({
  op: z.literal("mixup"),
  alpha: z.number().positive().default(0.2),
  chance: z.number().min(0).max(1).default(1),
});

/** Mixtures of two examples. */
export const mixup: MixKind<Mixup> = {
  kind: "mix",
  blendsMasks: true,
  laws: ({ alpha, chance }) => ({
    partner: { law: "others", count: 1 },
    share: { law: "beta", alpha },
    mixed: { law: "chance", share: chance },
  }),
  tensor(
    _step: Mixup,
    _site: Site,
    _role,
    own: tf.Tensor,
    [other]: readonly tf.Tensor[],
    drawn: DrawnTensors,
  ) {
    const taken = perExample(tf.mul(drawn.mixed, tf.sub(1, drawn.share)), own.rank);
    return tf.add(own, tf.mul(taken, tf.sub(other, own)));
  },
  array(
    _step: Mixup,
    _site: Site,
    _role,
    { data, batch }: ImageArray | RowArray,
    partner: (example: number, k: number) => number,
    { mixed, share }: DrawnArrays,
  ): Float32Array {
    const size = data.length / batch, out = new Float32Array(data.length);
    for (let i = 0; i < batch; i++) {
      const taken = mixed.data[i] * (1 - share.data[i]), other = partner(i, 0) * size;
      for (let j = 0; j < size; j++) {
        const own = data[i * size + j];
        out[i * size + j] = own + taken * (data[other + j] - own);
      }
    }
    return out;
  },
};
