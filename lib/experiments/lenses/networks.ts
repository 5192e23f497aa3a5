/** The networks of the search for lenses, each with one sigmoid called "lens" at its end. @module */
import { tf } from "../../engine/mod.ts";
import { buildAlexnet } from "../../models/alexnet.ts";
import { buildCustomCnn, type CustomCnnConfig } from "../../models/custom_cnn.ts";
import { buildLensNet } from "../../models/lens_net.ts";
import { buildPybiaResnet18 } from "../../models/pybia_resnet18.ts";
import { buildResnet18 } from "../../models/resnet18.ts";
import type { Stage } from "../../models/stacked_cnn.ts";
import { buildVgg16 } from "../../models/vgg16.ts";
import type { LensesOptions } from "./options.ts";

/** Name of the output. */
export const LENS = "lens";

/** What every one of them takes. */
export interface NetworkConfig extends Partial<Omit<CustomCnnConfig, "classes" | "outputName" | "output">> {
  inputShape: readonly number[];
  seed: number;
}

/** Networks whose layers have settings: pyBIA's own. */
export const OPEN_NETWORKS: readonly NetworkName[] = ["alexnet", "vgg16", "pybia_resnet18", "custom_cnn"];

/** What options say of a network's layers. */
type LayerOptions = Partial<
  Pick<LensesOptions, "pooling" | "regularizer" | "activation" | "initializer" | "stages">
>;

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
  if (stages !== undefined && model !== "custom_cnn") {
    throw new RangeError(`Cannot set --stages of "${model}": only custom_cnn has them`);
  }
  return {
    ...(pooling && { pooling }),
    ...(regularizer && { regularizer }),
    ...(activation && { activation, denseActivation: activation }),
    ...(initializer && { initializer, denseInitializer: initializer }),
    ...(stages && { stages: parseStages(stages) }),
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
  // pyBIA's own would have 555 M parameters at 67 × 67: further stages shrink what the dense layer sees.
  custom_cnn: (config) =>
    buildCustomCnn({
      stages: parseStages("32x5,64x5,128x5"),
      dense: [{ units: 256, dropout: 0.5 }],
      ...config,
      ...one,
    }),
};
