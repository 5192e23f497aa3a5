/**
 * Convolutions, poolings and dense layers one after the other, every part to be set: what AlexNet, VGG16 and a network of
 * one's own have in common. Input image [batch, height, width, bands]. Output [batch, classes].
 *
 * Source: the builders of pyBIA 1.3.3 (`AlexNet`, `VGG16`, `custom_model`), whose order of layers, initial weights and
 * options these are; but nothing normalises what the last sigmoid gave. @module
 */
import { tf } from "../engine/mod.ts";
import { LocalResponseNormalization } from "../layers/local_response_normalization.ts";
import { MinPooling2D } from "../layers/min_pooling.ts";
import { layerSeeds, type ModelConfig } from "./model.ts";

/** Some convolutions of one kind, and the pooling after them. */
export interface Stage {
  /** Channels that come out. */
  filters: number;
  /** Side of the kernel. */
  kernel: number;
  /** Step of the kernel, pixels. @default {1} */
  strides?: number;
  /** How many in a row. @default {1} */
  convolutions?: number;
  /** What a window of the pooling gives. @default {none} */
  pooling?: "max" | "min" | "average";
  /** Side of the pooling's window. @default {2} */
  poolSize?: number;
  /** Step of the pooling's window, pixels. @default {poolSize} */
  poolStrides?: number;
  /** Whether local response normalisation follows, where it is the regulariser. @default {where there is pooling} */
  localResponse?: boolean;
}

/** How initial weights are drawn. */
export type Initializer =
  | "uniformScaling"
  | "truncatedNormal"
  | "heNormal"
  | "heUniform"
  | "glorotNormal"
  | "glorotUniform"
  | "leCunNormal"
  | "leCunUniform";

/** Activations that a stack may have. */
export type StackActivation = "relu" | "tanh" | "elu" | "selu" | "sigmoid" | "linear" | "softplus";

/** What AlexNet, VGG16 and custom networks can be asked for alike. */
export interface StackSettings extends ModelConfig {
  /** What keeps activations in bounds: normalisation over bands after poolings, over the batch after each layer. */
  regularizer?: "none" | "localResponse" | "batchNorm";
  /** After convolutions. @default {"relu"} */
  activation?: StackActivation;
  /** After dense layers. @default {"relu"} */
  denseActivation?: StackActivation;
  /** Of convolutions. @default {"uniformScaling"} */
  initializer?: Initializer;
  /** Of dense layers. @default {"truncatedNormal"} */
  denseInitializer?: Initializer;
  /** Weight of the squared kernels of convolutions in the loss. @default {0} */
  decay?: number;
  /** Weight of the squared kernels of dense layers. @default {0} */
  denseDecay?: number;
  /** At the end; one class needs a sigmoid. @default {"sigmoid"} */
  output?: "sigmoid" | "softmax";
  /** Pooling of every stage that pools. @default {each stage's own} */
  pooling?: "max" | "min" | "average";
  /** Name of the output layer. @default {"predictions"} */
  outputName?: string;
}

/** Settings of {@linkcode buildStackedCnn}. */
export interface StackedCnnConfig extends StackSettings {
  /** Name of the model. */
  name?: string;
  /** Convolutions and poolings, in order. */
  stages: readonly Stage[];
  /** Dense layers after them, in order. */
  dense: readonly { units: number; dropout?: number }[];
}

/** What of a stack with a name may be changed: everything. */
export type StackChanges = Partial<Omit<StackedCnnConfig, "name">>;

/** What draws the initial weights of a layer. */
export type Drawer = ReturnType<typeof tf.initializers.heNormal>;

function initializerOf(name: Initializer, seed: number | undefined): Drawer {
  if (name === "uniformScaling") {
    return tf.initializers.varianceScaling({ scale: 1, mode: "fanIn", distribution: "uniform", seed });
  }
  return tf.initializers[name]({ seed } as never);
}

/**
 * A drawer of the initial weights by name.
 *
 * @param seed Makes them repeatable; each call gives others.
 */
export function initializers(seed?: number): (name: Initializer) => Drawer {
  const seeds = layerSeeds(seed);
  return (name) => initializerOf(name, seeds());
}

/** A pooling that pads to "same". */
export function poolingLayer(
  kind: "max" | "min" | "average",
  poolSize: number,
  strides: number,
  name: string,
): tf.layers.Layer {
  const settings = { poolSize, strides, padding: "same", name } as const;
  if (kind === "min") return new MinPooling2D(settings);
  return kind === "max" ? tf.layers.maxPooling2d(settings) : tf.layers.averagePooling2d(settings);
}

/** AlexNet's own settings of local response normalisation. */
export function localResponse(name: string): tf.layers.Layer {
  return new LocalResponseNormalization({ depthRadius: 5, bias: 2, alpha: 1e-4, beta: 0.75, name });
}

/**
 * Builds a stack.
 *
 * @throws {RangeError} If it has neither stages nor dense layers.
 * @example One convolution and a dense layer
 * ```ts
 * import { startEngine } from "../engine/mod.ts";
 * import { buildStackedCnn } from "./stacked_cnn.ts";
 * await startEngine({ backend: "cpu" });
 * const model = buildStackedCnn({
 *   inputShape: [8, 8, 2],
 *   stages: [{ filters: 4, kernel: 3, pooling: "min" }],
 *   dense: [{ units: 5 }],
 *   classes: 1,
 * });
 * model.countParams(); // 407
 * ```
 */
export function buildStackedCnn(config: StackedCnnConfig): tf.LayersModel {
  const { inputShape = [67, 67, 3], classes = 2, stages, dense, regularizer = "none", name } = config;
  const { activation = "relu", denseActivation = "relu", decay = 0, denseDecay = 0 } = config;
  const { initializer = "uniformScaling", denseInitializer = "truncatedNormal" } = config;
  const { output = "sigmoid", outputName = "predictions" } = config;
  if (stages.length + dense.length === 0) throw new RangeError("Cannot build a network without layers");
  const draw = initializers(config.seed);
  const image = tf.input({ shape: [...inputShape], name: "image" });
  let x = image;
  const add = (layer: tf.layers.Layer) => x = layer.apply(x) as tf.SymbolicTensor;
  const normalize = (after: string) => {
    if (regularizer === "batchNorm") add(tf.layers.batchNormalization({ name: `${after}_norm` }));
  };
  const penalty = (weight: number) => weight > 0 ? tf.regularizers.l2({ l2: weight }) : undefined;
  stages.forEach((stage, s) => {
    const { filters, kernel, strides = 1, convolutions = 1, poolSize = 2, poolStrides = poolSize } = stage;
    for (let c = 0; c < convolutions; c++) {
      const layer = convolutions === 1 ? `conv${s + 1}` : `conv${s + 1}_${c + 1}`;
      add(tf.layers.conv2d({
        filters,
        kernelSize: kernel,
        strides,
        padding: "same",
        activation,
        kernelInitializer: draw(initializer),
        kernelRegularizer: penalty(decay),
        name: layer,
      }));
      normalize(layer);
    }
    const pooling = stage.pooling && (config.pooling ?? stage.pooling);
    if (pooling) add(poolingLayer(pooling, poolSize, poolStrides, `pool${s + 1}`));
    if (regularizer === "localResponse" && (stage.localResponse ?? pooling !== undefined)) {
      add(localResponse(`lrn${s + 1}`));
    }
  });
  add(tf.layers.flatten({ name: "flatten" }));
  dense.forEach(({ units, dropout = 0 }, d) => {
    const layer = `dense${d + 1}`;
    add(tf.layers.dense({
      units,
      activation: denseActivation,
      kernelInitializer: draw(denseInitializer),
      kernelRegularizer: penalty(denseDecay),
      name: layer,
    }));
    if (dropout > 0) add(tf.layers.dropout({ rate: dropout, name: `dropout${d + 1}` }));
    normalize(layer);
  });
  add(tf.layers.dense({
    units: classes,
    activation: output,
    kernelInitializer: draw(denseInitializer),
    name: outputName,
  }));
  return tf.model({ inputs: image, outputs: x, name });
}
