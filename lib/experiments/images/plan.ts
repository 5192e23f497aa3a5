/** From what images look like to what a model takes: size, channels, values; told as preprocessing steps. @module */
import type { OwnImages, OwnLook, OwnPixels } from "../../data/own/mod.ts";
import { parsePreprocessing, type PreprocessingStep, shapeAfter } from "../../image/preprocessing/mod.ts";
import type { PreprocessingStepInput } from "../../image/preprocessing/mod.ts";
import type { InputKindName } from "../../card/inputs/registry.ts";

/** What a user may say of the input. */
export interface PlanOptions {
  /** Longest side of what the model sees; 0 chooses. */
  size: number;
  fit: "stretch" | "crop";
  channels: "auto" | "grey" | "colour" | "bands";
}

/** What a model takes, and how an image becomes it. */
export interface Plan {
  kind: InputKindName;
  /** Of one input. */
  shape: number[];
  /** Steps that bring all images to one shape; what loading does where there is any. */
  geometry: PreprocessingStep[];
  /** Steps on values; what the compiled training step does. */
  values: PreprocessingStep[];
  /** Black and white of 8-bit files. */
  range?: [low: number, high: number];
  units: string;
  /** In words, for the log. */
  said: readonly string[];
}

/** Longest side that is left as it is, and what larger images become, so that a first run takes minutes. */
const LARGEST_KEPT = 96, USUAL_SIDE = 64;
/** Shortest side that an architecture here can halve twice. */
const SHORTEST_SIDE = 4;
/** What white is in 8, 10, 12, 14 and 16 bits. */
const FULL_SCALES = [255, 1023, 4095, 16_383, 65_535];
/** Share of the values of a band that its limits leave out at either end. */
const OUTSIDE = 0.001;
/** Values of each image that the limits are found from. */
const SAMPLED = 4096;

/** How many of the images have each of some property, the most frequent first. */
function countBy<T>(items: readonly T[], key: (item: T) => string): [key: string, count: number][] {
  const counts = new Map<string, number>();
  for (const item of items) counts.set(key(item), (counts.get(key(item)) ?? 0) + 1);
  return [...counts].sort((a, b) => b[1] - a[1]);
}

const inWords = (counts: readonly [string, number][]) => counts.map(([key, n]) => `${n} ${key}`).join(", ");

/** Without an opacity, which is no colour. */
function channelsOf({ shape, isPicture }: OwnLook, { channels }: PlanOptions): number {
  const count = shape[shape.length - 1];
  if (!isPicture || channels === "bands") return count;
  return count === 2 || count === 4 ? count - 1 : count;
}

/** The one type of all images. @throws {TypeError} If they differ, as black and white then differ too. */
function typeOf(looks: readonly OwnLook[]): OwnLook["type"] {
  const types = countBy(looks, ({ type }) => type);
  if (types.length === 1) return looks[0].type;
  throw new TypeError(
    `Cannot learn from images of different types as black and white differ: there are ${
      inWords(types)
    } images`,
  );
}

/** Whether the model sees colours, and the steps for it. @throws {TypeError} If images cannot be brought together. */
function planChannels(looks: readonly OwnLook[], options: PlanOptions) {
  const counts = countBy(looks, (look) => String(channelsOf(look, options)));
  const present = counts.map(([count]) => Number(count));
  const asked = options.channels === "grey" || options.channels === "colour";
  const mayBeColours = (look: OwnLook) => look.isPicture || asked || look.shape[look.shape.length - 1] === 1;
  const colours = present.every((count) => count === 1 || count === 3) && looks.every(mayBeColours);
  const words = inWords(counts.map(([count, n]) => [`with ${count} channels`, n]));
  if (!colours || options.channels === "bands") {
    if (present.length > 1) throw new TypeError(`Cannot learn from images of different bands: ${words}`);
    if (asked) {
      throw new TypeError(`Cannot take images with ${present[0]} channels as ${options.channels}`);
    }
    return { channels: present[0], isColour: false, steps: [], said: [] };
  }
  if (options.channels === "colour" && present.includes(1)) {
    throw new TypeError(`Cannot take grey images as colours: ${words}`);
  }
  const grey = options.channels === "grey" || present.length > 1 || present[0] === 1;
  if (!grey) return { channels: 3, isColour: true, steps: [], said: [] };
  const steps: PreprocessingStepInput[] = present.includes(3) ? [{ op: "grey" }] : [];
  const said = present.length > 1 ? [`all are taken as grey as some are (${words})`] : [];
  return { channels: 1, isColour: false, steps, said };
}

/** The size that all images come to, and the steps for it. */
function planSize(looks: readonly OwnLook[], { size, fit }: PlanOptions) {
  const sides = looks.map(({ shape }) => shape.slice(-3, -1));
  const sizes = countBy(sides, (pair) => pair.join(" × "));
  const [height, width] = sides.find((pair) => pair.join(" × ") === sizes[0][0])!;
  const longest = Math.max(height, width);
  if (Math.min(...sides.flat()) < SHORTEST_SIDE) {
    throw new RangeError(
      `Cannot learn from images below ${SHORTEST_SIDE} × ${SHORTEST_SIDE} pixels: there are ${
        inWords(sizes)
      }`,
    );
  }
  const target = size > 0 ? size : longest <= LARGEST_KEPT ? longest : USUAL_SIDE;
  const steps: PreprocessingStepInput[] = [];
  const said: string[] = [];
  let wanted = [height, width].map((side) => Math.max(SHORTEST_SIDE, Math.round(side * target / longest)));
  if (fit === "crop") {
    const square = Math.min(...sides.flat());
    steps.push({ op: "cropCenter", size: square });
    const side = size > 0 ? size : square <= LARGEST_KEPT ? square : USUAL_SIDE;
    wanted = [side, side];
    said.push(`the middle ${square} × ${square} pixels are used`);
  }
  const isThere = fit !== "crop" && sizes.length === 1 && String(wanted) === String([height, width]);
  if (!isThere) {
    steps.push({ op: "resize", height: wanted[0], width: wanted[1] });
    said.push(`resized to ${wanted.join(" × ")} (--size and --fit change that)`);
  }
  return { wanted, steps, said };
}

/** What is white in 16-bit images that reach a value: the smallest usual full scale. */
function fullScaleOf(high: number): number {
  return FULL_SCALES.find((scale) => high <= scale) ?? 65_535;
}

/** Limits of each band, so that all but a few of a sample's values lie inside. */
export async function bandLimitsOf(
  read: (i: number) => Promise<{ data: ArrayLike<number>; shape: readonly number[] }>,
  rows: ArrayLike<number>,
  channels: number,
): Promise<{ min: number[]; max: number[] }> {
  const values: number[][] = Array.from({ length: channels }, () => []);
  for (let i = 0; i < rows.length; i++) {
    const { data } = await read(rows[i]), pixels = data.length / channels;
    const step = Math.max(1, Math.ceil(pixels / SAMPLED));
    for (let p = 0; p < pixels; p += step) {
      for (let c = 0; c < channels; c++) values[c].push(data[p * channels + c]);
    }
  }
  const min: number[] = [], max: number[] = [];
  for (const band of values) {
    const sorted = Float64Array.from(band).sort();
    const cut = Math.floor(OUTSIDE * sorted.length);
    const low = sorted[cut], high = sorted[sorted.length - 1 - cut];
    min.push(low);
    max.push(high > low ? high : low + 1);
  }
  return { min, max };
}

/**
 * Plans what the model takes.
 *
 * @param train Rows of the training images: limits of values are found from these alone.
 * @throws {TypeError | RangeError} If the images cannot be brought to one shape and one measure.
 */
export async function planInput(set: OwnImages, train: Uint32Array, options: PlanOptions): Promise<Plan> {
  const { looks } = set, type = typeOf(looks);
  const frames = countBy(looks, ({ shape }) => shape.slice(0, -3).join() || "none");
  if (frames.length > 1) {
    throw new TypeError(`Cannot learn from volumes of different depths: ${inWords(frames)} frames`);
  }
  const depth = looks[0].shape.slice(0, -3);
  const colours = planChannels(looks, options), size = planSize(looks, options);
  const geometry = parsePreprocessing([...colours.steps, ...size.steps]);
  const shape = [...depth, ...size.wanted, colours.channels];
  const isPicture = colours.channels === 1 || colours.isColour;
  const kind = depth.length > 0 ? "volume" : isPicture ? "picture" : "bands";
  const common = { kind, shape, geometry, said: [...colours.said, ...size.said] } as const;
  if (type === "8-bit") {
    return {
      ...common,
      values: parsePreprocessing([{ op: "scale", factor: 1 / 255 }]),
      range: [0, 255],
      units: "counts of 8 bits",
    };
  }
  if (type === "16-bit") {
    const white = fullScaleOf(Array.from(train).reduce((high, row) => Math.max(high, looks[row].high), 0));
    const said = [...common.said, `white is ${white}`];
    return {
      ...common,
      said,
      values: parsePreprocessing([{ op: "scale", factor: 1 / white }]),
      units: "counts of 16 bits",
    };
  }
  const read = async (i: number) => bare(await set.images[i].read(), options);
  const own = looks[0].shape[looks[0].shape.length - 1];
  const limits = await bandLimitsOf(
    read,
    train,
    options.channels === "bands" ? own : channelsOf(looks[0], options),
  );
  // Limits are of the bands as they are: where colours become grey, of grey.
  const chosen = colours.channels === limits.min.length
    ? limits
    : { min: [Math.min(...limits.min)], max: [Math.max(...limits.max)] };
  const said = chosen.min.map((low, band) =>
    `band ${band} from ${low.toPrecision(4)} to ${chosen.max[band].toPrecision(4)}`
  );
  return {
    ...common,
    said: [...common.said, `${said.join(", ")} (of the training images) become 0 and 1`],
    values: parsePreprocessing([{ op: "bandLimits", ...chosen }]),
    units: "values as they come",
  };
}

/** An image without its opacity. */
export function bare(pixels: OwnPixels, { channels }: Pick<PlanOptions, "channels">): OwnPixels {
  const { data, shape, isPicture } = pixels, own = shape[shape.length - 1];
  if (!isPicture || channels === "bands" || (own !== 2 && own !== 4)) return pixels;
  const kept = own - 1, count = data.length / own;
  const out = new (data.constructor as new (length: number) => OwnPixels["data"])(count * kept);
  for (let p = 0; p < count; p++) {
    for (let c = 0; c < kept; c++) out[p * kept + c] = data[p * own + c];
  }
  return { ...pixels, data: out, shape: [...shape.slice(0, -1), kept] };
}

/** Checks that each image comes to the model's shape. */
export function checkShapes(set: OwnImages, plan: Plan, options: PlanOptions): void {
  set.looks.forEach((look, i) => {
    const shape = [...look.shape.slice(0, -1), channelsOf(look, options)];
    const after = shapeAfter(plan.geometry, shape);
    if (String(after) === String(plan.shape)) return;
    throw new TypeError(
      `Cannot bring "${set.images[i].name}" of [${look.shape}] to [${plan.shape}]: it becomes [${after}]`,
    );
  });
}
