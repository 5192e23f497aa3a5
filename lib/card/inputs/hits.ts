/** Hits of a tracker's event, of which the model sees a picture or points; in a file, columns of hits, or these themselves. @module */
import type { InputKind } from "../input_kind.ts";
import { columns } from "./columns.ts";

/** An event of a tracker of drift cells. */
export const hits: InputKind = {
  kind: "hits",
  noun: "hits of a tracker",
  shapes: "[…, channels]",
  fits: (shape) => shape.length >= 2 && shape.length <= 4,
  layout: columns.layout, // the pictures are taken as they are
};
