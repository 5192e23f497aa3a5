import { z } from "../../base/zod.ts";
import { centeredStart } from "../crop_center.ts";
import { sameType } from "../frame.ts";
import { axesOf, mapFrames, shapeText } from "./pixels.ts";
import { side, type StepKind } from "./step.ts";

/** Puts a picture in the middle of a larger one; an odd spare row is below, an odd spare column on the right. */
export interface PadStep {
  op: "pad";
  height: number;
  width: number;
  /** What surrounds the picture. */
  value: number;
}

/** The step "pad"; without `value`, 0. */
export const pad: StepKind<PadStep> = {
  op: "pad",
  schema: () =>
    z.strictObject({
      op: z.literal("pad"),
      height: side,
      width: side,
      value: z.number().default(0),
    }),
  pointwise: false,
  shapeAfter({ height, width }, shape) {
    const from = axesOf(shape);
    if (from.height > height || from.width > width) {
      throw new RangeError(
        `Cannot apply "pad" as the picture must fit into ${height} × ${width} pixels: it is ${
          shapeText(shape)
        }`,
      );
    }
    return [...from.before, height, width, from.channels];
  },
  whiteAfter: (_step, white) => white,
  apply({ height, width, value }, pixels) {
    return mapFrames(pixels, (frame) => {
      const { channels } = frame, line = frame.width * channels;
      const top = centeredStart(height, frame.height), left = centeredStart(width, frame.width);
      // Bytes cannot hold any value that may surround them.
      const data = frame.data instanceof Float32Array ? frame.data : Float32Array.from(frame.data);
      const out = sameType(data, height * width * channels).fill(value);
      for (let row = 0; row < frame.height; row++) {
        const at = ((top + row) * width + left) * channels;
        out.set(data.subarray(row * line, (row + 1) * line), at);
      }
      return { data: out, height, width, channels };
    });
  },
  ops({ height, width, value }, shape) {
    const from = axesOf(shape), none = from.before.map(() => 0);
    const top = centeredStart(height, from.height), left = centeredStart(width, from.width);
    const bottom = height - from.height - top, right = width - from.width - left;
    return [{ op: "pad", before: [...none, top, left, 0], after: [...none, bottom, right, 0], value }];
  },
};
