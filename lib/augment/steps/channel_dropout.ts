import { z } from "../../base/zod.ts";
import { tf } from "../../engine/mod.ts";
import { perExample } from "../broadcast.ts";
import type { DrawnArrays, DrawnTensors, ImageArray, PixelKind, Site, Written } from "../step.ts";

/** Blots out one band of some images, each band as often. */
export interface ChannelDropout {
  op: "channelDropout";
  /** Share of the images that lose a band. @default {0.5} */
  chance: number;
  /** Value in place of the band. @default {0} */
  value: number;
}

/** Checks {@linkcode ChannelDropout}. */
export const channelDropoutSchema: z.ZodType<ChannelDropout, Written<ChannelDropout, "chance" | "value">> = z
  .strictObject({
    op: z.literal("channelDropout"),
    chance: z.number().min(0).max(1).default(0.5),
    value: z.number().default(0),
  });

/** Bands lost. */
export const channelDropout: PixelKind<ChannelDropout> = {
  kind: "pixels",
  laws({ chance }, { arrays }: Site) {
    for (const [name, { role, shape }] of Object.entries(arrays)) {
      if (role === "image" && shape[shape.length - 1] < 2) {
        throw new RangeError(
          `Cannot drop a channel of "${name}" as it must have more than one: got [${shape.join(", ")}]`,
        );
      }
    }
    // Where in the bands, from 0 to 1: arrays of other numbers of bands take it too.
    return { lost: { law: "chance", share: chance }, band: { law: "uniform", low: 0, high: 1 } };
  },
  tensor({ value }: ChannelDropout, image: tf.Tensor, { lost, band }: DrawnTensors): tf.Tensor {
    const bands = image.shape[image.rank - 1], batch = image.shape[0];
    const which = tf.minimum(tf.floor(tf.mul(band, bands)), bands - 1);
    const hit = tf.cast(tf.equal(tf.expandDims(which, 1), tf.range(0, bands)), "float32");
    const shape = [batch, ...new Array(image.rank - 2).fill(1), bands];
    const gone = tf.mul(tf.reshape(hit, shape), perExample(lost, image.rank));
    const kept = tf.mul(image, tf.sub(1, gone));
    return value === 0 ? kept : tf.add(kept, tf.mul(gone, value));
  },
  array({ value }: ChannelDropout, { data, batch, channels }: ImageArray, { lost, band }: DrawnArrays): void {
    const size = data.length / batch;
    for (let i = 0; i < batch; i++) {
      if (lost.data[i] === 0) continue;
      const which = Math.min(channels - 1, Math.floor(Math.fround(band.data[i] * channels)));
      for (let j = i * size + which; j < (i + 1) * size; j += channels) data[j] = value;
    }
  },
};
