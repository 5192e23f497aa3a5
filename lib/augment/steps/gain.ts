import { z } from "../../base/zod.ts";
import { tf } from "../../engine/mod.ts";
import { perExample } from "../broadcast.ts";
import { lawOf } from "../laws.ts";
import {
  type DrawnArrays,
  type DrawnTensors,
  type ImageArray,
  type PixelKind,
  type Range,
  rangeSchema,
  type Written,
} from "../step.ts";

/** Changes brightness: `pedestal + (value − pedestal) · factor + offset`, all bands alike. */
export interface Gain {
  op: "gain";
  /** @default {1} */
  factor: Range;
  /** In the image's units. @default {0} */
  offset: Range;
  /** The value of no light, which the factor leaves as it is. @default {0} */
  pedestal: number;
}

/** Checks {@linkcode Gain}. */
export const gainSchema: z.ZodType<Gain, Written<Gain, "factor" | "offset" | "pedestal">> = z.strictObject({
  op: z.literal("gain"),
  factor: rangeSchema.default(1),
  offset: rangeSchema.default(0),
  pedestal: z.number().default(0),
});

/** Brightness. */
export const gain: PixelKind<Gain> = {
  kind: "pixels",
  laws: ({ factor, offset }) => ({ factor: lawOf(factor), offset: lawOf(offset) }),
  tensor({ pedestal }: Gain, image: tf.Tensor, { factor, offset }: DrawnTensors): tf.Tensor {
    const scaled = tf.mul(tf.sub(image, pedestal), perExample(factor, image.rank));
    return tf.add(scaled, perExample(tf.add(offset, pedestal), image.rank));
  },
  array({ pedestal }: Gain, { data, batch }: ImageArray, { factor, offset }: DrawnArrays): void {
    const size = data.length / batch;
    for (let i = 0; i < batch; i++) {
      const times = factor.data[i], plus = pedestal + offset.data[i];
      for (let j = i * size; j < (i + 1) * size; j++) data[j] = (data[j] - pedestal) * times + plus;
    }
  },
};
