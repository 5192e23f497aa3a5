/**
 * Every architecture, layer by layer, with each of its options once.
 *
 * `kept_models.jsonl` keeps what they were when they were last held against their papers and programs (named in their
 * files): kernels, strides, activations, initial values, penalties, rates. Run as a program, this file writes it anew:
 *
 * ```sh
 * deno run -A tests/lib/models/_kept_models.ts
 * ```
 * @module
 */
import { startEngine, type tf } from "../../../lib/engine/mod.ts";
import {
  buildAlexnet,
  buildCapsNet,
  buildCompactResnet,
  buildConv3dNet,
  buildCourseCnn,
  buildCustomCnn,
  buildDiscriminator,
  buildEcalInception,
  buildEcalNet,
  buildEcalResnet,
  buildGenerator,
  buildLensNet,
  buildPybiaResnet18,
  buildRecoilCnn,
  buildResnet18,
  buildSegNet,
  buildStackedCnn,
  buildSuperNemoCombined,
  buildSuperNemoCritic,
  buildSuperNemoDocument,
  buildSuperNemoMap,
  buildSuperNemoPoints,
  buildSuperNemoSmall,
  buildSuperNemoTracks,
  buildSuperNemoVae,
  buildSuperNemoVolume,
  buildTrackFilters,
  buildTutorialCnn,
  buildVgg16,
} from "../../../lib/models/mod.ts";
import { writeKept } from "../../kept.ts";

const small = { inputShape: [36, 36, 1], classes: 3, seed: 1 } as const;
const settings = {
  ...small,
  activation: "tanh",
  denseActivation: "relu",
  decay: 0.01,
  denseDecay: 0.02,
  output: "softmax",
  pooling: "average",
} as const;

/** The models by name; some are narrow, so that a test stays quick. */
export const MODELS: Record<string, () => tf.LayersModel> = {
  alexnet: () => buildAlexnet({ ...settings, inputShape: [64, 64, 3] }),
  capsNet: () => buildCapsNet(),
  capsNetWithAll: () => buildCapsNet({ ...small, filters: 4, capsules: 2, routings: 1 }),
  compactResnet: () => buildCompactResnet(),
  compactResnetWithAll: () => buildCompactResnet({ ...small, widths: [4, 6, 8], dropout: 0.4 }),
  conv3dNet: () => buildConv3dNet({ inputShape: [8, 8, 8, 1], classes: 2 }),
  conv3dNetWithAll: () =>
    buildConv3dNet({
      inputShape: [9, 10, 11, 1],
      classes: 2,
      seed: 1,
      filters: [2, 3],
      kernelSize: 2,
      dense: [5, 4],
      dropout: 0.4,
      order: "norm-dropout",
      activation: "selu",
    }),
  courseCnn: () => buildCourseCnn(),
  courseCnnWithAll: () =>
    buildCourseCnn({ head: "energy", side: 40, filters: [2, 3, 4], penalty: 0.1, seed: 1 }),
  customCnn: () => buildCustomCnn({ inputShape: [12, 12, 3] }),
  customCnnWithAll: () => buildCustomCnn({ ...settings, inputShape: [14, 12, 1], regularizer: "batchNorm" }),
  discriminator: () => buildDiscriminator(),
  discriminatorWithAll: () => buildDiscriminator({ filters: 4, dropout: 0.1, seed: 1 }),
  ecalInception: () => buildEcalInception(),
  ecalNet: () => buildEcalNet(),
  ecalNetWithAll: () => buildEcalNet({ widths: [4, 5, 6], blocks: 1, reach: 3, dropout: 0.4, seed: 1 }),
  ecalResnet: () => buildEcalResnet(),
  ecalResnetWithAll: () => buildEcalResnet({ widths: [4, 5, 6], blocks: 1, seed: 1 }),
  generator: () => buildGenerator(),
  generatorWithAll: () => buildGenerator({ latent: 5, filters: 4, batchNorm: false, seed: 1 }),
  lensNet: () => buildLensNet(),
  lensNetWithAll: () =>
    buildLensNet({ inputShape: [40, 40, 3], widths: [4, 5, 6], dropout: 0.4, outputName: "o" }),
  pybiaResnet18: () => buildPybiaResnet18({ ...settings, inputShape: [40, 40, 3] }),
  recoilCnn: () => buildRecoilCnn(),
  recoilCnnWithAll: () =>
    buildRecoilCnn({ side: 64, heads: ["energy"], filters: [2, 3, 4, 5], units: [6], dropout: 0.4, seed: 1 }),
  resnet18: () => buildResnet18({ inputShape: [16, 16, 3], classes: 3 }),
  segNet: () => buildSegNet(),
  segNetWithAll: () =>
    buildSegNet({ classes: 3, skips: false, cbam: [4, 8, 16, 0, 8], selfAttention: true, seed: 1 }),
  stackedCnn: () =>
    buildStackedCnn({
      ...settings,
      name: "stack",
      stages: [
        { filters: 3, kernel: 5, strides: 2, pooling: "max", poolSize: 3, poolStrides: 2 },
        { filters: 4, kernel: 3, convolutions: 2, pooling: "min", localResponse: false },
        { filters: 5, kernel: 1, localResponse: true },
      ],
      dense: [{ units: 6, dropout: 0.3 }, { units: 5 }],
      regularizer: "localResponse",
      initializer: "heUniform",
      denseInitializer: "leCunNormal",
    }),
  superNemoCombined: () =>
    buildSuperNemoCombined({ inputShapes: { top: [9, 20, 1], front: [10, 9, 1] }, seed: 1 }),
  superNemoCritic: () => buildSuperNemoCritic({ seed: 1 }),
  superNemoDocumentFront: () => buildSuperNemoDocument("front"),
  superNemoDocumentTop: () => buildSuperNemoDocument("top", { classes: 3, seed: 1 }),
  superNemoMap: () => buildSuperNemoMap(),
  superNemoMapWithAll: () => buildSuperNemoMap({ classes: 3, widths: [4, 5, 6], seed: 1 }),
  superNemoPoints: () => buildSuperNemoPoints({ inputShape: [8, 6], seed: 1 }),
  superNemoSmallAlongColumns: () => buildSuperNemoSmall({ inputShape: [9, 113, 1] }),
  superNemoSmallAlongRows: () => buildSuperNemoSmall({ inputShape: [40, 9, 1] }),
  superNemoSmall: () => buildSuperNemoSmall({ inputShape: [20, 30, 1] }),
  superNemoSmallOfPlaces: () =>
    buildSuperNemoSmall({ inputShape: [20, 30, 1], output: "sigmoid", places: true, seed: 1 }),
  superNemoTracks: () => buildSuperNemoTracks({ inputShape: [8, 6], seed: 1 }),
  superNemoVae: () => buildSuperNemoVae(),
  superNemoVaeWithAll: () =>
    buildSuperNemoVae({ encoder: "narrow", latent: 3, variational: false, filters: 4, seed: 1 }),
  superNemoVolume: () => buildSuperNemoVolume({ seed: 1 }),
  trackFilters: () => buildTrackFilters({ filters: 3, classes: 2, seed: 1 }),
  tutorialCnn: () => buildTutorialCnn(),
  tutorialCnnWithAll: () => buildTutorialCnn({ ...small, filters: [2, 3, 4], dropout: 0.4 }),
  vgg16: () => buildVgg16({ inputShape: [32, 32, 3] }),
};

/** Names that a layer got by itself: they count up in a process. */
const COUNTED = /_[A-Z]\w*\d+$|^input_?\d+$/;

/** A line a layer: class, name, what it comes from, output's shape and settings; layers are told by their order. */
export function linesOf(model: tf.LayersModel): string[] {
  const order = new Map(model.layers.map((layer, i) => [layer.name, i]));
  return model.layers.map((layer, i) => {
    const from = layer.inboundNodes.flatMap((node) => node.inboundLayers.map(({ name }) => order.get(name)))
      .filter((place) => place !== undefined);
    const shape = [layer.outputShape].flat(1).join(" × "), weights = layer.countParams();
    const name = COUNTED.test(layer.name) ? "" : ` "${layer.name}"`;
    return `${i} ${layer.getClassName()}${name} of ${from.join(", ")} → ${shape}, ${weights} weights ${
      JSON.stringify(settingsOf(layer.getConfig()))
    }`;
  });
}

/** Without names and without what is null. */
function settingsOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(settingsOf);
  if (typeof value !== "object" || value === null) return value;
  const kept = Object.entries(value).filter(([key, one]) =>
    key !== "name" && one !== null && one !== undefined
  );
  return Object.fromEntries(kept.map(([key, one]) => [key, settingsOf(one)]));
}

/** Where they are kept: a line a model. */
export const KEPT = new URL("kept_models.jsonl", import.meta.url);

if (import.meta.main) {
  await startEngine({ backend: "tensorflow" });
  const all = Object.entries(MODELS).map(([name, build]) => {
    const model = build(), lines = linesOf(model);
    model.dispose();
    return { name, lines };
  });
  await writeKept(KEPT, all);
}
