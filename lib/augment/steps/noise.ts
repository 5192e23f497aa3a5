import { z } from "../../base/zod.ts";
import { tf } from "../../engine/mod.ts";
import { perExample } from "../broadcast.ts";
import { type Law, lawOf } from "../laws.ts";
import {
  type DrawnArrays,
  type DrawnTensors,
  type ImageArray,
  type PixelKind,
  type Range,
  rangeSchema,
  type Site,
  type Written,
} from "../step.ts";

/** Noise of a camera. */
export interface GaussianNoise {
  op: "noise";
  law: "gaussian";
  /** Standard deviation, in the image's units. */
  sigma: Range;
}

/** Noise of counting quanta. */
export interface PoissonNoise {
  op: "noise";
  law: "poisson";
  /** Quanta a unit of the image: the fewer, the noisier. */
  gain: Range;
  /** What was subtracted from the image, and is put back while the quanta are drawn. @default {0} */
  background: number;
}

/** Adds noise, independent for every value: that of a camera (`gaussian`), or that of counting quanta (`poisson`). */
export type Noise = GaussianNoise | PoissonNoise;

/** Checks {@linkcode Noise}. */
export const noiseSchema: z.ZodType<Noise, Written<Noise, "background">> = z.discriminatedUnion("law", [
  z.strictObject({ op: z.literal("noise"), law: z.literal("gaussian"), sigma: rangeSchema }),
  z.strictObject({
    op: z.literal("noise"),
    law: z.literal("poisson"),
    gain: rangeSchema,
    background: z.number().default(0),
  }),
]);

/** From this mean on a Poisson number comes from a normal one. */
const LARGE = 12;
/** A Poisson number of a mean under `LARGE` is larger than this once in 10⁹ draws. */
const MOST = 40;

/** Noise. */
export const noise: PixelKind<Noise> = {
  kind: "pixels",
  laws(step, { arrays }: Site) {
    const laws: Record<string, Law> = step.law === "gaussian"
      ? { sigma: lawOf(step.sigma) }
      : { gain: lawOf(step.gain) };
    for (const [name, { role, shape }] of Object.entries(arrays)) {
      if (role !== "image") continue;
      laws[`normal:${name}`] = { law: "normal", shape };
      if (step.law === "poisson") laws[`uniform:${name}`] = { law: "uniform", low: 0, high: 1, shape };
    }
    return laws;
  },
  tensor(step: Noise, image: tf.Tensor, drawn: DrawnTensors, name: string): tf.Tensor {
    const normal = drawn[`normal:${name}`];
    if (step.law === "gaussian") return tf.add(image, tf.mul(normal, perExample(drawn.sigma, image.rank)));
    const gain = perExample(drawn.gain, image.rank);
    const mean = tf.relu(tf.mul(tf.add(image, step.background), gain));
    const count = tf.where(
      tf.less(mean, LARGE),
      countSmall(tf.minimum(mean, LARGE), drawn[`uniform:${name}`]),
      countLarge(mean, normal),
    );
    return tf.sub(tf.div(count, gain), step.background);
  },
  array(step: Noise, { data, batch }: ImageArray, drawn: DrawnArrays, name: string): void {
    const size = data.length / batch, normal = drawn[`normal:${name}`].data;
    for (let i = 0; i < batch; i++) {
      if (step.law === "gaussian") {
        const sigma = drawn.sigma.data[i];
        for (let j = i * size; j < (i + 1) * size; j++) data[j] += sigma * normal[j];
        continue;
      }
      const gain = drawn.gain.data[i], uniform = drawn[`uniform:${name}`].data;
      for (let j = i * size; j < (i + 1) * size; j++) {
        const mean = Math.fround(Math.max(0, (data[j] + step.background) * gain));
        const count = mean < LARGE ? smallCount(mean, uniform[j]) : largeCount(mean, normal[j]);
        data[j] = count / gain - step.background;
      }
    }
  },
};

/** Poisson numbers of small means: how many of P(N ≤ 0), P(N ≤ 1), … the uniform number passes. */
function countSmall(mean: tf.Tensor, uniform: tf.Tensor): tf.Tensor {
  let term = tf.exp(tf.neg(mean)), below: tf.Tensor = term;
  let count: tf.Tensor = tf.cast(tf.greaterEqual(uniform, below), "float32");
  for (let n = 1; n <= MOST; n++) {
    term = tf.mul(term, tf.div(mean, n));
    below = tf.add(below, term);
    count = tf.add(count, tf.cast(tf.greaterEqual(uniform, below), "float32"));
  }
  return count;
}

function smallCount(mean: number, uniform: number): number {
  const { fround } = Math;
  let term = fround(Math.exp(-mean)), below = term, count = 0;
  while (uniform >= below && count <= MOST) {
    count++;
    term = fround(term * fround(mean / count));
    below = fround(below + term);
  }
  return count;
}

/** Poisson numbers of large means: the normal number with the distribution's skewness (Cornish and Fisher), rounded. */
function countLarge(mean: tf.Tensor, normal: tf.Tensor): tf.Tensor {
  const skewed = tf.div(tf.sub(tf.square(normal), 1), 6);
  return tf.relu(tf.floor(tf.add(tf.add(tf.add(mean, tf.mul(tf.sqrt(mean), normal)), skewed), 0.5)));
}

function largeCount(mean: number, normal: number): number {
  return Math.max(0, Math.floor(mean + Math.sqrt(mean) * normal + (normal * normal - 1) / 6 + 0.5));
}
