/** A picture that the model makes: reconstructed, denoised or generated. @module */
import { z } from "../../base/zod.ts";
import { limitsSchema, nameSchema, type Optional } from "../fields.ts";
import type { DisplayPicture, OutputKind } from "../output_kind.ts";
import { column, figures, measured, nested } from "../words.ts";

/** A picture [height, width, channels], or a volume [frames, height, width, channels]. */
export interface ImageOutput {
  name: string;
  kind: "image";
  units: string;
  /** Values drawn black and white. @default {the lowest and highest of the picture} */
  range?: [low: number, high: number];
}

/** As it may be written: units may be left out. */
export type ImageOutputInput = Optional<ImageOutput, "units">;

/** A picture that the model made. */
export interface ImageAnswer {
  kind: "image";
  units: string;
  /** [height, width, channels], or with frames before them. */
  shape: number[];
  /** Row-major, in units. */
  data: Float32Array;
  /** Values drawn black and white. */
  range: [low: number, high: number];
}

/** The lowest and the highest value. */
function limitsOf(values: ArrayLike<number>): [low: number, high: number] {
  let low = Infinity, high = -Infinity;
  for (let i = 0; i < values.length; i++) {
    low = Math.min(low, values[i]);
    high = Math.max(high, values[i]);
  }
  return [low, high];
}

/** From black to white; of a volume its middle frame, of other than three channels the first. */
function pictureOf({ shape, data, range: [low, high] }: ImageAnswer): DisplayPicture {
  const [height, width, channels] = shape.slice(-3);
  const frames = data.length / (height * width * channels);
  const first = Math.floor(frames / 2) * height * width * channels;
  const drawn = channels === 3 ? 3 : 1;
  const scale = high > low ? 255 / (high - low) : 0;
  const out = new Uint8Array(height * width * drawn);
  for (let p = 0; p < height * width; p++) {
    for (let c = 0; c < drawn; c++) {
      const value = (data[first + p * channels + c] - low) * scale;
      out[p * drawn + c] = Math.min(Math.max(Math.round(value), 0), 255);
    }
  }
  return { height, width, channels: drawn, data: out, over: false };
}

/** See {@linkcode ImageOutput}. */
export const image: OutputKind<ImageOutput, ImageAnswer> = {
  kind: "image",
  schema: z.strictObject({
    name: nameSchema,
    kind: z.literal("image"),
    units: z.string().default(""),
    range: limitsSchema.optional(),
  }),
  drawing: "images",
  fits: (_, shape) => shape.length === 3 || shape.length === 4,
  shapes: () => "[batch, height, width, channels] or [batch, frames, height, width, channels]",
  read: ({ units, range }, { shape, data }) => ({
    kind: "image",
    units,
    shape: [...shape],
    data: Float32Array.from(data),
    range: range ?? limitsOf(data),
  }),
  json: ({ kind, units, shape, data, range }) => ({ kind, units, shape, range, data: nested(data, shape) }),
  answerSchema: {
    type: "object",
    properties: {
      kind: { const: "image" },
      units: { type: "string" },
      shape: { type: "array", items: { type: "integer" } },
      range: { type: "array", items: { type: "number" } },
      data: { type: "array", description: "Values, nested as shape says" },
    },
    required: ["kind", "units", "shape", "data"],
  },
  display(answer) {
    const [low, high] = limitsOf(answer.data);
    const text = `${answer.shape.join(" × ")}, from ${measured(low)} to ${measured(high)} ${answer.units}`;
    return { text: text.trim(), picture: pictureOf(answer) };
  },
  columns(name, { units, data }) {
    const [low, high] = limitsOf(data);
    const mean = data.reduce((sum, value) => sum + value, 0) / data.length;
    return {
      [column(`${name}_mean`, units)]: figures(mean),
      [column(`${name}_low`, units)]: figures(low),
      [column(`${name}_high`, units)]: figures(high),
    };
  },
  array: ({ shape, data }) => ({ data, shape }),
};
