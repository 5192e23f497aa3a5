/**
 * What a step of augmentation is: its parameters' schema, the laws of its draws, and how it is applied by tensor ops and
 * in JavaScript with the same draws. Five kinds, told apart by what they do to an image.
 * @module
 */
import { z } from "../base/zod.ts";
import type { tf } from "../engine/mod.ts";
import type { Algebra } from "./numbers.ts";
import type { DrawnArray, Laws } from "./laws.ts";
import type { Motion } from "./motion.ts";

/**
 * What an array is to a step.
 *
 * `image`: values of pixels, [batch, height, width, bands] or [batch, frames, height, width, bands]; blended.
 * `mask`: labels of pixels, of the same sides, [batch, height, width] too; moved by the nearest pixel, never blended.
 * `points`: [batch, points, 2], row and column in pixels from the middle of the upper left pixel, or [batch, points, 3]
 * with the frame first.
 * `label`: what an example is, [batch, …], as float32: mixed where steps mix examples. `none`: left alone.
 */
export type Role = "image" | "mask" | "points" | "label" | "none";

/** An array as a step sees it before any value is there. */
export interface ArraySite {
  role: Role;
  /** Shape of one example. */
  shape: readonly number[];
}

/** What a step is applied to. */
export interface Site {
  batch: number;
  /** Rows and columns of images and masks. */
  height: number;
  width: number;
  arrays: Readonly<Record<string, ArraySite>>;
}

/** Images of a batch in JavaScript; frames and bands are 1 where there are none. */
export interface ImageArray {
  data: Float32Array;
  batch: number;
  frames: number;
  height: number;
  width: number;
  channels: number;
}

/** Rows of a batch in JavaScript. */
export interface RowArray {
  data: Float32Array;
  batch: number;
  /** Values an example. */
  size: number;
}

/** Draws of a step by name, as tensors. */
export type DrawnTensors = Readonly<Record<string, tf.Tensor>>;
/** Draws of a step by name, as arrays. */
export type DrawnArrays = Readonly<Record<string, DrawnArray>>;

/**
 * What lies beyond the border: a constant that the image blends into, the outermost pixels, a mirror, the other side;
 * in SciPy's words `grid-constant`, `nearest`, `reflect`, `grid-wrap`.
 */
export type Fill = "constant" | "nearest" | "reflect" | "wrap";

/** Checks {@linkcode Fill}. */
export const fillSchema: z.ZodType<Fill, Fill> = z.enum(["constant", "nearest", "reflect", "wrap"]);

/** How images are read between and beyond pixels. */
export interface Resampling {
  /** @default {"constant"} */
  fill: Fill;
  /** Value beyond the border of images where the fill is constant; masks get 0. @default {0} */
  value: number;
  /** @default {"bilinear"} */
  interpolation: "bilinear" | "nearest";
}

/** Checks the parameters of every step that reads between pixels. */
export const resamplingFields: {
  fill: z.ZodDefault<typeof fillSchema>;
  value: z.ZodDefault<z.ZodNumber>;
  interpolation: z.ZodDefault<z.ZodEnum<{ bilinear: "bilinear"; nearest: "nearest" }>>;
} = {
  fill: fillSchema.default("constant"),
  value: z.number().default(0),
  interpolation: z.enum(["bilinear", "nearest"]).default("bilinear"),
};

/** A value, or the range that each example draws its own from. */
export type Range = number | [low: number, high: number];

/** Checks {@linkcode Range}. */
export const rangeSchema: z.ZodType<Range, Range> = z.union([
  z.number(),
  z.tuple([z.number(), z.number()]).refine(([low, high]) => low <= high, "the range must go upwards"),
]);

/** A step as it is written: parameters that have a default may be left out. */
export type Written<S, Defaulted extends PropertyKey> = S extends unknown
  ? Omit<S, Defaulted> & Partial<Pick<S, Defaulted & keyof S>>
  : never;

/** Moves images in their plane; those in a row become one resampling. */
export interface MotionKind<S> {
  kind: "motion";
  /** Whether it takes pixels to pixels if no other step of its row blends. */
  onGrid(step: S): boolean;
  /** @param whole Whether the whole row stays on the grid: whole pixels then. */
  laws(step: S, whole: boolean): Laws;
  motion<T>(step: S, drawn: Readonly<Record<string, T>>, algebra: Algebra<T>): Motion<T>;
}

/** Cuts images; nothing is drawn. */
export interface CropKind<S> {
  kind: "crop";
  size(step: S): readonly [height: number, width: number];
}

/** Changes the values of images; masks, points and labels stay. */
export interface PixelKind<S> {
  kind: "pixels";
  laws(step: S, site: Site): Laws;
  /** @param name The array's, for draws of its own. */
  tensor(step: S, image: tf.Tensor, drawn: DrawnTensors, name: string): tf.Tensor;
  /** Changes the image in place. */
  array(step: S, image: ImageArray, drawn: DrawnArrays, name: string): void;
}

/** Reads each pixel from a place of its own. */
export interface WarpKind<S> {
  kind: "warp";
  laws(step: S, site: Site): Laws;
  /** From where, relative to the pixel: rows and columns, [batch, height, width, 2]. */
  tensor(step: S, site: Site, drawn: DrawnTensors): tf.Tensor;
  array(step: S, site: Site, drawn: DrawnArrays): Float32Array;
}

/** Mixes examples of a batch, their labels too; needs the draw `partner`, [batch, others]. */
export interface MixKind<S> {
  kind: "mix";
  /** Whether masks get values between those of two examples, which whole numbers cannot keep. */
  blendsMasks: boolean;
  laws(step: S, site: Site): Laws;
  /** @param others The same array with the partners in the places of the examples, one tensor a column of `partner`. */
  tensor(
    step: S,
    site: Site,
    role: "image" | "mask" | "label",
    own: tf.Tensor,
    others: readonly tf.Tensor[],
    drawn: DrawnTensors,
  ): tf.Tensor;
  /** @param partner Examples of column `k` of `partner` are rows `partner(i, k)` of `own`. */
  array(
    step: S,
    site: Site,
    role: "image" | "mask" | "label",
    own: ImageArray | RowArray,
    partner: (example: number, k: number) => number,
    drawn: DrawnArrays,
  ): Float32Array;
}

/** A step of any kind. */
export type Kind<S> = MotionKind<S> | CropKind<S> | PixelKind<S> | WarpKind<S> | MixKind<S>;
