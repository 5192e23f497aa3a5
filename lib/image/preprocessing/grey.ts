import { z } from "../../base/zod.ts";
import { GREY_WEIGHTS, toGrey } from "../grey.ts";
import { axesOf, mapFrames } from "./pixels.ts";
import type { StepKind } from "./step.ts";

/** To one channel: BT.601 luma of RGB; an alpha channel is left out; one channel stays as it is. */
export interface GreyStep {
  op: "grey";
}

/** The step "grey". */
export const grey: StepKind<GreyStep> = {
  op: "grey",
  schema: () => z.strictObject({ op: z.literal("grey") }),
  pointwise: true,
  shapeAfter(_step, shape) {
    const { before, height, width, channels } = axesOf(shape);
    if (channels > 4) {
      throw new TypeError(`Cannot apply "grey" as there must be 1 to 4 channels: got ${channels}`);
    }
    return [...before, height, width, 1];
  },
  whiteAfter: (_step, white) => white,
  apply(_step, pixels) {
    if (axesOf(pixels.shape).channels === 1) return pixels;
    return mapFrames(pixels, (frame) => ({ ...toGrey(frame), channels: 1 }));
  },
  ops(_step, shape) {
    const { channels } = axesOf(shape);
    if (channels === 1) return [];
    const color = [...GREY_WEIGHTS, 0].slice(0, channels);
    return [{ op: "mixChannels", weights: channels === 2 ? [1, 0] : color }];
  },
};
