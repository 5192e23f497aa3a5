/**
 * The offline augmentation of pyBIA's document: each image so many times over, shifted, flipped, turned, zoomed,
 * cropped, skewed, then blended with others and cut out, all bands by one draw.
 *
 * Mode `"correct"` moves every copy in one resampling, which is SciPy's `ndimage.affine_transform`, and blends without
 * darkening. Mode `"pybia"` repeats pyBIA 1.3.3 pixel by pixel, its faults included: each is named where it is made.
 * @module
 */
import { drawInteger } from "../base/rng.ts";
import { blankCircle } from "./blank.ts";
import { type ImagePlace, resampleAffine } from "../engine/ops/resample.ts";
import { NUMBERS } from "./numbers.ts";
import { type Motion, resampling, REST, then } from "./motion.ts";
import { moveAsPybia, skewAsPybia } from "./pybia_faults.ts";

/** What is done to a set; the names are the document's. */
export interface PybiaOptions {
  /** Copies of each image; 0 gives the images back as they are. @default {1} */
  batch?: number;
  /** Largest shift to the left or right, in whole pixels. @default {0} */
  widthShift?: number;
  /** Largest shift up or down, in whole pixels. @default {0} */
  heightShift?: number;
  /** Mirror left and right in half of the copies. @default {false} */
  horizontal?: boolean;
  /** Mirror top and bottom in half of the copies. @default {false} */
  vertical?: boolean;
  /** Turn by any angle. @default {false} */
  rotation?: boolean;
  /** What lies beyond the border, by `ndimage`'s names. @default {"nearest"} */
  fill?: "constant" | "nearest" | "reflect" | "wrap";
  /** Side of the square that is cut out of the middle. @default {no crop} */
  imageSize?: number;
  /** Least and largest magnification. @default {no zoom} */
  zoomRange?: readonly [low: number, high: number];
  /** Radius of the circles that are cut out; needs `numMasks`. @default {none} */
  maskSize?: number;
  /** Circles an image; needs `maskSize`. @default {none} */
  numMasks?: number;
  /** Blends made, by the number of copies; from 1 on they take the copies' place, 0 makes none. @default {0} */
  blendMultiplier?: number;
  /** How images are blended; `random` draws one of the others for each blend. @default {"mean"} */
  blendingFunc?: "mean" | "max" | "min" | "random";
  /** Most images in a blend, from 2 on. @default {2} */
  numImagesToBlend?: number;
  /** Largest angle of the skew, in degrees, under 45. @default {0} */
  skewAngle?: number;
  /** Right, or as pyBIA does it. @default {"correct"} */
  mode?: "correct" | "pybia";
  /** `ndimage`'s order of the resampling where it is right: 1 is linear, 0 takes the nearest pixel. @default {1} */
  order?: 0 | 1;
  /** NaN and infinite pixels: refuse them, or put this value in their place. @default {"refuse"} */
  nonFinite?: "refuse" | number;
}

/** How one copy is moved. Pixel (row, column) of the shifted copy shows pixel (row + rows, column + columns). */
export interface PybiaMove {
  rows: number;
  columns: number;
  flipHorizontal: boolean;
  flipVertical: boolean;
  /** Against the clock, as the image is looked at with its first row on top. */
  degrees: number;
  /** Magnification. */
  zoom: number;
}

/** How one copy is skewed. */
export interface PybiaSkew {
  /** Angles across and down, in radians. */
  angleX: number;
  angleY: number;
  /** pyBIA's further displacement, in parts of the sides; the right skew has none. */
  x: number;
  y: number;
}

/** How a blend is put together. */
export interface PybiaBlend {
  /** Numbers of the copies, all different, in the order in which they are joined. */
  images: readonly number[];
  /** One for all bands; in pyBIA `random` draws one a band. */
  how: readonly ("mean" | "max" | "min")[];
}

/** Middles of the circles of an image. */
export interface PybiaMasks {
  rows: readonly number[];
  columns: readonly number[];
}

/** All draws of an augmentation: plain data that can be kept and applied again. */
export interface PybiaDraws {
  /** One a copy, copies of an image side by side. */
  moves: readonly PybiaMove[];
  skews?: readonly PybiaSkew[];
  blends?: readonly PybiaBlend[];
  masks?: readonly PybiaMasks[];
}

/** Images of a set, row-major: [images, height, width, bands], or [images, height, width]. */
export interface ImageSet {
  data: Uint8Array | Int32Array | Float32Array;
  shape: readonly number[];
}

/** An augmented set. */
export interface AugmentedSet {
  /** [images, height, width, bands], or without bands as the set that came in. */
  data: Float32Array<ArrayBuffer>;
  shape: number[];
  /** For each image the numbers of the images that it was made of: what shares one must be on one side of a split. */
  origins: readonly (readonly number[])[];
}

interface Sides {
  count: number;
  height: number;
  width: number;
  bands: number;
}

/**
 * Draws and applies in one: a set several times over.
 *
 * @param set Not modified.
 * @param rng Uniform numbers in [0, 1).
 * @throws {RangeError} If the options do not fit the images, or pixels are not finite: their number is told.
 * @throws {TypeError} If the set is not [images, height, width, bands].
 * @example Two images, three copies each, cut to 5 × 5
 * ```ts
 * import { createRng } from "../base/rng.ts";
 * const set = { data: new Float32Array(2 * 7 * 7), shape: [2, 7, 7, 1] };
 * augmentPybia(set, { batch: 3, rotation: true, imageSize: 5 }, createRng(7)).shape; // [6, 5, 5, 1]
 * ```
 */
export function augmentPybia(set: ImageSet, options: PybiaOptions, rng: () => number): AugmentedSet {
  if (options.batch === 0) return applyPybia(set, { moves: [] }, options);
  return applyPybia(set, samplePybia(set.shape, options, rng), options);
}

/**
 * Draws for a set, by the laws of the mode.
 *
 * Where they differ: the right shift is any whole number of pixels up to the limit, pyBIA's stays below it, is 0 twice
 * as often, and takes the width for the rows (Keras exchanges them); the right angle is any, pyBIA's a whole number of
 * degrees.
 *
 * @param shape Shape of the set.
 */
export function samplePybia(shape: readonly number[], options: PybiaOptions, rng: () => number): PybiaDraws {
  const sides = sidesOf(shape), settings = checked(options, sides);
  const { batch, numMasks, maskSize, blendMultiplier, mode } = settings;
  const copies = sides.count * batch;
  const moves = Array.from({ length: copies }, () => drawMove(settings, rng));
  const draws: PybiaDraws = { moves };
  const blends = Math.trunc(blendMultiplier * copies);
  const side = (length: number) => settings.imageSize ?? length;
  const within = (length: number) => maskSize! + drawInteger(rng, side(length) - 2 * maskSize!);
  const angle = settings.skewAngle * Math.PI / 180;
  const even = (most: number) => most * (2 * rng() - 1);
  const displaced = mode === "pybia" ? 0.1 : 0;
  return {
    ...draws,
    ...(angle > 0
      ? {
        skews: moves.map(() => ({
          x: even(displaced),
          y: even(displaced),
          angleX: even(angle),
          angleY: even(angle),
        })),
      }
      : {}),
    ...(blendMultiplier >= 1
      ? { blends: Array.from({ length: blends }, () => drawBlend(settings, copies, sides.bands, rng)) }
      : {}),
    ...(maskSize !== undefined
      ? {
        masks: Array.from({ length: blendMultiplier >= 1 ? blends : copies }, () => ({
          rows: Array.from({ length: numMasks! }, () => within(sides.height)),
          columns: Array.from({ length: numMasks! }, () => within(sides.width)),
        })),
      }
      : {}),
  };
}

function drawMove(settings: Settings, rng: () => number): PybiaMove {
  const { mode, widthShift, heightShift, horizontal, vertical, rotation, zoomRange } = settings;
  const shift = (most: number) => {
    if (most === 0) return 0;
    if (mode === "correct") return drawInteger(rng, 2 * most + 1) - most;
    return drawInteger(rng, most) * (rng() < 0.5 ? -1 : 1) + 0;
  };
  const first = shift(heightShift), second = shift(widthShift);
  const [rows, columns] = mode === "pybia" ? [second, first] : [first, second];
  const flipHorizontal = horizontal && rng() < 0.5, flipVertical = vertical && rng() < 0.5;
  const degrees = !rotation ? 0 : mode === "pybia" ? drawInteger(rng, 361) : 360 * rng();
  const zoom = zoomRange ? zoomRange[0] + (zoomRange[1] - zoomRange[0]) * rng() : 1;
  return { rows, columns, flipHorizontal, flipVertical, degrees, zoom };
}

const HOW = ["mean", "max", "min"] as const;

function drawBlend(
  { numImagesToBlend, blendingFunc, mode }: Settings,
  pool: number,
  bands: number,
  rng: () => number,
): PybiaBlend {
  const number = 2 + drawInteger(rng, numImagesToBlend - 1), images: number[] = [];
  while (images.length < number) {
    const image = drawInteger(rng, pool);
    if (!images.includes(image)) images.push(image);
  }
  const one = () => blendingFunc === "random" ? HOW[drawInteger(rng, 3)] : blendingFunc;
  return { images, how: Array.from({ length: mode === "pybia" ? bands : 1 }, one) };
}

/**
 * Applies draws to a set.
 *
 * @param set Not modified.
 * @param draws From {@linkcode samplePybia} with the same options, or made by hand.
 */
export function applyPybia(set: ImageSet, draws: PybiaDraws, options: PybiaOptions = {}): AugmentedSet {
  const sides = sidesOf(set.shape), settings = checked(options, sides);
  const { count, height, width, bands } = sides;
  const source = finite(set, settings);
  if (settings.batch === 0) {
    return {
      data: source.slice(),
      shape: [...set.shape],
      origins: Array.from({ length: count }, (_, i) => [i]),
    };
  }
  const rows = settings.imageSize ?? height, columns = settings.imageSize ?? width;
  const size = rows * columns * bands;
  let images = draws.moves.length;
  let data = new Float32Array(images * size);
  let origins: (readonly number[])[] = draws.moves.map((_, i) => [Math.floor(i / settings.batch)]);
  draws.moves.forEach((move, i) => {
    const at = origins[i][0] * height * width * bands;
    const from = { data: source, at, height, width, channels: bands };
    const to = { data, at: i * size, height: rows, width: columns, channels: bands };
    const skew = draws.skews?.[i];
    if (settings.mode === "correct") return moveOnce(from, to, move, skew, settings);
    moveAsPybia(from, to, move, settings.fill);
    if (skew) skewAsPybia(to, skew);
  });
  if (draws.blends) {
    const { blends } = draws, blended = new Float32Array(blends.length * size);
    blends.forEach((blend, i) => blendInto(blended, i * size, data, blend, size, bands, settings.mode));
    const before = origins;
    origins = blends.map(({ images }) => [...new Set(images.flatMap((image) => before[image]))]);
    data = blended;
    images = blends.length;
  }
  draws.masks?.forEach((masks, i) => {
    const image = { data, at: i * size, height: rows, width: columns, channels: bands };
    masks.rows.forEach((row, k) => blankCircle(image, row, masks.columns[k], settings.maskSize!, 0));
  });
  const shape = [images, rows, columns, ...(set.shape.length === 4 ? [bands] : [])];
  return { data, shape, origins };
}

/** All motions of a copy in one resampling. */
function moveOnce(
  from: ImagePlace,
  to: ImagePlace,
  { rows, columns, flipHorizontal, flipVertical, degrees, zoom }: PybiaMove,
  skew: PybiaSkew | undefined,
  { fill, order }: Settings,
): void {
  const c = cosine(degrees), s = cosine(degrees - 90);
  const motions: Motion<never>[] = [
    { ...REST, x: -columns, y: -rows },
    { ...REST, xx: flipHorizontal ? -1 : 1, yy: flipVertical ? -1 : 1 },
    { ...REST, xx: zoom * c, xy: zoom * s, yx: -zoom * s, yy: zoom * c },
  ];
  if (skew) motions.push({ ...REST, xy: Math.tan(skew.angleX), yx: Math.tan(skew.angleY) });
  const motion = motions.reduce<Motion<number>>((all, one) => then(all, one, NUMBERS), REST);
  const window = {
    top: Math.floor((from.height - to.height) / 2),
    left: Math.floor((from.width - to.width) / 2),
    height: to.height,
    width: to.width,
  };
  const matrix = resampling(motion, [from.height, from.width], window, NUMBERS);
  resampleAffine(from, to, matrix as number[], { order, border: fill, value: 0 });
}

/** Cosine of an angle in degrees, exact where it is 0 or ±1: quarter turns fall on pixels. */
function cosine(degrees: number): number {
  const turned = ((degrees % 360) + 360) % 360;
  if (turned % 90 === 0) return [1, 0, -1, 0][turned / 90];
  return Math.cos(turned * Math.PI / 180);
}

/**
 * Joins the images of a blend. pyBIA folds them pairwise by halves, so that later ones weigh more, and then divides by
 * their number in every mode, which darkens the blend.
 */
function blendInto(
  out: Float32Array,
  to: number,
  data: Float32Array,
  { images, how }: PybiaBlend,
  size: number,
  bands: number,
  mode: "correct" | "pybia",
): void {
  const blend = out.subarray(to, to + size);
  blend.set(data.subarray(images[0] * size, (images[0] + 1) * size));
  for (let k = 1; k < images.length; k++) {
    const from = images[k] * size, share = mode === "pybia" ? 0.5 : 1 / (k + 1);
    for (let band = 0; band < bands; band++) {
      const name = how[how.length === 1 ? 0 : band];
      for (let j = band; j < size; j += bands) {
        const a = blend[j], b = data[from + j];
        blend[j] = name === "mean" ? a + share * (b - a) : name === "max" ? Math.max(a, b) : Math.min(a, b);
      }
    }
  }
  if (mode === "pybia") { for (let j = 0; j < size; j++) blend[j] /= images.length; }
}

type Settings =
  & Required<Omit<PybiaOptions, "imageSize" | "zoomRange" | "maskSize" | "numMasks">>
  & Pick<PybiaOptions, "imageSize" | "zoomRange" | "maskSize" | "numMasks">;

function sidesOf(shape: readonly number[]): Sides {
  if (shape.length !== 4 && shape.length !== 3) {
    throw new TypeError(
      `Cannot augment a set as it must be [images, height, width, bands]: got [${shape.join(", ")}]`,
    );
  }
  const [count, height, width, bands = 1] = shape;
  return { count, height, width, bands };
}

/** What is taken for what is not said. */
const DEFAULTS: Settings = {
  batch: 1,
  widthShift: 0,
  heightShift: 0,
  horizontal: false,
  vertical: false,
  rotation: false,
  fill: "nearest",
  blendMultiplier: 0,
  blendingFunc: "mean",
  numImagesToBlend: 2,
  skewAngle: 0,
  mode: "correct",
  order: 1,
  nonFinite: "refuse",
};

/** The options with their defaults, each found to fit the images. */
function checked(options: PybiaOptions, sides: Sides): Settings {
  const settings = { ...DEFAULTS, ...options };
  const refuse: Refuse = (wanted, got) => {
    throw new RangeError(`Cannot augment ${sides.count} images as ${wanted}: got ${got}`);
  };
  checkWholeNumbers(settings, refuse);
  if (sides.count === 0) refuse("there must be some", "an empty set");
  checkSides(settings, sides, refuse);
  checkMasks(settings, sides, refuse);
  checkBlending(settings, sides, refuse);
  const { skewAngle } = settings;
  if (!(skewAngle >= 0 && skewAngle < 45)) {
    refuse("skewAngle must be from 0 to less than 45 degrees", skewAngle);
  }
  return settings;
}

/** Says what is wanted, and what there is instead. */
type Refuse = (wanted: string, got: unknown) => never;

function checkWholeNumbers(settings: Settings, refuse: Refuse): void {
  const { batch, widthShift, heightShift, imageSize, maskSize, numMasks } = settings;
  const whole = { batch, widthShift, heightShift, imageSize, maskSize, numMasks };
  for (const [name, value] of Object.entries(whole)) {
    const least = name === "imageSize" || name === "maskSize" || name === "numMasks" ? 1 : 0;
    if (value !== undefined && !(Number.isInteger(value) && value >= least)) {
      refuse(`${name} must be a whole number from ${least}`, value);
    }
  }
}

function checkSides(
  { imageSize, zoomRange, mode }: Settings,
  { height, width }: Sides,
  refuse: Refuse,
): void {
  if (imageSize !== undefined && imageSize > Math.min(height, width)) {
    refuse(`imageSize must fit images of ${height} × ${width}`, imageSize);
  }
  if (mode === "pybia" && imageSize !== undefined && height !== width) {
    refuse("pyBIA crops square images only", `${height} × ${width}`);
  }
  if (mode === "pybia" && zoomRange && imageSize === undefined) {
    refuse("pyBIA's zoom changes the sides: imageSize must bring them back", "none");
  }
  if (zoomRange && !(zoomRange[0] > 0 && zoomRange[1] >= zoomRange[0])) {
    refuse("zoomRange must be two positive numbers going upwards", `[${zoomRange.join(", ")}]`);
  }
}

function checkMasks(
  { maskSize, numMasks, imageSize }: Settings,
  { height, width }: Sides,
  refuse: Refuse,
): void {
  if (maskSize === undefined || numMasks === undefined) {
    if (maskSize === numMasks) return;
    refuse(
      "maskSize and numMasks must come together",
      maskSize === undefined ? "numMasks alone" : "maskSize alone",
    );
  }
  const rows = imageSize ?? height, columns = imageSize ?? width;
  if (Math.min(rows, columns) <= 2 * maskSize) {
    refuse(`maskSize, a radius, must be less than half of ${rows} × ${columns} pixels`, maskSize);
  }
  if (numMasks * Math.PI * maskSize ** 2 > rows * columns) {
    refuse(
      `${numMasks} circles of radius ${maskSize} must not cover more than an image`,
      `${rows} × ${columns} pixels`,
    );
  }
}

function checkBlending(
  { blendMultiplier, numImagesToBlend, batch }: Settings,
  { count }: Sides,
  refuse: Refuse,
): void {
  if (blendMultiplier !== 0 && !(blendMultiplier >= 1)) {
    refuse("blendMultiplier must be 0 or at least 1", blendMultiplier);
  }
  if (!(Number.isInteger(numImagesToBlend) && numImagesToBlend >= 2)) {
    refuse("numImagesToBlend must be a whole number from 2", numImagesToBlend);
  }
  if (blendMultiplier >= 1 && batch > 0 && numImagesToBlend > count * batch) {
    refuse(`${numImagesToBlend} different copies are blended`, `${count * batch} to blend`);
  }
}

/** The set's values as floats, without NaN or infinities unless pyBIA is repeated. */
function finite({ data }: ImageSet, { nonFinite, mode }: Settings): Float32Array<ArrayBuffer> {
  const values = new Float32Array(data);
  let bad = 0;
  for (let i = 0; i < values.length; i++) {
    if (values[i] - values[i] === 0) continue; // NaN for NaN and for infinities
    bad++;
    if (nonFinite !== "refuse") values[i] = nonFinite;
  }
  if (bad > 0 && nonFinite === "refuse" && mode === "correct") {
    throw new RangeError(
      `Cannot augment images as their pixels must be finite: got ${bad} of ${values.length} that are not ` +
        `(nonFinite: 0 puts 0 in their place)`,
    );
  }
  return values;
}
