/**
 * How much each part of a picture matters for the answer: the part is covered, and the model asked again.
 *
 * Source: M. D. Zeiler and R. Fergus, "Visualizing and Understanding Convolutional Networks", ECCV 2014, section 4.2.
 * @module
 */
import type { Card } from "../store/card.ts";
import type { Tensor } from "./tensor.ts";

/** What {@linkcode occlusionMap} found. */
export interface Occlusion {
  /** Change of the answer when a place is covered, [rows, columns]: positive where it speaks for the answer. */
  values: Float32Array;
  rows: number;
  columns: number;
  /** Which output it is about. */
  output: string;
}

/** Options for {@linkcode occlusionMap}. */
export interface OcclusionOptions {
  /** Places along the longer side. @default {16} */
  places?: number;
  /** Pictures in one call of `infer`. @default {16} */
  batch?: number;
}

/** The number of an output row that the answer is about: the winning class's probability, or the value. */
function pickColumn(card: Pick<Card, "outputs">, row: ArrayLike<number>): (row: ArrayLike<number>) => number {
  const [output] = card.outputs;
  if (output.kind === "value") return (other) => other[0] * output.factor;
  if (output.kind === "probability" && row.length === 1) {
    return row[0] >= output.threshold ? (other) => other[0] : (other) => 1 - other[0];
  }
  let best = 0;
  for (let i = 1; i < row.length; i++) if (row[i] > row[best]) best = i;
  return (other) => other[best];
}

/**
 * Covers one place of a picture after the other with the picture's mean and measures how the first output changes.
 *
 * Shapes: the view is [height, width, channels], the map [rows, columns] with square places.
 *
 * @param card Its first input gives the shape, its first output the question.
 * @param view The picture as the model sees it.
 * @param infer Runs the model on a batch [n, height, width, channels] and gives its outputs.
 * @returns The answer's value uncovered minus covered, in the output's own terms.
 */
export async function occlusionMap(
  card: Pick<Card, "inputs" | "outputs">,
  view: Float32Array,
  infer: (input: Tensor) => Promise<readonly Tensor[]>,
  options: OcclusionOptions = {},
): Promise<Occlusion> {
  const { places = 16, batch = 16 } = options;
  const [{ name, shape }] = card.inputs, [{ name: output }] = card.outputs;
  const [height, width, channels] = shape;
  const side = Math.max(1, Math.ceil(Math.max(height, width) / places));
  const rows = Math.ceil(height / side), columns = Math.ceil(width / side);
  const mean = view.reduce((sum, value) => sum + value, 0) / view.length;
  const run = async (pictures: Float32Array[]): Promise<ArrayLike<number>[]> => {
    const data = new Float32Array(pictures.length * view.length);
    pictures.forEach((picture, i) => data.set(picture, i * view.length));
    const outputs = await infer({ name, type: "FP32", shape: [pictures.length, ...shape], data });
    const found = outputs.find((tensor) => tensor.name === output)?.data as Float32Array;
    const columns = found.length / pictures.length;
    return pictures.map((_, i) => found.subarray(i * columns, (i + 1) * columns));
  };
  const [whole] = await run([view]);
  const read = pickColumn(card, whole);
  const values = new Float32Array(rows * columns);
  for (let first = 0; first < values.length; first += batch) {
    const covered: Float32Array[] = [];
    for (let place = first; place < Math.min(first + batch, values.length); place++) {
      covered.push(
        cover(view, width, channels, Math.floor(place / columns) * side, place % columns * side, side, mean),
      );
    }
    const results = await run(covered);
    results.forEach((row, i) => values[first + i] = read(whole) - read(row));
  }
  return { values, rows, columns, output };
}

/** A copy with a square of pixels set to one value; what lies outside the picture is left away. */
function cover(
  view: Float32Array,
  width: number,
  channels: number,
  top: number,
  left: number,
  side: number,
  value: number,
): Float32Array {
  const copy = view.slice();
  const stride = width * channels, right = Math.min(left + side, width);
  for (let r = top; r < top + side && r * stride < copy.length; r++) {
    copy.fill(value, r * stride + left * channels, r * stride + right * channels);
  }
  return copy;
}
