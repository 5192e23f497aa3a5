/**
 * Architectures for images of any kind, by name: a new one is a file in this folder and a line here. Those that were made for
 * one experiment are files of this folder too, without a name here. @module
 */
import type { tf } from "../engine/mod.ts";
import { buildCompactResnet } from "./compact_resnet.ts";
import { buildConv3dNet } from "./conv3d_net.ts";
import type { Architecture, ModelConfig } from "./model.ts";
import { buildResnet18 } from "./resnet18.ts";
import { buildTutorialCnn } from "./tutorial_cnn.ts";

/** The architectures by name. */
export const MODELS: Readonly<Record<string, Architecture>> = {
  compact_resnet: {
    summary: "Small residual network, 0.26 M parameters",
    images: "grey",
    build: buildCompactResnet,
  },
  tutorial_cnn: {
    summary: "The tutorial's CNN: 24 and 36 filters, dense 128",
    images: "grey",
    build: buildTutorialCnn,
  },
  tutorial_cnn_48: {
    summary: "The tutorial's CNN with its exercise's third block of 48 filters",
    images: "grey",
    build: (config) => buildTutorialCnn({ ...config, filters: [24, 36, 48] }),
  },
  resnet18: {
    summary: "ResNet-18 for 32 × 32 colour images, 11 M parameters",
    images: "colour",
    build: buildResnet18,
  },
  conv3d_net: { summary: "3-D CNN of the calorimeter example", images: "volume", build: buildConv3dNet },
};

/**
 * Builds an architecture by its name.
 *
 * @throws {RangeError} If there is none of that name; all names are listed.
 * @example
 * ```ts
 * import { startEngine } from "../engine/mod.ts";
 * import { buildModel } from "./registry.ts";
 * await startEngine({ backend: "cpu" });
 * buildModel("tutorial_cnn", { classes: 3 }).outputs[0].shape; // [null, 3]
 * ```
 */
export function buildModel(name: string, config: ModelConfig = {}): tf.LayersModel {
  if (!Object.hasOwn(MODELS, name)) {
    throw new RangeError(
      `Cannot build model "${name}": no such architecture (${Object.keys(MODELS).join(", ")})`,
    );
  }
  return MODELS[name].build(config);
}
