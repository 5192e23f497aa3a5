import { z } from "../../base/zod.ts";
import { asinhValues } from "./asinh_values.ts";
import { axesOf, emptyLike } from "./pixels.ts";
import { checkPerChannel, common, type StepKind, valuesFor } from "./step.ts";

/**
 * `asinh(value / scale)`: linear up to about `scale` and logarithmic beyond, for pictures with faint and bright parts;
 * values below zero stay apart from zero, unlike under a logarithm.
 */
export interface AsinhStep {
  op: "asinh";
  /** In the values' units; one for all channels, or one each. */
  scale: number | number[];
}

const positive = z.number().positive();

/** The step "asinh". */
export const asinh: StepKind<AsinhStep> = {
  op: "asinh",
  schema: () =>
    z.strictObject({
      op: z.literal("asinh"),
      scale: z.union([positive, z.array(positive).min(1)]),
    }),
  pointwise: true,
  shapeAfter({ scale }, shape) {
    axesOf(shape);
    checkPerChannel("asinh", scale, shape);
    return [...shape];
  },
  whiteAfter: ({ scale }, white) => Math.asinh(white / common(scale)),
  apply({ scale }, pixels) {
    const { data } = pixels, { channels } = axesOf(pixels.shape), out = emptyLike(pixels);
    valuesFor(scale, channels).forEach((unit, channel) =>
      asinhValues(data, 1 / unit, out.data, channel, channels)
    );
    return out;
  },
  ops({ scale }) {
    const factor = typeof scale === "number" ? 1 / scale : scale.map((value) => 1 / value);
    return [{ op: "affine", factor, offset: 0 }, { op: "asinh" }];
  },
};
