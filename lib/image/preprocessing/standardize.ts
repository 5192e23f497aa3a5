import { z } from "../../base/zod.ts";
import { axesOf, emptyLike } from "./pixels.ts";
import { checkPerChannel, common, perChannel, type StepKind, valuesFor } from "./step.ts";

/** `(value - mean) / std`, with the training set's numbers. */
export interface StandardizeStep {
  op: "standardize";
  /** One for all channels, or one each. */
  mean: number | number[];
  /** One for all channels, or one each. */
  std: number | number[];
}

const positive = z.number().positive();

/** The step "standardize". */
export const standardize: StepKind<StandardizeStep> = {
  op: "standardize",
  schema: () =>
    z.strictObject({
      op: z.literal("standardize"),
      mean: perChannel,
      std: z.union([positive, z.array(positive).min(1)]),
    }),
  pointwise: true,
  shapeAfter({ mean, std }, shape) {
    axesOf(shape);
    checkPerChannel("standardize", mean, shape);
    checkPerChannel("standardize", std, shape);
    return [...shape];
  },
  whiteAfter: ({ mean, std }, white) => (white - common(mean)) / common(std),
  apply({ mean, std }, pixels) {
    const { data } = pixels, { channels } = axesOf(pixels.shape), out = emptyLike(pixels);
    const units = valuesFor(std, channels);
    valuesFor(mean, channels).forEach((middle, channel) => {
      const unit = units[channel];
      for (let i = channel; i < data.length; i += channels) out.data[i] = (data[i] - middle) / unit;
    });
    return out;
  },
  ops({ mean, std }) {
    const offset = typeof mean === "number" ? -mean : mean.map((value) => -value);
    const factor = typeof std === "number" ? 1 / std : std.map((value) => 1 / value);
    return [{ op: "affine", factor: 1, offset }, { op: "affine", factor, offset: 0 }];
  },
};
