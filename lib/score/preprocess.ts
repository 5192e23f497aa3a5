/**
 * From a decoded picture to a model's input, as the card's preprocessing says: data, never code. Steps run in order on
 * float32 [height, width, channels]. @module
 */
import type { Image } from "../io/image.ts";
import type { Card, PreprocessingStep } from "../store/card.ts";

/** Values on their way to the model: row-major, interleaved channels. */
interface Field {
  data: Float32Array;
  height: number;
  width: number;
  channels: number;
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
 * the card has no such step.
 *
 * @param card Its first input's shape, [height, width, channels], is what comes out.
 * @param image Any depth; not modified.
 * @returns float32 values, row-major.
 * @throws {TypeError} If the picture ends in another shape than the model's input, naming both.
 * @throws {RangeError} If the picture is smaller than a crop.
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
  let field = withoutAlpha(image);
  for (const step of card.preprocessing) field = applyStep(field, step);
  const wanted = card.inputs[0].shape;
  if (wanted[wanted.length - 1] === 1 && field.channels === 3) field = grey(field);
  const fits = wanted.length === 3 && field.height === wanted[0] && field.width === wanted[1] &&
    field.channels === wanted[2];
  if (!fits) {
    throw new TypeError(
      `Cannot score a picture of ${image.height} × ${image.width} × ${image.channels} with "${card.name}" as its input ` +
        `is [${wanted}]: after preprocessing the picture is [${field.height},${field.width},${field.channels}]`,
    );
  }
  return field.data;
}

function applyStep(field: Field, step: PreprocessingStep): Field {
  switch (step.op) {
    case "grey":
      return grey(field);
    case "resize":
      return resize(field, step.height, step.width);
    case "cropCenter":
      return cropCenter(field, step.size);
    case "window": {
      const { low, high } = step;
      return {
        ...mapValues(field, (x) => (Math.min(Math.max(x, low), high) - low) / (high - low)),
        white: 1,
      };
    }
    case "scale": {
      const { factor, offset } = step;
      return { ...mapValues(field, (x) => x * factor + offset), white: field.white * factor + offset };
    }
    case "invertIfBright":
      return invertIfBright(field);
  }
}

/** A fresh float32 copy with 1 or 3 channels. */
function withoutAlpha({ data, height, width, channels, depth }: Image): Field {
  const white = depth === 32 ? 1 : 2 ** depth - 1;
  if (channels === 1 || channels === 3) {
    return { data: Float32Array.from(data), height, width, channels, white };
  }
  const kept = channels - 1, pixels = height * width;
  const out = new Float32Array(pixels * kept);
  for (let p = 0; p < pixels; p++) {
    for (let c = 0; c < kept; c++) out[p * kept + c] = data[p * channels + c];
  }
  return { data: out, height, width, channels: kept, white };
}

function mapValues(field: Field, map: (value: number) => number): Field {
  const { data } = field;
  for (let i = 0; i < data.length; i++) data[i] = map(data[i]); // the field is ours alone
  return field;
}

function grey(field: Field): Field {
  const { data, height, width, channels } = field;
  if (channels === 1) return field;
  const out = new Float32Array(height * width);
  for (let p = 0; p < out.length; p++) {
    out[p] = 0.299 * data[p * channels] + 0.587 * data[p * channels + 1] + 0.114 * data[p * channels + 2];
  }
  return { ...field, data: out, channels: 1 };
}

/** The same first row and column as `lib/image`'s `cropCenter`, for any number of channels. */
function cropCenter(field: Field, size: number): Field {
  const { data, height, width, channels } = field;
  if (size === height && size === width) return field;
  if (size > height || size > width) {
    throw new RangeError(`Cannot crop ${size} × ${size} pixels as the picture is ${height} × ${width}`);
  }
  const top = Math.floor((height - size) / 2), left = Math.floor((width - size) / 2);
  const out = new Float32Array(size * size * channels);
  for (let r = 0; r < size; r++) {
    const start = ((top + r) * width + left) * channels;
    out.set(data.subarray(start, start + size * channels), r * size * channels);
  }
  return { ...field, data: out, height: size, width: size };
}

/** Averages the input area of each output pixel when shrinking, interpolates linearly when growing; axis by axis. */
function resize(field: Field, height: number, width: number): Field {
  const { data, channels } = field;
  if (height === field.height && width === field.width) return field;
  const rows = weightsOf(field.height, height), columns = weightsOf(field.width, width);
  const half = new Float32Array(height * field.width * channels), stride = field.width * channels;
  for (let r = 0; r < height; r++) {
    for (const [source, weight] of rows[r]) {
      for (let i = 0; i < stride; i++) half[r * stride + i] += weight * data[source * stride + i];
    }
  }
  const out = new Float32Array(height * width * channels);
  for (let r = 0; r < height; r++) {
    for (let c = 0; c < width; c++) {
      const target = (r * width + c) * channels;
      for (const [source, weight] of columns[c]) {
        for (let k = 0; k < channels; k++) {
          out[target + k] += weight * half[r * stride + source * channels + k];
        }
      }
    }
  }
  return { ...field, data: out, height, width };
}

/** For each output position, which input positions it takes and by what share; the shares add up to 1. */
function weightsOf(from: number, to: number): [source: number, weight: number][][] {
  const step = from / to, reach = Math.max(step, 1);
  return Array.from({ length: to }, (_, i) => {
    const center = (i + 0.5) * step - 0.5;
    const taken: [number, number][] = [];
    for (let s = Math.ceil(center - reach); s <= Math.floor(center + reach); s++) {
      const weight = 1 - Math.abs(s - center) / reach; // a triangle, as wide as the step when shrinking
      if (weight > 0) taken.push([Math.min(Math.max(s, 0), from - 1), weight]);
    }
    const sum = taken.reduce((total, [, weight]) => total + weight, 0);
    return taken.map(([source, weight]) => [source, weight / sum]);
  });
}

/** Dark writing on bright paper becomes bright on dark: told by the mean of the picture's edge. */
function invertIfBright(field: Field): Field {
  const { data, height, width, channels, white } = field;
  let sum = 0, count = 0;
  for (let r = 0; r < height; r++) {
    for (let c = 0; c < width; c++) {
      if (r > 0 && c > 0 && r < height - 1 && c < width - 1) continue;
      for (let k = 0; k < channels; k++) sum += data[(r * width + c) * channels + k];
      count += channels;
    }
  }
  return sum / count > white / 2 ? mapValues(field, (x) => white - x) : field;
}
