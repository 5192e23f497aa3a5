/**
 * The networks that count SuperNEMO's tracks in the views from above, from the side and from the front, as published. Input: hits as 1,
 * [batch, 9, 113, 1], [batch, 30, 113, 1] or [batch, 30, 9, 1]. Output: softmax over the counts, [batch, 4].
 *
 * Source: the saved models of github.com/amendl/SuperNEMO_ML_applications (`top_my_generator`, `side_my_generator`, `front_my_generator`), layer for layer:
 * 3,388,804, 3,169,092 and 2,707,780 parameters; test accuracies published there: 99.29, 98.51 and 95.82 %. They were trained by Adam at 0.001 on
 * batches of 1,024, for 8 epochs of 192,000 events. @module
 */
import { tf } from "../engine/mod.ts";
import { apply } from "./_apply.ts";
import { reluConvolution } from "./_relu_convolution.ts";
import { layerSeeds, type ModelConfig } from "./model.ts";

/** A convolution, and what follows it. */
interface Stage {
  kernel: [rows: number, columns: number];
  pool?: { size: [rows: number, columns: number]; strides?: [rows: number, columns: number] };
}

interface Network {
  shape: [rows: number, columns: number];
  stages: Stage[];
  dense: number[];
}

const SMALL: Stage = { kernel: [3, 3], pool: { size: [2, 2] } };

const NETWORKS = {
  top: {
    shape: [9, 113],
    stages: [
      { kernel: [3, 15], pool: { size: [1, 2] } },
      { kernel: [3, 7], pool: { size: [1, 2] } },
      SMALL,
      SMALL,
      SMALL,
    ],
    dense: [256, 128],
  },
  side: {
    shape: [30, 113],
    stages: [{ kernel: [3, 7], pool: { size: [1, 2] } }, SMALL, SMALL, SMALL],
    dense: [256, 64],
  },
  front: {
    shape: [30, 9],
    stages: [
      { kernel: [6, 2] },
      { kernel: [6, 2], pool: { size: [3, 1], strides: [6, 2] } },
      { kernel: [2, 2] },
    ],
    dense: [256, 64],
  },
} as const satisfies Record<string, Network>;

/** A view that there is a published network for. */
export type PublishedView = keyof typeof NETWORKS;

/** Channels of every convolution. */
const FILTERS = 256;

/**
 * Builds the published network of a view.
 *
 * @example
 * ```ts
 * import { startEngine } from "../engine/mod.ts";
 * import { buildSuperNemoDocument } from "./supernemo_document.ts";
 * await startEngine({ backend: "cpu" });
 * buildSuperNemoDocument("front").countParams(); // 2707780
 * ```
 */
export function buildSuperNemoDocument(
  view: PublishedView,
  config: Omit<ModelConfig, "inputShape"> = {},
): tf.LayersModel {
  const { classes = 4, seed } = config, { shape, stages, dense }: Network = NETWORKS[view];
  const seeds = layerSeeds(seed), initializer = () => tf.initializers.glorotUniform({ seed: seeds() });
  const image = tf.input({ shape: [...shape, 1], name: "image" });
  let x = image;
  const add = (layer: tf.layers.Layer) => x = apply(layer, x);
  stages.forEach(({ kernel, pool }, i) => {
    add(reluConvolution(FILTERS, kernel, seeds(), `conv${i + 1}`));
    if (pool) {
      const { size, strides = size } = pool;
      add(tf.layers.maxPooling2d({ poolSize: size, strides, padding: "valid", name: `pool${i + 1}` }));
    }
  });
  add(tf.layers.dropout({ rate: 0.2, name: "dropout" }));
  add(tf.layers.flatten({ name: "flatten" }));
  dense.forEach((units, i) =>
    add(tf.layers.dense({
      units,
      activation: "relu",
      kernelInitializer: initializer(),
      name: `dense${i + 1}`,
    }))
  );
  add(tf.layers.dense({
    units: classes,
    activation: "softmax",
    kernelInitializer: initializer(),
    name: "predictions",
  }));
  return tf.model({ inputs: image, outputs: x, name: `supernemo_${view}_document` });
}
