import { z } from "../../base/zod.ts";
import { sameType } from "../frame.ts";
import { axesOf } from "./pixels.ts";
import type { StepKind } from "./step.ts";

/** Some of the channels, in the order given. */
export interface SelectBandsStep {
  op: "selectBands";
  /** Counted from 0. */
  bands: number[];
}

/** The step "selectBands". */
export const selectBands: StepKind<SelectBandsStep> = {
  op: "selectBands",
  schema: () =>
    z.strictObject({
      op: z.literal("selectBands"),
      bands: z.array(z.number().int().nonnegative()).min(1),
    }),
  pointwise: true,
  shapeAfter({ bands }, shape) {
    const { before, height, width, channels } = axesOf(shape);
    const missing = bands.find((band) => band >= channels);
    if (missing !== undefined) {
      throw new RangeError(`Cannot select band ${missing}: there are ${channels}, counted from 0`);
    }
    return [...before, height, width, bands.length];
  },
  whiteAfter: (_step, white) => white,
  apply({ bands }, { data, shape }) {
    const { channels } = axesOf(shape), pixels = data.length / channels;
    const out = sameType(data, pixels * bands.length);
    for (let pixel = 0; pixel < pixels; pixel++) {
      for (let i = 0; i < bands.length; i++) {
        out[pixel * bands.length + i] = data[pixel * channels + bands[i]];
      }
    }
    return { data: out, shape: [...shape.slice(0, -1), bands.length] };
  },
  ops: ({ bands }) => [{ op: "selectChannels", channels: bands }],
};
