/** Numbers without a picture: [columns], or [rows, columns] such as the hits of an event. @module */
import type { InputKind } from "../input_kind.ts";

/** Measured quantities in a row, or a table of them. */
export const columns: InputKind = {
  kind: "columns",
  noun: "numbers",
  shapes: "[columns] or [rows, columns]",
  fits: (shape) => shape.length === 1 || shape.length === 2,
  layout(wanted, shape) {
    const extra = shape.length - wanted.length;
    if (extra !== 0 && extra !== 1) return undefined;
    const own = shape.slice(extra);
    const same = own.every((side, axis) => side === wanted[axis]);
    return same ? { examples: extra === 1 ? shape[0] : 1, shape: own } : undefined;
  },
};
