/** Hits of a tracker's event, of which the model sees a picture; in a file, columns of hits, or the pictures themselves. @module */
import type { InputKind } from "../input_kind.ts";

/** An event of a tracker of drift cells. */
export const hits: InputKind = {
  kind: "hits",
  noun: "hits of a tracker",
  shapes: "[…, channels]",
  fits: (shape) => shape.length === 3 || shape.length === 4,
  layout(wanted, shape) {
    const extra = shape.length - wanted.length;
    const isSame = (from: number) => wanted.every((side, axis) => side === shape[from + axis]);
    if (extra === 1 && isSame(1)) return { examples: shape[0], shape: wanted };
    return extra === 0 && isSame(0) ? { examples: 1, shape: wanted } : undefined;
  },
};
