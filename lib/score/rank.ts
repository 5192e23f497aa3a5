/** A large set in order of a model's answer: scored slab by slab, so that a survey need not fit into memory. @module */
import { heedStop } from "../base/stop_button.ts";
import type { Card } from "../card/card.ts";
import type { FileArray } from "../io/file_array.ts";
import { prepareExample } from "./prepare.ts";
import { inputTensors, type Scorer } from "./scorer.ts";
import { exampleShape, readSlab, slabRows } from "./slabs.ts";
import { countValues, type Tensor } from "./tensor.ts";
import type { ValueRange } from "./value_range.ts";

/** Options for {@linkcode rankArray}. */
export interface RankOptions {
  /** Which label of an output of several classes is looked for. @default {the second of two} */
  label?: string;
  /** Black and white of the file, where the model takes pictures by their range and the file has more than 8 bits. */
  range?: ValueRange;
  /** Most examples scored at once. @default {16 of a small model, else 128} */
  batch?: number;
  /** Takes how many examples are scored. */
  onProgress?: (done: number, total: number) => void;
  /** Ends the ranking. */
  signal?: AbortSignal;
}

/** What {@linkcode rankArray} found. */
export interface Ranking {
  /** What the scores are of: an output and one of its labels. */
  of: string;
  /** By example; NaN where one could not be scored. */
  scores: Float32Array;
  /** Numbers of the examples that were scored, the highest score first; among equals the first example. */
  order: Uint32Array;
  /** How many could not be scored. */
  failed: number;
  /** Why the first of them failed. */
  reason?: string;
}

/**
 * A model whose weights stay in a processor's cache. What lies between its layers does so only in small batches, which take a
 * quarter less time; the weights of a larger one are read from memory for every batch, so that batches should be large.
 */
const SMALL_MODEL = 2 ** 22;

/** Which value of an output's row is the score. @throws {TypeError} If no output says one. */
function columnOf({ name, outputs }: Pick<Card, "name" | "outputs">, label: string | undefined) {
  for (const output of outputs) {
    const labels = "labels" in output ? output.labels as readonly string[] : undefined;
    if (output.kind === "value" && label === undefined) {
      return { output: output.name, column: 0, of: output.name };
    }
    if (output.kind !== "probability" && output.kind !== "classes" && output.kind !== "labels") continue;
    const column = label === undefined && labels!.length === 2 ? 1 : labels!.indexOf(label ?? "");
    if (column < 0) continue;
    const isSingle = output.kind === "probability";
    if (isSingle && column === 0) continue;
    return { output: output.name, column: isSingle ? -1 : column, of: `${output.name}: ${labels![column]}` };
  }
  const known = outputs.flatMap((output) => "labels" in output ? output.labels as string[] : []);
  throw new TypeError(
    `Cannot rank by "${name}" as it gives no score of ${label === undefined ? "one label" : `"${label}"`}: ` +
      `its labels are ${known.join(", ") || "none"}`,
  );
}

/**
 * Scores every example of an array, and puts them in order.
 *
 * Two slabs are under way at a time: one is read and prepared while the model is asked about the other. Memory: the slabs, and
 * four bytes an example.
 *
 * @param scorer Of a model of one input.
 * @param array [examples, …], of a file that may be larger than memory.
 * @throws {TypeError} If the model gives no single score, or the array is none of its input.
 * @throws {RangeError} If what is black and white in the file must be known and is not.
 */
export async function rankArray(
  scorer: Scorer,
  array: FileArray,
  options: RankOptions = {},
): Promise<Ranking> {
  const { card } = scorer, { onProgress } = options;
  using stop = heedStop(options.signal);
  const { output, column, of } = columnOf(card, options.label), [input] = card.inputs;
  const { range } = options, shape = exampleShape(card, array, { what: "rank", range });
  const { batch: most = scorer.bytes < SMALL_MODEL ? 16 : 128 } = options;
  const total = array.shape[0], batch = slabRows(shape, most);
  const scores = new Float32Array(total).fill(NaN);
  let failed = 0, reason: string | undefined, done = 0;
  const scoreSlab = async (first: number) => {
    const end = Math.min(total, first + batch), slab = await readSlab(array, [first, end], shape);
    const rows: number[] = [], prepared: Map<string, Float32Array>[] = [];
    for (const [i, values] of slab.entries()) {
      const row = first + i;
      try {
        prepared.push(prepareExample(card, { [input.name]: values }, range ? { range } : {}).values);
        rows.push(row);
      } catch (error) {
        failed++;
        reason ??= `example ${row}: ${(error as Error).message}`;
      }
    }
    if (rows.length > 0) {
      const tensors = await scorer.infer(inputTensors(card, scorer.inputs, prepared));
      const { data, shape } = tensors.find(({ name }) => name === output) as Tensor;
      const width = countValues(shape.slice(1)), at = column < 0 ? width - 1 : column;
      rows.forEach((row, i) => scores[row] = Number(data[i * width + at]));
    }
    done += end - first;
    onProgress?.(done, total);
  };
  let before: Promise<void> = Promise.resolve();
  for (let first = 0; first < total; first += batch) {
    stop.signal?.throwIfAborted();
    const slab = scoreSlab(first);
    slab.catch(() => {}); // it is awaited with the next one
    await before;
    before = slab;
  }
  await before;
  const order = Uint32Array.from(scores.keys()).filter((row) => !Number.isNaN(scores[row]))
    .sort((a, b) => scores[b] - scores[a] || a - b);
  return { of, scores, order, failed, reason };
}
