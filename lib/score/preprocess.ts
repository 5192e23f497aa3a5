/**
 * From a decoded picture to a model's input, as the card's preprocessing says: data, never code. Steps run in order on
 * float32 [height, width, channels]. @module
 */
import { cropCenter } from "../image/crop_center.ts";
import type { Pixels } from "../image/frame.ts";
import { toGrey } from "../image/grey.ts";
import { invertIfBright } from "../image/invert.ts";
import { resize } from "../image/resize.ts";
import { windowCounts } from "../image/window_counts.ts";
import type { Image } from "../io/image.ts";
import type { Card } from "../card/card.ts";
import type { PreprocessingStep } from "../card/preprocessing.ts";
import { checkWhole } from "../card/wholeness.ts";

/** A picture on its way to the model. */
interface Step {
  pixels: Pixels;
  /** What a white pixel has at this point. */
  white: number;
}

/** Rows and columns of a frame that a model looks at, from `first` to before `end`. */
export interface Region {
  rows: readonly [first: number, end: number];
  columns: readonly [first: number, end: number];
}

/**
 * The part of a frame that a model looks at, so that a decoder can leave out the rest.
 *
 * Known where a central crop comes before any step that looks at neighbours.
 *
 * @returns undefined where the whole frame is needed, or the crop does not fit into it.
 * @example
 * ```ts
 * import { regionOf } from "./preprocess.ts";
 * regionOf([{ op: "cropCenter", size: 128 }], 576, 576); // rows and columns from 224 to before 352
 * ```
 */
export function regionOf(
  steps: readonly PreprocessingStep[],
  height: number,
  width: number,
): Region | undefined {
  for (const step of steps) {
    if (step.op === "cropCenter") {
      const { size } = step;
      if (size > height || size > width) return undefined;
      const top = Math.floor((height - size) / 2), left = Math.floor((width - size) / 2);
      return { rows: [top, top + size], columns: [left, left + size] };
    }
    if (step.op !== "grey" && step.op !== "window" && step.op !== "scale") return undefined;
  }
  return undefined;
}

/**
 * Applies a card's preprocessing to a picture.
 *
 * An alpha channel is dropped; a colour picture for a one-channel model becomes grey (ITU-R BT.601 weights) even where
 * the card has no such step; 16 bits are brought to the range of 8 where the input is a "fraction of full scale".
 *
 * @param card Its first input's shape, [height, width, channels], is what comes out.
 * @param image Any depth; not modified.
 * @returns float32 values, row-major.
 * @throws {TypeError} If the picture ends in another shape than the model's input, naming both.
 * @throws {RangeError} If the picture is smaller than a crop.
 * @throws {NotWholeError} If a pixel is not a number.
 * @example A window of camera counts
 * ```ts
 * import { prepareImage } from "./preprocess.ts";
 * const card = {
 *   name: "tiny",
 *   inputs: [{ name: "image", shape: [1, 2, 1], dtype: "float32" as const, units: "" }],
 *   preprocessing: [{ op: "window" as const, low: 60, high: 130 }],
 * };
 * prepareImage(card, { data: Uint8Array.of(95, 200), height: 1, width: 2, channels: 1, depth: 8 }); // 0.5, 1
 * ```
 */
export function prepareImage(
  card: Pick<Card, "name" | "inputs" | "preprocessing">,
  image: Image,
): Float32Array {
  const [{ shape: wanted, units }] = card.inputs;
  if (image.data instanceof Float32Array) {
    checkWhole(image.data, [image.height, image.width, image.channels], "the picture");
  }
  let step = startOf(image, units);
  for (const next of card.preprocessing) step = applyStep(step, next);
  let { pixels } = step;
  if (wanted[wanted.length - 1] === 1 && pixels.channels === 3) pixels = { ...toGrey(pixels), channels: 1 };
  const { data, height, width, channels } = pixels;
  const fits = wanted.length === 3 && height === wanted[0] && width === wanted[1] && channels === wanted[2];
  if (!fits) {
    throw new TypeError(
      `Cannot score a picture of ${image.height} × ${image.width} × ${image.channels} with "${card.name}" as its input ` +
        `is [${wanted}]: after preprocessing the picture is [${height},${width},${channels}]`,
    );
  }
  return data instanceof Float32Array ? data : Float32Array.from(data);
}

/** Without alpha; 16 bits brought to the range of 8 for a model that takes a fraction of full scale, not counts. */
function startOf(image: Image, units: string): Step {
  const { data, height, width, channels, depth } = image;
  const kept = channels === 2 || channels === 4 ? channels - 1 : channels;
  const scale = depth === 16 && units === "fraction of full scale" ? 255 / 65535 : 1;
  const white = depth === 32 ? 1 : (2 ** depth - 1) * scale;
  if (kept === channels && scale === 1) return { pixels: { data, height, width, channels }, white };
  const out = new Float32Array(height * width * kept);
  for (let p = 0; p < height * width; p++) {
    for (let c = 0; c < kept; c++) out[p * kept + c] = data[p * channels + c] * scale;
  }
  return { pixels: { data: out, height, width, channels: kept }, white };
}

function applyStep({ pixels, white }: Step, step: PreprocessingStep): Step {
  switch (step.op) {
    case "grey":
      return { pixels: pixels.channels === 1 ? pixels : { ...toGrey(pixels), channels: 1 }, white };
    case "resize": {
      const { height, width } = step;
      const same = pixels.height === height && pixels.width === width;
      return { pixels: same ? pixels : resize(pixels, height, width), white };
    }
    case "cropCenter": {
      const same = pixels.height === step.size && pixels.width === step.size;
      return { pixels: same ? pixels : cropCenter(pixels, step.size), white };
    }
    case "window":
      return { pixels: windowCounts(pixels, step.low, step.high), white: 1 };
    case "scale": {
      const { factor, offset } = step;
      const from = pixels.data, data = new Float32Array(from.length);
      for (let i = 0; i < from.length; i++) data[i] = from[i] * factor + offset; // ten times as fast as Float32Array.from
      return { pixels: { ...pixels, data }, white: white * factor + offset };
    }
    case "invertIfBright":
      return { pixels: invertIfBright(pixels, white), white };
  }
}
