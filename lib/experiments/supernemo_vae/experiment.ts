/** Autoencoders of SuperNEMO's events, plain, variational or against a discriminator: what a code of few numbers keeps of a map of hits. @module */
import { createRng, drawNormal } from "../../base/rng.ts";
import { fromArrays, type NdArray } from "../../data/source.ts";
import { tf } from "../../engine/mod.ts";
import { auc, bootstrap, meanOf, segmentation } from "../../evaluate/mod.ts";
import type { CardMetric } from "../../card/mod.ts";
import { MAP_SHAPE } from "../../image/tracker_views.ts";
import { buildEventCritic } from "../../models/supernemo_critic.ts";
import { buildSuperNemoVae, decodeCodes, vaeParts } from "../../models/supernemo_vae.ts";
import { picturesOf, plotEstimates, plotImageGrid, plotRoc } from "../../plot/mod.ts";
import {
  type Data,
  defineExperiment,
  type Figure,
  type Options,
  type Results,
} from "../../run/experiment.ts";
import { learningCurveFigure } from "../../run/learning_curve.ts";
import { predictNamed } from "../../run/named_predictions.ts";
import { namedRoc } from "../../run/roc.ts";
import * as train from "../../train/mod.ts";
import { loadSplits } from "../supernemo/data.ts";
import { CELLS, drawMaps, MAP_OPTIONS, MAP_SEEN, mapInput } from "../supernemo/maps.ts";
import { addIsolatedHits } from "../supernemo/robustness.ts";
import { bendEvents } from "./strange.ts";

const OPTIONS = {
  ...MAP_OPTIONS,
  tracks: { type: "integer", default: 1, min: 1, max: 4, help: "Tracks of every simulated event." },
  kind: {
    changesLoss: true,
    type: "choice",
    choices: ["variational", "plain"],
    default: "variational",
    help: "Whether the code is drawn from a normal law, and held near the standard one.",
  },
  alike: {
    changesLoss: true,
    type: "choice",
    choices: ["pixels", "learned"],
    default: "pixels",
    help:
      "What a reconstruction is compared by: cell for cell, or by the features of a discriminator that learns to tell it from real events (VAE/GAN).",
  },
  likeness: {
    changesLoss: true,
    type: "number",
    default: 1,
    min: 0,
    max: 1000,
    help: "Of --alike learned: weight of the features beside the discriminator's judgement, for the decoder.",
  },
  encoder: {
    type: "choice",
    choices: ["trunk", "narrow"],
    default: "trunk",
    help:
      "The published encoders: long kernels and a dense layer, or one channel through which all must pass.",
  },
  latent: {
    type: "integer",
    default: 16,
    min: 1,
    max: 256,
    range: [2, 64],
    log: true,
    help: "Numbers of the code.",
  },
  beta: {
    changesLoss: true,
    type: "number",
    default: 1,
    min: 0,
    max: 100,
    range: [0.1, 10],
    help: "Weight of the code's divergence from the standard normal law.",
  },
  filters: {
    type: "integer",
    default: 32,
    min: 4,
    max: 256,
    help: "Filters of the encoder; 256 as published.",
  },
  rate: {
    type: "number",
    default: 1e-3,
    min: 1e-6,
    max: 0.1,
    range: [1e-4, 1e-2],
    log: true,
    help: "Learning rate.",
  },
} as const;

type VaeOptions = Options<typeof OPTIONS>;

/** The loaded events. */
export interface VaeData extends Data {
  /** Test events as they are, with noise, and with a kink: bytes, [events, 116, 12, 1]. */
  readonly maps: { test: NdArray<Uint8Array>; noisy: NdArray<Uint8Array>; bent: NdArray<Uint8Array> };
}

/** Hits of noise in an event. */
const NOISE_HITS = 2;

/** The experiment. */
export const superNemoVae = defineExperiment<typeof OPTIONS, VaeData>({
  name: "supernemo-vae",
  summary: "Autoencoders of SuperNEMO's events: codes, samples, and strange events",
  options: OPTIONS,
  defaults: { epochs: 10, batch: 128 },

  async load(options, context) {
    if (options.alike === "learned" && options.kind === "plain") {
      throw new RangeError("Cannot learn what is alike of --kind plain as VAE/GAN is of variational codes");
    }
    const seen = { ...options, ...MAP_SEEN }, rng = createRng(options.seed, 41);
    const { common, test } = await loadSplits(seen, [options.tracks], context, (hits) => {
      const map = drawMaps(hits);
      return { map, targets: { map }, source: fromArrays({ image: map }, { map }) };
    });
    return {
      ...common,
      maps: {
        test: test.map,
        noisy: drawMaps(addIsolatedHits(test.hits, NOISE_HITS, rng)),
        bent: drawMaps(bendEvents(test.hits, rng)),
      },
    };
  },

  build({ encoder, latent, kind, filters, alike, seed }) {
    const autoencoder = buildSuperNemoVae({
      encoder,
      latent,
      variational: kind === "variational",
      filters,
      seed,
    });
    return alike === "pixels"
      ? autoencoder
      : { autoencoder, discriminator: buildEventCritic({ seed: seed + 1 }) };
  },

  recipe({ kind, beta, rate, alike, likeness }) {
    const schedule = train.constant(rate);
    if (alike === "learned") return { step: train.vaeGan({ parts: vaeParts, beta, likeness }), schedule };
    if (kind === "variational") {
      return { step: train.variational({ beta, optimizer: train.adam() }), schedule };
    }
    const loss = { loss: train.binaryCrossEntropy(), target: "map" };
    return { loss: { reconstruction: loss }, optimizer: train.adam(), schedule };
  },

  card: (options) => ({
    description: `Codes an event of SuperNEMO's tracker in ${options.latent} numbers, and draws it again.`,
    inputs: [mapInput(options)],
    outputs: [
      { name: "reconstruction", kind: "mask", labels: ["nothing", "hit"] },
      { name: "z_mean", kind: "vector" },
      ...(options.kind === "variational" ? [{ name: "z_log_variance", kind: "vector" } as const] : []),
    ],
  }),

  async evaluate(predictions, data, options, { models }) {
    const rng = createRng(options.seed, 42), split = "test", { maps } = data;
    const { iou, perfectEvents } = segmentation(predictions.reconstruction.data, maps.test.data, CELLS, {
      rng,
    });
    const estimate = (values: Float64Array) => bootstrap(values, meanOf, { rng, resamples: 200 });
    const own = missesOf(predictions.reconstruction.data, maps.test.data);
    const usual = {
      name: "the mean event",
      value: meanOf(missesOf(meanMap(maps.test.data), maps.test.data)),
    };
    const metrics: Record<string, CardMetric> = {
      reconstructionLoss: { ...estimate(own), split, units: "nats an event", baseline: usual },
      iou: { ...iou, split, baseline: { name: "nothing at all", value: 0 } },
      perfectEvents: { ...perfectEvents, split },
    };
    const divergences = divergencesOf(predictions);
    if (divergences) {
      metrics.divergence = { ...estimate(divergences.ofEvents), split, units: "nats an event" };
    }
    for (const { name, scores, labels } of await strangeScores(predictions, data, options, models)) {
      const { standardError: _, ...area } = auc(scores, labels);
      metrics[`${name}Auc`] = { ...area, split, baseline: { name: "chance", value: 0.5 } };
    }
    return { metrics };
  },

  async figures({ predictions, history, models }, data, options) {
    const model = train.mainModel(models), strange = await strangeScores(predictions, data, options, models);
    const curves = strange.map(({ name, scores, labels }) => namedRoc(name, scores, labels));
    return [
      learningCurveFigure(history),
      againFigure(data.maps.test.data, predictions.reconstruction.data),
      ...drawnFigures(model, predictions.z_mean, options),
      ...dimensionsFigure(predictions),
      {
        name: "strange_events",
        section: "Strange events",
        caption: "Events with noise or a kink against those as they are, by the loss of each.",
        spec: plotRoc(curves),
      },
    ];
  },
});

/** Cross-entropy of each event's cells, summed, nats. `given` may be one map for all events. */
function missesOf(given: ArrayLike<number>, map: Uint8Array): Float64Array {
  const misses = new Float64Array(map.length / CELLS);
  for (let i = 0; i < map.length; i++) {
    const p = Math.min(Math.max(given[i % given.length], 1e-7), 1 - 1e-7);
    misses[Math.floor(i / CELLS)] -= Math.log(map[i] ? p : 1 - p);
  }
  return misses;
}

/** How often each cell is hit. */
function meanMap(map: Uint8Array): Float64Array {
  const mean = new Float64Array(CELLS);
  for (let i = 0; i < map.length; i++) mean[i % CELLS] += map[i] * CELLS / map.length;
  return mean;
}

/** Divergence of each event's code and of each of its numbers, nats; nothing of a plain autoencoder. */
function divergencesOf({ z_mean: mean, z_log_variance: logVariance }: Results["predictions"]) {
  if (!logVariance) return undefined;
  const [events, latent] = mean.shape,
    ofEvents = new Float64Array(events),
    ofNumbers = new Float64Array(latent);
  for (let i = 0; i < mean.data.length; i++) {
    const value = (mean.data[i] ** 2 + Math.exp(logVariance.data[i]) - 1 - logVariance.data[i]) / 2;
    ofEvents[Math.floor(i / latent)] += value;
    ofNumbers[i % latent] += value / events;
  }
  return { ofEvents, ofNumbers };
}

/** How strange each event is: its loss, the divergence weighed as in training. */
function strangeness(predictions: Results["predictions"], map: Uint8Array, beta: number): Float64Array {
  const misses = missesOf(predictions.reconstruction.data, map);
  const divergences = divergencesOf(predictions)?.ofEvents;
  return divergences ? misses.map((miss, event) => miss + beta * divergences[event]) : misses;
}

/** Test events, labelled 0, against strange ones, labelled 1. */
async function strangeScores(
  predictions: Results["predictions"],
  { maps }: VaeData,
  options: VaeOptions,
  models: Results["models"],
): Promise<{ name: string; scores: number[]; labels: number[] }[]> {
  const usual = strangeness(predictions, maps.test.data, options.beta);
  const found: { name: string; scores: number[]; labels: number[] }[] = [];
  for (const name of ["noisy", "bent"] as const) {
    const card = superNemoVae.card(options, {} as VaeData), source = fromArrays({ image: maps[name] });
    const given = await predictNamed(train.mainModel(models), source, card);
    const strange = strangeness(given, maps[name].data, options.beta);
    const labels = [...usual].map(() => 0).concat([...strange].map(() => 1));
    found.push({ name, scores: [...usual, ...strange], labels });
  }
  return found;
}

/** Events shown in a row, and steps from one to another. */
const SHOWN = 12;

/** Maps beside each other, standing. */
function gridOf(name: string, caption: string, values: ArrayLike<number>, section = "Codes"): Figure {
  const pixels = Uint8Array.from({ length: values.length }, (_, i) => 255 * values[i]);
  const pictures = picturesOf(pixels, [pixels.length / CELLS, ...MAP_SHAPE]);
  return {
    name,
    section,
    caption,
    spec: plotImageGrid(pictures, { columns: SHOWN, limit: 2 * SHOWN, size: 36, low: 0, high: 255 }),
  };
}

function againFigure(map: Uint8Array, given: Float32Array): Figure {
  const both = [...map.subarray(0, SHOWN * CELLS), ...given.subarray(0, SHOWN * CELLS)];
  return gridOf(
    "drawn_again",
    "The first test events, and below what is drawn of their codes.",
    both,
    "Test events",
  );
}

/** Events of codes drawn from the standard normal law, and of codes between those of two test events. */
function drawnFigures(model: tf.LayersModel, means: NdArray, { kind, latent, seed }: VaeOptions): Figure[] {
  const decode = (codes: ArrayLike<number>) =>
    tf.tidy(() =>
      decodeCodes(model, tf.tensor2d(Float32Array.from(codes), [codes.length / latent, latent])).dataSync()
    );
  const between = Array.from({ length: SHOWN }, (_, step) => {
    const share = step / (SHOWN - 1);
    return Array.from(
      { length: latent },
      (_, k) => (1 - share) * means.data[k] + share * means.data[latent + k],
    );
  });
  const line = gridOf(
    "between",
    "From the code of the first test event to that of the second.",
    decode(between.flat()),
  );
  if (kind === "plain") return [line];
  const rng = createRng(seed, 43), drawn = Array.from({ length: 2 * SHOWN * latent }, () => drawNormal(rng));
  return [gridOf("samples", "Events of codes drawn from the standard normal law.", decode(drawn)), line];
}

/** How much each number of the code says. */
function dimensionsFigure(predictions: Results["predictions"]): Figure[] {
  const divergences = divergencesOf(predictions);
  if (!divergences) return [];
  const rows = [...divergences.ofNumbers].sort((a, b) => b - a).map((value, place) => ({
    group: String(place + 1),
    series: "divergence",
    estimate: { value, low: value, high: value },
  }));
  return [{
    name: "divergence",
    section: "Codes",
    caption:
      "Divergence of each number of the code from the standard normal law, largest first: near 0, it says nothing.",
    spec: plotEstimates(rows, { yTitle: "Divergence [nats]" }),
  }];
}
