/** The networks of the search for lenses, each with one sigmoid called "lens" at its end. @module */
import { tf } from "../../engine/mod.ts";
import { buildAlexnet } from "../../models/alexnet.ts";
import { buildCustomCnn, type CustomCnnConfig } from "../../models/custom_cnn.ts";
import { buildLensNet } from "../../models/lens_net.ts";
import { buildPybiaResnet18 } from "../../models/pybia_resnet18.ts";
import { buildResnet18 } from "../../models/resnet18.ts";
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
      stages: [32, 64, 128].map((filters) => ({ filters, kernel: 5, pooling: "average", poolSize: 3 })),
      dense: [{ units: 256, dropout: 0.5 }],
      ...config,
      ...one,
    }),
};
