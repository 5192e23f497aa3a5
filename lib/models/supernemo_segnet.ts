/**
 * Networks that sort the hits of a map of SuperNEMO's tracker, as published or proposed. Input: hits as 1, [batch, 116, 12, channels].
 * Output: [batch, 116, 12, 1], probability that a hit stays, or a softmax over classes, [batch, 116, 12, classes].
 *
 * Source: `matteo_with_skip_connections` and `matteo_without_skip_connections` of github.com/amendl/SuperNEMO_ML_applications, a small SegNet: 471,233 and 425,153 parameters. They end in
 * a linear layer, on which they were trained as if it were a probability; here a sigmoid follows. Attention: its optimisation scripts, with a convolutional block
 * attention module (CBAM) after each of five convolutions, whose output is put beside what it was given; its `self_attention.py`, a map between all places of
 * the coarsest level. @module
 */
import { tf } from "../engine/mod.ts";
import { ChannelAttention } from "../layers/channel_attention.ts";
import { SelfAttention } from "../layers/self_attention.ts";
import { SpatialAttention } from "../layers/spatial_attention.ts";
import { apply } from "./_apply.ts";
import { reluConvolution } from "./_relu_convolution.ts";
import { drawKernels, layerSeeds } from "./model.ts";

/** Settings of {@linkcode buildSegNet}. */
export interface SegNetConfig {
  /** Columns, layers and channels, two halvings of which leave whole numbers. @default {[116, 12, 1]} */
  inputShape?: readonly number[];
  /** Classes of a softmax; 1 for a sigmoid. @default {1} */
  classes?: number;
  /** Whether each level of the way up also sees that of the way down. @default {true} */
  skips?: boolean;
  /** Reductions of the attention after the convolutions conv1, 2, 3, 4a and 5a; 0 for none. @default {[0, 0, 0, 0, 0]} */
  cbam?: readonly number[];
  /** Whether all places of the coarsest level see each other. @default {false} */
  selfAttention?: boolean;
  /** Makes the initial weights repeatable. @default {drawn anew each time} */
  seed?: number;
}

type Tensor = tf.SymbolicTensor;

/** Channels of the three levels. */
const WIDTHS = [32, 64, 128];

/** What is found, with what attention makes of it beside it. */
function attended(x: Tensor, reduction: number, seeds: () => number | undefined, name: string): Tensor {
  if (reduction === 0) return x;
  const channels = new ChannelAttention({ reduction, name: `${name}_channels` });
  const places = new SpatialAttention({ name: `${name}_places` });
  const weighed = apply(places, apply(channels, x));
  for (const layer of [channels, places]) {
    drawKernels(layer, () => tf.initializers.heNormal({ seed: seeds() }));
  }
  return apply(tf.layers.concatenate({ name: `${name}_attended` }), [x, weighed]);
}

/** The last convolution and its activation. */
function headOn(x: Tensor, classes: number, seed: number | undefined): Tensor {
  const scores = apply(
    tf.layers.conv2d({
      filters: classes,
      kernelSize: 3,
      padding: "same",
      kernelInitializer: tf.initializers.glorotUniform({ seed }),
      name: "scores",
    }),
    x,
  );
  return apply(
    tf.layers.activation({ activation: classes === 1 ? "sigmoid" : "softmax", name: "mask" }),
    scores,
  );
}

/**
 * Builds the SegNet, plain, with skips, or with attention.
 *
 * @example
 * ```ts
 * import { startEngine } from "../engine/mod.ts";
 * import { buildSegNet } from "./supernemo_segnet.ts";
 * await startEngine({ backend: "cpu" });
 * buildSegNet().countParams(); // 471233
 * buildSegNet({ skips: false }).countParams(); // 425153
 * ```
 */
export function buildSegNet(config: SegNetConfig = {}): tf.LayersModel {
  const { inputShape = [116, 12, 1], classes = 1, skips = true, selfAttention = false, seed } = config;
  const { cbam = [0, 0, 0, 0, 0] } = config;
  const seeds = layerSeeds(seed);
  const ofAttention = layerSeeds(seed === undefined ? undefined : seed + 1); // so that all else begins as without it
  const convolution = (x: Tensor, filters: number, name: string) =>
    apply(reluConvolution(filters, 3, seeds(), name), x);
  const image = tf.input({ shape: [...inputShape], name: "image" });
  const levels: Tensor[] = [];
  let x = image;
  WIDTHS.forEach((width, i) => {
    if (i > 0) x = apply(tf.layers.maxPooling2d({ poolSize: 2, padding: "same", name: `pool${i}` }), x);
    x = attended(convolution(x, width, `conv${i + 1}`), cbam[i], ofAttention, `conv${i + 1}`);
    x = apply(tf.layers.dropout({ rate: 0.2, name: `dropout${i + 1}` }), x);
    x = convolution(x, width, `conv${i + 1}b`);
    levels.push(x);
  });
  if (selfAttention) {
    const attention = new SelfAttention({ name: "self_attention" });
    x = apply(attention, x);
    drawKernels(attention, () => tf.initializers.glorotUniform({ seed: ofAttention() }));
  }
  [1, 0].forEach((level, i) => {
    x = apply(tf.layers.upSampling2d({ size: [2, 2], name: `up${i + 1}` }), x);
    if (skips) x = apply(tf.layers.concatenate({ name: `skip${i + 1}` }), [x, levels[level]]);
    x = attended(convolution(x, WIDTHS[level], `conv${i + 4}a`), cbam[3 + i], ofAttention, `conv${i + 4}a`);
    x = apply(tf.layers.dropout({ rate: 0.2, name: `dropout${i + 4}` }), x);
    x = convolution(x, WIDTHS[level], `conv${i + 4}b`);
  });
  const outputs = headOn(x, classes, seeds());
  return tf.model({ inputs: image, outputs, name: "supernemo_segnet" });
}

/** Settings of {@linkcode buildTrackFilters}. */
export interface TrackFiltersConfig {
  /** Filters of the one layer. @default {64} */
  filters?: number;
  /** Classes of a softmax; 1 for a sigmoid. @default {1} */
  classes?: number;
  /** Makes the initial weights repeatable. @default {drawn anew each time} */
  seed?: number;
}

/**
 * Builds the proposal of one layer of filters over two channels, the event and where the track starts, and one that weighs them.
 *
 * @example
 * ```ts
 * import { startEngine } from "../engine/mod.ts";
 * import { buildTrackFilters } from "./supernemo_segnet.ts";
 * await startEngine({ backend: "cpu" });
 * buildTrackFilters().inputs[0].shape; // [null, 116, 12, 2]
 * ```
 */
export function buildTrackFilters(config: TrackFiltersConfig = {}): tf.LayersModel {
  const { filters = 64, classes = 1, seed } = config, seeds = layerSeeds(seed);
  const image = tf.input({ shape: [116, 12, 2], name: "image" });
  const window: [number, number] = [31, 23]; // from any cell 15 columns each way, and all layers
  const found = apply(reluConvolution(filters, window, seeds(), "filters"), image);
  const outputs = headOn(found, classes, seeds());
  return tf.model({ inputs: image, outputs, name: "supernemo_track_filters" });
}
