/**
 * Choices by measurement: how each convolution of a model is done fastest on this processor, timed on its real shape at the start
 * of a run and kept in the cache folder.
 *
 * All ways give the same within 1e-5. What is not measured in the time given is done as an estimate says. Channels first is no
 * way: TensorFlow's kernels take 1.05 to 2 times as long for it on a processor, before anything is turned. How many threads work
 * on a batch is chosen apart, as shards: `choose_shards.ts` of training.
 * @module
 */
import { join } from "@std/path";
import { writeDurably } from "../base/durable_file.ts";
import { sha256 } from "../base/sha256.ts";
import { compile } from "./compile.ts";
import { readEnvironment } from "../base/environment.ts";
import {
  type ConvolutionSizes,
  convolve,
  shapeName,
  type Tuning,
  type Way,
  WAYS,
  waysFor,
} from "./ops/convolution_way.ts";
import { processorName } from "./processor.ts";
import { activeNative, state } from "./state.ts";
import { tf } from "./tf.ts";

/** Options for {@linkcode tuneConvolutions}. */
export interface TuneOptions {
  /** Examples that a layer sees at once: of a shard. */
  batch: number;
  /** Where measurements are kept. @default {the user's cache folder} */
  cacheFolder?: string;
  /** How long to measure, ms. @default {2000} */
  budgetMs?: number;
  /** Times one way, ms; another may be given by tests. @default {forward and both gradients, run} */
  time?: (sizes: ConvolutionSizes, ways: readonly Way[]) => number[];
}

/** What is read of a convolution layer. */
interface ConvolutionLayer {
  padding: string;
  dataFormat: string;
  strides: readonly number[];
  dilationRate: readonly number[];
  kernel?: { shape: readonly number[] };
  inboundNodes: { inputShapes: (number | null)[][] }[];
}

/** The convolutions with stride 1 of a model, those of models inside it too. */
function* convolutionsOf(model: tf.LayersModel, batch: number): Generator<ConvolutionSizes> {
  for (const layer of model.layers) {
    if (layer instanceof tf.LayersModel) yield* convolutionsOf(layer, batch);
    if (layer.getClassName() !== "Conv2D") continue;
    const { padding, dataFormat, strides, dilationRate, kernel, inboundNodes } =
      layer as unknown as ConvolutionLayer;
    const dense = dataFormat === "channelsLast" && [...strides, ...dilationRate].every((step) => step === 1);
    if (!dense || !kernel || (padding !== "same" && padding !== "valid")) continue;
    for (const { inputShapes: [[, ...sides]] } of inboundNodes) {
      if (sides.includes(null)) continue;
      yield { x: [batch, ...sides as number[]], filter: kernel.shape, padding };
    }
  }
}

/** Rounds in which each way is run once; the least counts. */
const ROUNDS = 3;

type Sides = [number, number, number, number];

/** Least milliseconds of a convolution with both gradients, by its ways, which take turns. */
function timeWays(sizes: ConvolutionSizes, ways: readonly Way[]): number[] {
  const x = tf.randomNormal([...sizes.x] as Sides);
  const filter = tf.randomNormal([...sizes.filter] as Sides);
  const steps = ways.map((way) =>
    compile((x: tf.Tensor, filter: tf.Tensor) =>
      tf.grads((x, filter) =>
        tf.sum(tf.square(convolve(x as tf.Tensor4D, filter as tf.Tensor4D, sizes.padding, way)))
      )(
        [x, filter],
      )
    )
  );
  const once = (step: typeof steps[number]) => {
    const start = performance.now(), slopes = step(x, filter);
    for (const slope of slopes) slope.dataSync();
    tf.dispose(slopes);
    return performance.now() - start;
  };
  try {
    for (const step of steps) once(step); // traces, and lets TensorFlow optimise
    const times = Array.from({ length: ROUNDS }, () => steps.map(once));
    return ways.map((_, i) => Math.min(...times.map((round) => round[i])));
  } finally {
    for (const step of steps) step.dispose();
    tf.dispose([x, filter]);
  }
}

/** What another way must take of the estimated way's time at most: noise is no reason. */
const WORTH_CHANGING = 0.9;

function fastest(sizes: ConvolutionSizes, time: typeof timeWays): Way {
  const ways = waysFor(sizes), times = time(sizes, ways);
  const best = times.indexOf(Math.min(...times));
  return times[best] <= WORTH_CHANGING * times[0] ? ways[best] : ways[0];
}

const FORMAT = "cloudchamber-tuning/1";

/** A cache's contents where it is whole and of this processor, else nothing. */
async function readKnown(path: string, processor: string): Promise<Record<string, Way>> {
  try {
    const { format, processor: of, ways } = JSON.parse(await Deno.readTextFile(path));
    const whole = format === FORMAT && of === processor &&
      Object.values(ways).every((way) => WAYS.includes(way as Way));
    return whole ? ways : {};
  } catch {
    return {}; // none yet, damaged, or not to be read: all is measured anew
  }
}

/** Keeps what was measured; a cache that cannot be written costs the next run two seconds. */
async function keepKnown(folder: string, path: string, processor: string, ways: Tuning): Promise<void> {
  try {
    await Deno.mkdir(folder, { recursive: true });
    await writeDurably(path, JSON.stringify({ format: FORMAT, processor, ways }, null, 1) + "\n");
  } catch {
    // read-only, full, or not permitted
  }
}

/** Multiplications of a convolution: what takes longest is measured first. */
const workOf = ({ x, filter }: ConvolutionSizes) =>
  [...x, ...filter].reduce((product, side) => product * side, 1);

/**
 * Finds the fastest way of each convolution of some models, by the cache and by measuring what is not in it.
 *
 * @param models Built models.
 * @returns Ways by the name of the convolution's shape, for `useTuning`; empty off the native backend.
 */
export async function tuneConvolutions(
  models: readonly tf.LayersModel[],
  options: TuneOptions,
): Promise<Tuning> {
  const { batch, cacheFolder = readEnvironment().cacheFolder, budgetMs = 2000, time = timeWays } = options;
  if (!activeNative()) return {};
  const all = models.flatMap((model) => [...convolutionsOf(model, batch)]);
  const open = new Map(
    all.filter((sizes) => waysFor(sizes).length > 1).map((sizes) => [shapeName(sizes), sizes]),
  );
  if (open.size === 0) return {};
  const processor = `${processorName()}, TensorFlow ${state.version}, ${state.threads} threads`;
  const folder = join(cacheFolder, "tuning");
  const path = join(folder, `${(await sha256(new TextEncoder().encode(processor))).slice(0, 16)}.json`);
  const known = await readKnown(path, processor), start = performance.now();
  const unknown = [...open].filter(([name]) => !(name in known)).sort(([, a], [, b]) =>
    workOf(b) - workOf(a)
  );
  for (const [name, sizes] of unknown) {
    if (performance.now() - start >= budgetMs) break;
    known[name] = fastest(sizes, time);
  }
  if (unknown.length > 0) await keepKnown(folder, path, processor, known);
  return Object.fromEntries([...open.keys()].flatMap((name) => name in known ? [[name, known[name]]] : []));
}
