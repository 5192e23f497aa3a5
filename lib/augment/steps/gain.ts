import { z } from "zod";
import { tf } from "../../engine/mod.ts";
import { perExample } from "../broadcast.ts";
import { lawOf } from "../laws.ts";
import {
  type DrawnArrays,
  type DrawnTensors,
  type ImageArray,
  type PixelKind,
  rangeSchema,
} from "../step.ts";

/** Changes brightness: `pedestal + (value − pedestal) · factor + offset`, all bands alike. */
export const gainSchema = z.strictObject({
  op: z.literal("gain"),
  factor: rangeSchema.default(1),
  /** In the image's units. */
  offset: rangeSchema.default(0),
  /** The value of no light, which the factor leaves as it is. */
  pedestal: z.number().default(0),
});

type Gain = z.output<typeof gainSchema>;

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
