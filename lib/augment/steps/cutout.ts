import { z } from "../../base/zod.ts";
import { tf } from "../../engine/mod.ts";
import { blankCircle, blankSquare } from "../blank.ts";
import { perPixel, sidesOf } from "../broadcast.ts";
import type { Law } from "../laws.ts";
import type { DrawnArrays, DrawnTensors, ImageArray, PixelKind, Site, Written } from "../step.ts";

/** What both forms of {@linkcode Cutout} have. */
export interface CutoutFields {
  op: "cutout";
  /** How many an image; they may overlap. @default {1} */
  number: number;
  /** Value of what is blotted out. @default {0} */
  value: number;
}

/** A square blotted out. */
export interface SquareCutout extends CutoutFields {
  shape: "square";
  /** Side in pixels. */
  size: number;
}

/** A circle blotted out. */
export interface CircleCutout extends CutoutFields {
  shape: "circle";
  /** In pixels. */
  radius: number;
}

/**
 * Blots out parts of images. A square's middle lies anywhere, so that the border may cut it; a circle lies inside.
 *
 * Source: squares as DeVries and Taylor, arXiv 1708.04552; circles as pyBIA's `random_cutout`, whose `mask_size` is the radius.
 */
export type Cutout = SquareCutout | CircleCutout;

const fields = {
  op: z.literal("cutout"),
  number: z.int().positive().default(1),
  value: z.number().default(0),
} as const;

/** Checks {@linkcode Cutout}. */
export const cutoutSchema: z.ZodType<Cutout, Written<Cutout, "number" | "value">> = z.discriminatedUnion(
  "shape",
  [
    z.strictObject({ ...fields, shape: z.literal("square"), size: z.number().positive() }),
    z.strictObject({ ...fields, shape: z.literal("circle"), radius: z.int().positive() }),
  ],
);

/** Parts blotted out. */
export const cutout: PixelKind<Cutout> = {
  kind: "pixels",
  laws(step, { height, width }: Site) {
    const law = (side: number): Law => {
      const shape = [step.number];
      if (step.shape === "square") return { law: "uniform", low: 0, high: side, shape };
      if (side > 2 * step.radius) {
        return { law: "whole", low: step.radius, high: side - step.radius - 1, shape };
      }
      throw new RangeError(
        `Cannot cut out circles as they must fit the image: got radius ${step.radius} and ${height} × ${width} pixels`,
      );
    };
    return { rows: law(height), columns: law(width) };
  },
  tensor(step: Cutout, image: tf.Tensor, { rows, columns }: DrawnTensors): tf.Tensor {
    const [height, width] = sidesOf(image), batch = image.shape[0];
    let kept: tf.Tensor | undefined;
    for (let k = 0; k < step.number; k++) {
      const away = (middles: tf.Tensor, length: number, shape: number[], half: number) =>
        tf.sub(
          tf.reshape(tf.add(tf.range(0, length), half), shape),
          tf.reshape(tf.slice(middles, [0, k], [batch, 1]), [batch, 1, 1]),
        );
      const half = step.shape === "square" ? 0.5 : 0;
      const down = away(rows, height, [1, height, 1], half),
        across = away(columns, width, [1, 1, width], half);
      const outside = step.shape === "square"
        ? tf.logicalOr(tf.greater(tf.abs(down), step.size / 2), tf.greater(tf.abs(across), step.size / 2))
        : tf.greater(tf.add(tf.square(down), tf.square(across)), step.radius ** 2);
      const here = tf.cast(outside, "float32"); // [batch, height, width]
      kept = kept ? tf.mul(kept, here) : here;
    }
    const mask = perPixel(kept!, image.rank), blank = tf.mul(image, mask);
    return step.value === 0 ? blank : tf.add(blank, tf.mul(tf.sub(1, mask), step.value));
  },
  array(
    step: Cutout,
    { data, batch, frames, height, width, channels }: ImageArray,
    { rows, columns }: DrawnArrays,
  ) {
    const { number, value } = step;
    for (let plane = 0; plane < batch * frames; plane++) {
      const image = { data, at: plane * height * width * channels, height, width, channels };
      const first = Math.floor(plane / frames) * number;
      for (let k = first; k < first + number; k++) {
        const row = rows.data[k], column = columns.data[k];
        if (step.shape === "square") blankSquare(image, row, column, step.size / 2, value);
        else blankCircle(image, row, column, step.radius, value);
      }
    }
  },
};
