/** A stack of frames in time or depth: [frames, height, width, channels]. @module */
import type { InputKind } from "../input_kind.ts";

/** Frames that belong together. */
export const volume: InputKind = {
  kind: "volume",
  noun: "a volume",
  shapes: "[frames, height, width, channels]",
  fits: (shape) => shape.length === 4,
  layout(wanted, shape) {
    const [frames, , , channels] = wanted;
    if (shape.length === 5) return { examples: shape[0], shape: shape.slice(1) };
    if (shape.length === 4 && shape[3] === channels && shape[0] === frames) return { examples: 1, shape };
    if (channels !== 1) return undefined;
    if (shape.length === 4) return { examples: shape[0], shape: [...shape.slice(1), 1] };
    return shape.length === 3 ? { examples: 1, shape: [...shape, 1] } : undefined;
  },
};
