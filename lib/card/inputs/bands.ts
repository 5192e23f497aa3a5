/** Any number of bands of one field, none of which is a colour or an opacity: [height, width, bands]. @module */
import type { InputKind } from "../input_kind.ts";

/** What a telescope takes through one filter after the other. */
export const bands: InputKind = {
  kind: "bands",
  noun: "an image of several bands",
  shapes: "[height, width, bands]",
  fits: (shape) => shape.length === 3,
  layout(wanted, shape) {
    const count = wanted[2];
    if (shape.length === 2 && count === 1) return { examples: 1, shape: [...shape, 1] };
    if (shape.length !== 3 && shape.length !== 4) return undefined;
    const one = shape.slice(-3), examples = shape.length === 4 ? shape[0] : 1;
    if (one[2] === count) return { examples, shape: one };
    return one[0] === count ? { examples, shape: [one[1], one[2], count], bandsFirst: true } : undefined;
  },
};
