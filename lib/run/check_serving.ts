/**
 * Whether the exported model says of raw examples what the trained one said in training: the whole way from a picture as
 * a user has it, through the card's preprocessing and ONNX Runtime, against `predict`.
 * @module
 */
import type { Card } from "../card/mod.ts";
import type { NdArray } from "../data/source.ts";
import type { Image } from "../io/image.ts";
import { prepareInput } from "../score/prepare.ts";
import { fromImage, type RawArray } from "../score/raw_array.ts";
import { openSession } from "../score/session.ts";
import type { Predictions } from "../train/mod.ts";
import type { RawExample } from "./experiment.ts";

/** Largest difference that rounding explains, relative to outputs of the size of one and absolute below. */
export const SERVING_TOLERANCE = 1e-4;

/** What {@linkcode checkServing} compares. */
export interface ServingCheck {
  card: Card;
  /** The bytes of model.onnx. */
  onnx: Uint8Array;
  raw: readonly RawExample[];
  /** Rows of the predictions, one a raw example. */
  rows: readonly number[];
  predictions: Predictions;
}

/** How far training and serving are apart. */
export interface ServingDifference {
  /** Largest difference of an output's value, over the larger of one and that value. */
  largest: number;
  /** Examples compared. */
  examples: number;
}

/**
 * Scores raw examples as a server would, and compares.
 *
 * @throws {Error} If a difference is above {@linkcode SERVING_TOLERANCE}, naming output and example.
 */
export async function checkServing(check: ServingCheck): Promise<ServingDifference> {
  const { card, onnx, raw, rows, predictions } = check;
  const session = await openSession(onnx);
  let largest = 0;
  try {
    for (const [i, example] of raw.entries()) {
      const tensors = card.inputs.map((input, place) => ({
        name: input.name,
        type: "FP32" as const,
        shape: [1, ...input.shape],
        data: prepareRaw(card, place, example[input.name] ?? Object.values(example)[place]),
      }));
      for (const { name, data } of await session.run(tensors)) {
        const { data: all, shape } = predictions[name];
        const width = all.length / shape[0];
        const expected = all.subarray(rows[i] * width, (rows[i] + 1) * width);
        const apart = largestDifference(data as Float32Array, expected);
        if (!(apart <= SERVING_TOLERANCE)) throw differenceError(card.name, name, rows[i], apart);
        largest = Math.max(largest, apart);
      }
    }
  } finally {
    await session.close();
  }
  return { largest, examples: raw.length };
}

/** One input of one example as scoring prepares it. */
export function prepareRaw(card: Card, place: number, raw: Image | NdArray): Float32Array {
  const array = "height" in raw ? fromImage(raw) : arrayOf(raw);
  return prepareInput(card, card.inputs[place], array).data;
}

/** An array of one example as a file would hold it. */
function arrayOf({ data, shape }: NdArray): RawArray {
  if (data instanceof Uint8Array) return { data, shape, dtype: "u1" };
  return { data: Float32Array.from(data), shape, dtype: "f4" };
}

function largestDifference(values: ArrayLike<number>, expected: Float32Array): number {
  if (values.length !== expected.length) return Infinity;
  let largest = 0;
  for (let i = 0; i < expected.length; i++) {
    const apart = Math.abs(Number(values[i]) - expected[i]) / Math.max(1, Math.abs(expected[i]));
    if (!(apart <= largest)) largest = apart;
  }
  return largest;
}

function differenceError(model: string, output: string, row: number, apart: number): Error {
  return new Error(
    `Cannot export "${model}" as serving it would not say what training said: output "${output}" of test example ${row} ` +
      `differs by ${
        apart.toPrecision(2)
      } (at most ${SERVING_TOLERANCE}); is the card's preprocessing what the recipe does?`,
  );
}
