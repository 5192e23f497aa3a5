/** A picture, grey or in colours: [height, width, channels]. @module */
import type { InputKind } from "../input_kind.ts";

/** Grey, grey and opacity, RGB, RGB and opacity. */
const MOST_CHANNELS = 4;

/** A picture as cameras and files have it. */
export const picture: InputKind = {
  kind: "picture",
  noun: "a picture",
  shapes: "[height, width, 1 to 4]",
  fits: (shape) => shape.length === 3 && shape[2] <= MOST_CHANNELS,
  layout([height, width], shape) {
    if (shape.length === 2) return { examples: 1, shape: [...shape, 1] };
    const isNarrow = shape.length === 3 && shape[1] === height && shape[2] === width; // a stack of tiny pictures
    const isInColours = shape.at(-1)! <= MOST_CHANNELS && !isNarrow;
    if (shape.length === 3 && isInColours) return { examples: 1, shape };
    if (shape.length === 3) return { examples: shape[0], shape: [...shape.slice(1), 1] };
    if (shape.length === 4 && isInColours) return { examples: shape[0], shape: shape.slice(1) };
    return undefined;
  },
};
