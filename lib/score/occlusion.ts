/**
 * How much each part of a picture matters for the answer: the part is covered, and the model asked again.
 *
 * Source: M. D. Zeiler and R. Fergus, "Visualizing and Understanding Convolutional Networks", ECCV 2014, section 4.2.
 * @module
 */
import type { Card } from "../card/card.ts";
import type { Row } from "../card/output_kind.ts";
import { kindOf } from "../card/outputs/registry.ts";
import { sliceRows, type Tensor } from "./tensor.ts";

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

/** The first output that stands on one number. @throws {TypeError} If there is none. */
function questionOf({ outputs }: Pick<Card, "outputs">): Card["outputs"][number] {
  const found = outputs.find((output) => kindOf(output).focus);
  if (found) return found;
  const kinds = outputs.map(({ name, kind }) => `"${name}" is of kind ${kind}`).join(", ");
  throw new TypeError(`Cannot say what mattered as no output stands on one number: ${kinds}`);
}

/**
 * Covers one place of a picture after the other with the picture's mean and measures how an output changes: the first one
 * that stands on one number.
 *
 * Shapes: the view is [height, width, channels], the map [rows, columns] with square places.
 *
 * @param card Its first input gives the shape, its outputs the question.
 * @param view The picture as the model sees it.
 * @param infer Runs the model on a batch [n, height, width, channels] and gives its outputs.
 * @returns The answer's number uncovered minus covered, in the output's own terms.
 * @throws {TypeError} If no output stands on one number.
 */
export async function occlusionMap(
  card: Pick<Card, "inputs" | "outputs">,
  view: Float32Array,
  infer: (input: Tensor) => Promise<readonly Tensor[]>,
  options: OcclusionOptions = {},
): Promise<Occlusion> {
  const { places = 16, batch = 16 } = options;
  const [{ name, shape }] = card.inputs, output = questionOf(card);
  const [height, width, channels] = shape;
  const side = Math.max(1, Math.ceil(Math.max(height, width) / places));
  const rows = Math.ceil(height / side), columns = Math.ceil(width / side);
  const mean = view.reduce((sum, value) => sum + value, 0) / view.length;
  const run = async (pictures: Float32Array[]): Promise<Row[]> => {
    const data = new Float32Array(pictures.length * view.length);
    pictures.forEach((picture, i) => data.set(picture, i * view.length));
    const outputs = await infer({ name, type: "FP32", shape: [pictures.length, ...shape], data });
    const found = outputs.find((tensor) => tensor.name === output.name) as Tensor;
    return pictures.map((_, i) => {
      const { data, shape: [, ...shape] } = sliceRows(found, i, i + 1);
      return { data: data as Float32Array, shape };
    });
  };
  const [whole] = await run([view]);
  const read = kindOf(output).focus!(output, whole);
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
  return { values, rows, columns, output: output.name };
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
