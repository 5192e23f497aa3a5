/** The networks of the search for lenses, each with one sigmoid called "lens" at its end. @module */
import { tf } from "../../engine/mod.ts";
import { buildAlexnet } from "../../models/alexnet.ts";
import { buildCustomCnn } from "../../models/custom_cnn.ts";
import { buildLensNet } from "../../models/lens_net.ts";
import { buildPybiaResnet18 } from "../../models/pybia_resnet18.ts";
import { buildResnet18 } from "../../models/resnet18.ts";
import { buildVgg16 } from "../../models/vgg16.ts";

/** Name of the output. */
export const LENS = "lens";

/** What every one of them takes. */
export interface NetworkConfig {
  inputShape: readonly number[];
  seed: number;
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

/** Builders by name. pyBIA's have two sigmoids of which the second is one minus the first; one is enough. */
export const NETWORKS = {
  lens_net: (config) => buildLensNet({ ...config, outputName: LENS }),
  alexnet: (config) => buildAlexnet({ ...config, ...one }),
  vgg16: (config) => buildVgg16({ ...config, ...one }),
  resnet18,
  pybia_resnet18: (config) => buildPybiaResnet18({ ...config, ...one }),
  // pyBIA's own would have 555 M parameters at 67 × 67: further stages shrink what the dense layer sees.
  custom_cnn: (config) =>
    buildCustomCnn({
      ...config,
      ...one,
      stages: [32, 64, 128].map((filters) => ({ filters, kernel: 5, pooling: "average", poolSize: 3 })),
      dense: [{ units: 256, dropout: 0.5 }],
    }),
} as const satisfies Record<string, (config: NetworkConfig) => tf.LayersModel>;
