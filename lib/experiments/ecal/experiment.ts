/** Electrons against photons in a calorimeter's crystals, by energy and time: the 3-D network's document. @module */
import { ECAL_KINDS, ECAL_SHAPE } from "../../data/ecal.ts";
import { shapeAfter } from "../../image/preprocessing/mod.ts";
import { defineExperiment, type Options, type Recipe } from "../../run/experiment.ts";
import { unlessGiven } from "../../run/unless_given.ts";
import * as train from "../../train/mod.ts";
import { ECAL_OPTIONS, type EcalData, loadEcal, simulateEcalOnce } from "./data.ts";
import { buildNetwork, checkNetwork, stepsFor } from "./networks.ts";
import * as report from "./report.ts";

type EcalOptions = Options<typeof ECAL_OPTIONS>;

/** What the document's script has, where the user has not said otherwise. */
const DOCUMENT = {
  model: "conv3d",
  like: "document",
  order: "document",
  rate: 1e-5,
  // Of fewer simulated events the standard split leaves less than the 10,000 of each kind that watch the training.
  events: 56_000,
  train: 10_000,
  validation: 10_000,
  epochs: 100,
  batch: 100,
} as const;

/** What ResNet-15's authors have. */
const RESNET15 = { model: "resnet15", rate: 1e-3, epochs: 20, batch: 256 } as const;

const GIVEN_BY_RECIPE = { best: {}, document: DOCUMENT, resnet15: RESNET15 };

function recipeFor(options: EcalOptions): Recipe {
  const { recipe, rate, model } = options, preprocessing = stepsFor(options);
  // The document's binary cross-entropy over both columns of a softmax is this very number.
  const common = {
    loss: train.crossEntropy(),
    metrics: [train.accuracy()],
    optimizer: train.adam(),
    preprocessing,
  };
  if (recipe === "document") return { ...common, schedule: train.constant(rate) };
  if (recipe === "resnet15") return { ...common, schedule: train.cosine(rate), weightDecay: 1e-4 };
  return {
    ...common,
    schedule: train.oneCycle(rate, { warmUp: 0.2 }),
    emaMomentum: 0.995,
    weightDecay: 0.01,
    // Neither end of the beam is preferred; electrons of one charge bend one way around it.
    augmentation: model === "small"
      ? [{ op: "flip", horizontal: false, vertical: true, transpose: false }]
      : undefined,
  };
}

/** Scores of the same network with times where the main one has none, or without; trained as the main one was. */
async function trainOther(options: EcalOptions, data: EcalData): Promise<Float32Array> {
  const other = { ...options, time: !options.time }, model = buildNetwork(other);
  const { epochs, batch, seed } = options, { log, signal } = data.context;
  const saw = other.time ? "energy and time" : "energy alone";
  log(`Training the same network on ${saw}, to compare`);
  try {
    const onEpoch = ({ epoch, loss }: Record<string, number>) =>
      log(`${saw}, epoch ${epoch}/${epochs}  loss ${loss.toPrecision(4)}`);
    await train.fit(model, data.train, { ...recipeFor(other), epochs, batch, seed, signal, onEpoch });
    signal?.throwIfAborted(); // what was broken off is not to be compared
    const predictions = await train.predict(model, data.test, { preprocessing: stepsFor(other) });
    return report.electronScores(predictions[model.outputNames[0]].data);
  } finally {
    model.dispose();
  }
}

/** What {@linkcode trainOther} gave for a run's data: numbers and figures are of one training. */
const OTHERS = new WeakMap<EcalData, Promise<Float32Array>>();

/** Scores of the test images with what the network was shown, and of the other choice where it is to be compared. */
async function scoresOf(
  probabilities: Float32Array,
  options: EcalOptions,
  data: EcalData,
): Promise<report.Scores> {
  const own = report.electronScores(probabilities), saw = options.time ? "energy and time" : "energy alone";
  if (!options.compare) return { own, saw };
  const other = OTHERS.get(data) ?? trainOther(options, data);
  OTHERS.set(data, other);
  return { own, saw, other: await other };
}

/** The experiment. */
export const ecal = defineExperiment<typeof ECAL_OPTIONS, EcalData>({
  name: "ecal",
  summary: "Electrons and photons in 32 × 32 crystals, energy and time",
  options: ECAL_OPTIONS,
  defaults: { epochs: 24, batch: 128 },

  resolveOptions(options, given) {
    const resolved = unlessGiven(options, given, GIVEN_BY_RECIPE[options.recipe]);
    const whole = resolved.model === "conv3d" ? unlessGiven(resolved, given, { time: true }) : resolved;
    checkNetwork(whole, given);
    return whole;
  },

  obtain: simulateEcalOnce,

  load: loadEcal,
  build: (options) => buildNetwork(options),
  recipe: recipeFor,

  card(options) {
    const steps = stepsFor(options);
    return {
      description: "Tells electrons from photons in an electromagnetic calorimeter.",
      inputs: [{
        name: "image",
        shape: shapeAfter(steps, ECAL_SHAPE),
        raw: [...ECAL_SHAPE],
        kind: "bands",
        columns: ["energy", "time"],
        dtype: "float32",
        units: "energy / 50 GeV, time / 50 ns",
      }],
      preprocessing: steps,
      outputs: [{ name: "particle", kind: "probability", labels: [...ECAL_KINDS], threshold: 0.5 }],
    };
  },

  async evaluate({ particle }, data, options) {
    return { metrics: report.measure(await scoresOf(particle.data, options, data), data, options.seed) };
  },

  async figures({ predictions: { particle }, ...results }, data, options) {
    return await report.figuresOf(await scoresOf(particle.data, options, data), data, results);
  },
});
