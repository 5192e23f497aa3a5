/**
 * Augmentation in JavaScript, by the same steps, draws and formulas as in a compiled step: for sets made beforehand, for
 * pictures, and to say exactly what a training step saw.
 * @module
 */
import { resampleAffine, resampleAt } from "../engine/ops/resample.ts";
import { NUMBERS } from "./numbers.ts";
import { drawArray, type DrawnArray } from "./laws.ts";
import { type Motion, resampling, REST, then } from "./motion.ts";
import { checkFollowers, checkMix, drawsOf, lawsOf, plan, siteOf, type Stage } from "./plan.ts";
import type { ArraySite, Fill, ImageArray, Role, Site } from "./step.ts";
import { type AugmentationStep, parseAugmentation } from "./steps.ts";

/** Values of a batch, row-major. */
export interface BatchArray {
  data: Uint8Array | Int32Array | Float32Array;
  /** [batch, …] */
  shape: readonly number[];
}

/** An array of a batch, and what it is to the steps. */
export interface AlignedArray {
  array: BatchArray;
  role: Role;
  /** How an example's values change where its image moves, such as the angle of a track. */
  follow?: (values: Float32Array, motion: Motion<number>) => ArrayLike<number>;
}

/** All arrays of a batch that are to stay true to each other. */
export type AlignedArrays = Readonly<Record<string, AlignedArray>>;

/** What was drawn for a batch, by the step's place in the list and the draw's name, `0.degrees`. */
export type DrawArrays = Readonly<Record<string, DrawnArray>>;

/**
 * Draws the numbers of all steps for a batch.
 *
 * @param steps What is done, in order.
 * @param rng Uniform numbers in [0, 1).
 * @param batch Examples.
 * @param arrays Role and shape of one example of each array.
 * @returns float32 [batch, …] each; plain data, that can be kept, changed and applied again.
 * @example
 * ```ts
 * import { createRng } from "../base/rng.ts";
 * const steps = [{ op: "rotate", degrees: 10 }] as const;
 * const draws = sampleDraws(steps, createRng(7), 32, { image: { role: "image", shape: [28, 28, 1] } });
 * draws["0.degrees"].shape; // [32]
 * ```
 */
export function sampleDraws(
  steps: readonly AugmentationStep[],
  rng: () => number,
  batch: number,
  arrays: Readonly<Record<string, ArraySite>>,
): Record<string, DrawnArray> {
  const laws = lawsOf(plan(parseAugmentation(steps), siteOf(batch, arrays)));
  return Object.fromEntries(Object.entries(laws).map(([name, law]) => [name, drawArray(law, batch, rng)]));
}

/** A batch's array on its way through the stages: floats, and images with their sides. */
interface Passing {
  role: Role;
  data: Float32Array;
  /** Of one example. */
  shape: readonly number[];
  whole: boolean;
  follow?: AlignedArray["follow"];
}

/**
 * Applies drawn numbers to the arrays of a batch.
 *
 * @param steps The steps that the draws are of.
 * @param draws From {@linkcode sampleDraws}, or read from the tensors that a compiled step drew.
 * @param arrays Not modified.
 * @returns New arrays of the same types; whole numbers are rounded and kept in their type's range.
 * @throws {TypeError} If an array does not fit its role, or a draw is missing.
 * @throws {RangeError} If a step does not fit the images.
 * @example A picture, mirrored
 * ```ts
 * const arrays = { image: { array: { data: Float32Array.of(1, 2, 3), shape: [1, 1, 3, 1] }, role: "image" } } as const;
 * const draws = { "0.horizontal": { data: Float32Array.of(1), shape: [1] } };
 * applyDraws([{ op: "flip", horizontal: true }], draws, arrays).image.array.data; // 3, 2, 1
 * ```
 */
export function applyDraws(
  steps: readonly AugmentationStep[],
  draws: DrawArrays,
  arrays: AlignedArrays,
): Record<string, AlignedArray> {
  const entries = Object.entries(arrays), batch = entries[0]?.[1].array.shape[0] ?? 0;
  const sites = entries.map(([name, { array, role }]) => [name, { role, shape: array.shape.slice(1) }]);
  const site = siteOf(batch, Object.fromEntries(sites));
  const passing: Record<string, Passing> = {};
  for (const [name, { array: { data, shape }, role, follow }] of entries) {
    passing[name] = {
      role,
      data: new Float32Array(data),
      shape: shape.slice(1),
      whole: !(data instanceof Float32Array),
      follow,
    };
  }
  for (const stage of plan(parseAugmentation(steps), site)) applyStage(stage, passing, draws);
  return Object.fromEntries(entries.map(([name, aligned]) => {
    const { data, shape } = passing[name];
    return [name, {
      ...aligned,
      array: { data: likeIt(data, aligned.array.data), shape: [batch, ...shape] },
    }];
  }));
}

/** The values in the type of `like`. */
function likeIt<D extends BatchArray["data"]>(data: Float32Array, like: D): BatchArray["data"] {
  if (like instanceof Float32Array) return data;
  if (like instanceof Uint8Array) return Uint8Array.from(Uint8ClampedArray.from(data));
  return Int32Array.from(data, Math.round);
}

function applyStage(stage: Stage, passing: Record<string, Passing>, draws: DrawArrays): void {
  switch (stage.kind) {
    case "move":
      return move(stage, passing, draws);
    case "warp":
      return bend(stage, passing, draws);
    case "mix":
      return mix(stage, passing, draws);
    case "pixels": {
      const own = drawsOf(draws, stage.index, stage.does.laws(stage.step, stage.site));
      for (const [name, array] of Object.entries(passing)) {
        if (array.role === "image") stage.does.array(stage.step, imageOf(array, stage.site), own, name);
      }
    }
  }
}

function imageOf({ data, shape }: Passing, { batch, height, width }: Site): ImageArray {
  const frames = shape.length === 4 ? shape[0] : 1,
    channels = shape.length === 2 ? 1 : shape[shape.length - 1];
  return { data, batch, frames, height, width, channels };
}

/** An example's shape with other sides. */
function resized(shape: readonly number[], height: number, width: number): number[] {
  if (shape.length === 2) return [height, width];
  return [...shape.slice(0, -3), height, width, shape[shape.length - 1]];
}

const BORDERS = {
  constant: "grid-constant",
  nearest: "nearest",
  reflect: "reflect",
  wrap: "grid-wrap",
} as const;

function samplingOf(role: Role, fill: Fill, value: number, nearest: boolean) {
  const order = nearest || role === "mask" ? 0 as const : 1 as const;
  return { order, border: BORDERS[fill], value: role === "mask" ? 0 : value };
}

/** The motion of each example. */
function motionsOf(stage: Extract<Stage, { kind: "move" }>, draws: DrawArrays): Motion<number>[] {
  const own = stage.members.map(({ index, step, kind }) =>
    drawsOf(draws, index, kind.laws(step, stage.onGrid))
  );
  return Array.from({ length: stage.site.batch }, (_, i) => {
    let motion: Motion<number> = REST;
    stage.members.forEach(({ step, kind }, k) => {
      const drawn = Object.fromEntries(Object.entries(own[k]).map(([name, { data }]) => [name, data[i]]));
      motion = then(motion, kind.motion(step, drawn, NUMBERS), NUMBERS);
    });
    return motion;
  });
}

function move(
  stage: Extract<Stage, { kind: "move" }>,
  passing: Record<string, Passing>,
  draws: DrawArrays,
): void {
  const { site, window, resampling: { fill, value, interpolation } } = stage;
  const motions = motionsOf(stage, draws), sides = [site.height, site.width] as const;
  const middleY = (site.height - 1) / 2, middleX = (site.width - 1) / 2;
  const matrices = motions.map((motion) => resampling(motion, sides, window, NUMBERS));
  for (const array of Object.values(passing)) {
    if (array.role === "image" || array.role === "mask") {
      const image = imageOf(array, site), { frames, channels } = image;
      const sampling = samplingOf(array.role, fill, value, stage.onGrid || interpolation === "nearest");
      const shape = resized(array.shape, window.height, window.width);
      const size = window.height * window.width * channels;
      const data = new Float32Array(site.batch * frames * size);
      for (let i = 0; i < site.batch * frames; i++) {
        const from = { ...image, at: i * site.height * site.width * channels };
        const to = { data, at: i * size, height: window.height, width: window.width, channels };
        resampleAffine(from, to, matrices[Math.floor(i / frames)], sampling);
      }
      Object.assign(array, { data, shape });
    } else if (array.role === "points") {
      const [count, axes] = array.shape, { data } = array;
      for (let i = 0; i < site.batch * count; i++) {
        const { xx, xy, yx, yy, x, y } = motions[Math.floor(i / count)], at = i * axes + axes - 2;
        const row = data[at] - middleY, column = data[at + 1] - middleX;
        data[at] = yx * column + yy * row + y + middleY - window.top;
        data[at + 1] = xx * column + xy * row + x + middleX - window.left;
      }
    } else if (array.follow && stage.members.length > 0) {
      const { follow, data } = array, size = data.length / site.batch;
      motions.forEach((motion, i) =>
        data.set(follow(data.slice(i * size, (i + 1) * size), motion), i * size)
      );
    }
  }
}

/** As many as on the compiled path. */
const ROUNDS = 5;

function bend(
  stage: Extract<Stage, { kind: "warp" }>,
  passing: Record<string, Passing>,
  draws: DrawArrays,
): void {
  const { site, step, does, resampling: { fill, value, interpolation } } = stage;
  const { batch, height, width } = site, pixels = height * width;
  const bends = does.array(step, site, drawsOf(draws, stage.index, does.laws(step, site)));
  const places = bends.slice();
  for (let i = 0; i < batch * pixels; i++) {
    const pixel = i % pixels;
    places[2 * i] += Math.floor(pixel / width);
    places[2 * i + 1] += pixel % width;
  }
  for (const array of Object.values(passing)) {
    if (array.role === "image" || array.role === "mask") {
      const image = imageOf(array, site), { frames, channels } = image, size = pixels * channels;
      const sampling = samplingOf(array.role, fill, value, interpolation === "nearest");
      const data = new Float32Array(array.data.length);
      for (let i = 0; i < batch * frames; i++) {
        const first = Math.floor(i / frames) * pixels * 2;
        resampleAt({ ...image, at: i * size }, places, first, pixels, data, i * size, sampling);
      }
      array.data = data;
    } else if (array.role === "points") bendPoints(array, bends, site);
  }
}

/** A point goes to the place that the bends take it from. */
function bendPoints({ data, shape: [count, axes] }: Passing, bends: Float32Array, site: Site): void {
  const { height, width } = site, place = new Float32Array(2), found = new Float32Array(2);
  const sampling = { order: 1, border: "nearest", value: 0 } as const;
  for (let i = 0; i < site.batch * count; i++) {
    const at = i * axes + axes - 2, row = data[at], column = data[at + 1];
    const field = { data: bends, at: Math.floor(i / count) * height * width * 2, height, width, channels: 2 };
    place[0] = row;
    place[1] = column;
    for (let round = 0; round < ROUNDS; round++) {
      resampleAt(field, place, 0, 1, found, 0, sampling);
      place[0] = row - found[0];
      place[1] = column - found[1];
    }
    data[at] = place[0];
    data[at + 1] = place[1];
  }
}

function mix(
  stage: Extract<Stage, { kind: "mix" }>,
  passing: Record<string, Passing>,
  draws: DrawArrays,
): void {
  const { site, step, does } = stage, { batch } = site;
  const own = drawsOf(draws, stage.index, does.laws(step, site));
  checkFollowers(step, Object.values(passing).map(({ role }) => role));
  const columns = own.partner.shape[1];
  const partner = (example: number, k: number) => own.partner.data[example * columns + k];
  for (const [name, array] of Object.entries(passing)) {
    const { role, data } = array;
    checkMix(step, does.blendsMasks, name, role, array.whole && role !== "image");
    if (role !== "image" && role !== "mask" && role !== "label") continue;
    const rows = role === "label" ? { data, batch, size: data.length / batch } : imageOf(array, site);
    array.data = does.array(step, site, role, rows, partner, own);
  }
}
