/** The networks of the search for lenses, each with one sigmoid called "lens" at its end. @module */
import { tf } from "../../engine/mod.ts";
import { ALEXNET_LAYERS, buildAlexnet } from "../../models/alexnet.ts";
import { buildCustomCnn, type CustomCnnConfig } from "../../models/custom_cnn.ts";
import { buildLensNet } from "../../models/lens_net.ts";
import { buildPybiaResnet18, type PybiaResnet18Config } from "../../models/pybia_resnet18.ts";
import { buildResnet18 } from "../../models/resnet18.ts";
import type { StackedCnnConfig, Stage } from "../../models/stacked_cnn.ts";
import { buildVgg16, VGG16_LAYERS } from "../../models/vgg16.ts";
import type { LensesOptions } from "./options.ts";

/** Name of the output. */
export const LENS = "lens";

/** How the arrays of an example follow steps that mix examples: labels are mixed as their images are. */
export const FOLLOWING = { image: "image", [LENS]: "label" } as const;

/** Settings of the layers of the document's networks. */
export type Architecture =
  & Omit<CustomCnnConfig, "classes" | "outputName" | "output">
  & Pick<PybiaResnet18Config, "stem" | "blockFilters" | "blockKernel">;

/** What every one of them takes. */
export interface NetworkConfig extends Architecture {
  inputShape: readonly number[];
  seed: number;
}

/** Layers of the networks that are stacks, which their settings may replace. */
export const STACKS: Partial<Record<NetworkName, Pick<StackedCnnConfig, "stages" | "dense">>> = {
  alexnet: ALEXNET_LAYERS,
  vgg16: VGG16_LAYERS,
  // pyBIA's own would have 555 M parameters at 67 × 67: further stages shrink what the dense layer sees.
  get custom_cnn() {
    return { stages: parseStages("32x5,64x5,128x5"), dense: [{ units: 256, dropout: 0.5 }] };
  },
};

/**
 * Refuses settings of layers that a network does not have.
 *
 * @throws {RangeError} Naming the setting.
 */
export function checkArchitecture(model: NetworkName, architecture: Partial<Architecture>): void {
  const refuse = (names: readonly (keyof Architecture)[], owners: readonly string[]) => {
    const named = names.find((name) => architecture[name] !== undefined);
    if (named === undefined || owners.includes(model)) return;
    throw new RangeError(`Cannot set ${named} of "${model}": only ${owners.join(", ")} have it`);
  };
  refuse(["stages", "dense"], Object.keys(STACKS));
  refuse(["stem", "blockFilters", "blockKernel"], ["pybia_resnet18"]);
}

/** Networks whose layers have settings: pyBIA's own. */
export const OPEN_NETWORKS: readonly NetworkName[] = ["alexnet", "vgg16", "pybia_resnet18", "custom_cnn"];

/** What options say of a network's layers. */
type LayerOptions = Partial<
  Pick<LensesOptions, "pooling" | "regularizer" | "activation" | "initializer" | "stages">
>;

/** Filters, kernels and strides as they are written, in the place of a network's own: its poolings and rows stay. */
function stagesOf(model: NetworkName, text: string): readonly Stage[] {
  const written = parseStages(text), own = model === "custom_cnn" ? undefined : STACKS[model]?.stages;
  if (!own) return written;
  if (written.length !== own.length) {
    throw new RangeError(
      `Cannot build "${model}" as --stages must have its ${own.length} convolutions: got ${written.length}`,
    );
  }
  return own.map((stage, i) => {
    const { filters, kernel, strides } = written[i];
    return { ...stage, filters, kernel, strides };
  });
}

/** Sides of the poolings of a custom network. */
const CUSTOM_POOL = { pooling: "average", poolSize: 3 } as const;

/**
 * Convolutions as they are written.
 *
 * @throws {RangeError} If one is not written as `FILTERSxKERNEL` or `FILTERSxKERNEL/STRIDE`.
 * @example
 * ```ts
 * parseStages("32x5,64x3/2")[1].strides; // 2
 * ```
 */
export function parseStages(text: string): Stage[] {
  return text.split(",").map((part) => {
    const found = /^\s*([1-9]\d{0,4})x([1-9]\d?)(?:\/([1-9]))?\s*$/.exec(part);
    if (!found) {
      throw new RangeError(`Cannot build convolutions as --stages needs them as 32x5,64x3/2: got "${part}"`);
    }
    const [, filters, kernel, strides = "1"] = found;
    return { filters: Number(filters), kernel: Number(kernel), strides: Number(strides), ...CUSTOM_POOL };
  });
}

/**
 * Settings of the document's networks by options.
 *
 * @throws {RangeError} If the network has no such settings.
 */
export function layerSettings(
  model: NetworkName,
  { pooling, regularizer, activation, initializer, stages }: LayerOptions,
): Partial<NetworkConfig> {
  const given = { pooling, regularizer, activation, initializer, stages };
  const [named] = Object.entries(given).find(([, value]) => value !== undefined) ?? [];
  if (named !== undefined && !OPEN_NETWORKS.includes(model)) {
    throw new RangeError(
      `Cannot set --${named} of "${model}": only ${OPEN_NETWORKS.join(", ")} have such settings`,
    );
  }
  if (stages !== undefined && !STACKS[model]) {
    throw new RangeError(
      `Cannot set --stages of "${model}": only ${Object.keys(STACKS).join(", ")} have them`,
    );
  }
  return {
    ...(pooling && { pooling }),
    ...(regularizer && { regularizer }),
    ...(activation && { activation, denseActivation: activation }),
    ...(initializer && { initializer, denseInitializer: initializer }),
    ...(stages && { stages: stagesOf(model, stages) }),
  };
}

/** The real ResNet-18 with one sigmoid instead of its softmax. */
function resnet18({ inputShape, seed }: NetworkConfig): tf.LayersModel {
  const whole = buildResnet18({ inputShape, seed });
  const last = tf.layers.dense({
    units: 1,
    activation: "sigmoid",
    kernelInitializer: tf.initializers.glorotUniform({ seed }),
    name: LENS,
  });
  const outputs = last.apply(whole.getLayer("features").output) as tf.SymbolicTensor;
  return tf.model({ inputs: whole.inputs, outputs, name: "resnet18" });
}

const one = { classes: 1, outputName: LENS } as const;

/** Names of the networks. */
export type NetworkName = LensesOptions["model"];

/** Builders by name. pyBIA's have two sigmoids of which the second is one minus the first; one is enough. */
export const NETWORKS: Readonly<Record<NetworkName, (config: NetworkConfig) => tf.LayersModel>> = {
  lens_net: ({ inputShape, seed }) => buildLensNet({ inputShape, seed, outputName: LENS }),
  alexnet: (config) => buildAlexnet({ ...config, ...one }),
  vgg16: (config) => buildVgg16({ ...config, ...one }),
  resnet18,
  pybia_resnet18: (config) => buildPybiaResnet18({ ...config, ...one }),
  custom_cnn: (config) => buildCustomCnn({ ...STACKS.custom_cnn, ...config, ...one }),
};

/**
 * The document's networks as pyBIA has them, with two sigmoids of which the second is the probability; its "resnet18" is
 * `pybia_resnet18` here.
 *
 * @throws {RangeError} If it has no network of that name.
 */
export function buildPybiaNetwork(
  name: NetworkName,
  config: CustomCnnConfig & PybiaResnet18Config,
): tf.LayersModel {
  switch (name) {
    case "alexnet":
      return buildAlexnet(config);
    case "vgg16":
      return buildVgg16(config);
    case "resnet18":
    case "pybia_resnet18":
      return buildPybiaResnet18(config);
    case "custom_cnn":
      return buildCustomCnn(config);
    case "lens_net":
      throw new RangeError(
        `Cannot build "lens_net" for pyBIA's weights as pyBIA has no such network: set clf`,
      );
  }
}
