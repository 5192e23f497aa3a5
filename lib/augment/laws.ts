/**
 * The laws that draws follow, stated as data and drawn by two hands: as tensors inside a compiled step, and as arrays.
 * @module
 */
import { random, tf } from "../engine/mod.ts";
import { createDraws } from "../base/random.ts";

/** How a number of an example is drawn; `shape` where an example has many. */
export type Law =
  /** Evenly from `low` to `high`. */
  | { law: "uniform"; low: number; high: number; shape?: readonly number[] }
  /** A whole number from `low` to `high`, both included, each as often. */
  | { law: "whole"; low: number; high: number; shape?: readonly number[] }
  /** 1 in this share of the draws, else 0. */
  | { law: "chance"; share: number; shape?: readonly number[] }
  /** From the normal distribution of mean 0 and deviation 1. */
  | { law: "normal"; shape?: readonly number[] }
  /** From the beta distribution whose two parameters are both `alpha`. */
  | { law: "beta"; alpha: number; shape?: readonly number[] }
  /** Numbers of `count` other examples of the batch, all different. */
  | { law: "others"; count: number };

/** Laws by the names of what they draw. */
export type Laws = Readonly<Record<string, Law>>;

/** Drawn numbers, row-major; the first axis counts the examples. */
export interface DrawnArray {
  data: Float32Array;
  shape: readonly number[];
}

/** A value or a range that it is drawn from evenly. */
export type Range = number | readonly [low: number, high: number];

/** The law of a range. */
export function lawOf(range: Range, shape?: readonly number[]): Law {
  const [low, high] = typeof range === "number" ? [range, range] : range;
  return { law: "uniform", low, high, ...(shape ? { shape } : {}) };
}

function shapeOf(law: Law, batch: number): number[] {
  return law.law === "others" ? [batch, law.count] : [batch, ...law.shape ?? []];
}

function checkOthers(batch: number, count: number): void {
  if (count < batch) return;
  throw new RangeError(
    `Cannot draw ${count} other example${
      count === 1 ? "" : "s"
    } of a batch as it must have more than that: ` +
      `got a batch of ${batch}`,
  );
}

/**
 * Draws by a law with a generator of uniform numbers.
 *
 * @throws {RangeError} If the batch is too small to draw others from.
 */
export function drawArray(law: Law, batch: number, rng: () => number): DrawnArray {
  const shape = shapeOf(law, batch), data = new Float32Array(shape.reduce((a, b) => a * b, 1));
  switch (law.law) {
    case "uniform":
      return { data: data.map(() => law.low + (law.high - law.low) * rng()), shape };
    case "whole":
      return { data: data.map(() => law.low + Math.floor((law.high - law.low + 1) * rng())), shape };
    case "chance":
      return { data: data.map(() => rng() < law.share ? 1 : 0), shape };
    case "normal": {
      const { normal } = createDraws(rng);
      for (let i = 0; i < data.length; i++) data[i] = normal();
      return { data, shape };
    }
    case "beta": {
      const quantiles = betaQuantiles(law.alpha), cells = quantiles.length - 1;
      return {
        data: data.map(() => {
          const at = rng() * cells, cell = Math.floor(at);
          return quantiles[cell] + (at - cell) * (quantiles[cell + 1] - quantiles[cell]);
        }),
        shape,
      };
    }
    case "others": {
      checkOthers(batch, law.count);
      for (let i = 0; i < batch; i++) {
        const taken: number[] = [];
        for (let k = 0; k < law.count; k++) {
          let step = Math.floor(rng() * (batch - 1 - k));
          for (const other of taken) if (step >= other) step++;
          taken.push(step);
          taken.sort((a, b) => a - b);
          data[i * law.count + k] = (i + 1 + step) % batch;
        }
      }
      return { data, shape };
    }
  }
}

/**
 * Draws by a law with the engine's random ops: float32, anew at every call of a compiled step.
 *
 * @throws {RangeError} If the batch is too small to draw others from.
 */
export function drawTensor(law: Law, batch: number): tf.Tensor {
  return tf.tidy(() => {
    const shape = shapeOf(law, batch);
    switch (law.law) {
      case "uniform":
        return law.low === law.high ? tf.fill(shape, law.low) : random.uniform(shape, law.low, law.high);
      case "whole": {
        const drawn = tf.floor(tf.mul(random.uniform(shape), law.high - law.low + 1));
        return tf.clipByValue(tf.add(drawn, law.low), law.low, law.high); // rounding may reach the end
      }
      case "chance":
        return tf.cast(tf.less(random.uniform(shape), law.share), "float32");
      case "normal":
        return random.normal(shape);
      case "beta": {
        const quantiles = betaQuantiles(law.alpha), cells = quantiles.length - 1;
        const at = tf.mul(tf.expandDims(random.uniform(shape), -1), cells); // [batch, …, 1]
        const filled = tf.clipByValue(tf.sub(at, tf.range(0, cells)), 0, 1); // [batch, …, cells]
        const rises = Float32Array.from({ length: cells }, (_, i) => quantiles[i + 1] - quantiles[i]);
        return tf.add(tf.sum(tf.mul(filled, tf.tensor1d(rises)), -1), quantiles[0]);
      }
      case "others":
        return drawOthers(law.count, batch);
    }
  });
}

/** As in `drawArray`: the k-th is drawn among those that are left, counted round the batch from the example itself. */
function drawOthers(count: number, batch: number): tf.Tensor {
  checkOthers(batch, count);
  const self = tf.range(0, batch);
  let taken: tf.Tensor[] = []; // in ascending order, each [batch]
  const columns: tf.Tensor[] = [];
  for (let k = 0; k < count; k++) {
    const left = batch - 1 - k;
    let step: tf.Tensor = tf.minimum(tf.floor(tf.mul(random.uniform([batch]), left)), left - 1);
    for (const other of taken) step = tf.add(step, tf.cast(tf.greaterEqual(step, other), "float32"));
    const place = tf.add(tf.add(self, 1), step);
    columns.push(tf.sub(place, tf.mul(tf.cast(tf.greaterEqual(place, batch), "float32"), batch)));
    const sorted: tf.Tensor[] = [];
    let carried = step;
    for (const other of taken) {
      sorted.push(tf.minimum(other, carried));
      carried = tf.maximum(other, carried);
    }
    taken = [...sorted, carried];
  }
  return tf.stack(columns, 1);
}

const QUANTILES = 512, FINE = 8192;

/** Quantiles of the symmetric beta distribution at 0, 1/512, …, 1; between them it is taken as straight. */
export function betaQuantiles(alpha: number): Float64Array {
  const quantiles = new Float64Array(QUANTILES + 1);
  // With x = t^(1/α) the density's pole at 0 is gone: dP ∝ (1 − t^(1/α))^(α − 1) dt, for x up to one half.
  const end = 0.5 ** alpha, step = end / FINE;
  const density = (t: number) => (1 - t ** (1 / alpha)) ** (alpha - 1);
  const below = new Float64Array(FINE + 1);
  for (let i = 0; i < FINE; i++) {
    const a = density(i * step), m = density((i + 0.5) * step), b = density((i + 1) * step);
    below[i + 1] = below[i] + (a + 4 * m + b) * step / 6;
  }
  for (let q = 0, i = 0; q <= QUANTILES / 2; q++) {
    const wanted = q / (QUANTILES / 2) * below[FINE];
    while (i < FINE - 1 && below[i + 1] < wanted) i++;
    const t = (i + (wanted - below[i]) / (below[i + 1] - below[i])) * step;
    quantiles[q] = t ** (1 / alpha);
    quantiles[QUANTILES - q] = 1 - quantiles[q];
  }
  return quantiles;
}
