/** All layer classes that can be written to a file and read from one; a new one is a file in this folder and a line here. @module */
import { ACTIVATION_LAYERS } from "./activation.ts";
import { ADAPTIVE_POOLINGS } from "./adaptive_pooling.ts";
import { APERTURES } from "./apertures.ts";
import { ATTENTIONS } from "./attention.ts";
import { CLUSTER_SHAPES } from "./cluster_shapes.ts";
import { BATCH_NORMALIZATION } from "./batch_normalization.ts";
import { BIDIRECTIONAL } from "./bidirectional.ts";
import { BORDERS } from "./borders.ts";
import { CAPSULE_LENGTHS } from "./capsule_lengths.ts";
import { CAPSULES } from "./capsules.ts";
import { CHANNEL_ATTENTION } from "./channel_attention.ts";
import { CONCATENATE } from "./concatenate.ts";
import { CONTRASTS } from "./contrast.ts";
import { CONV_LSTMS } from "./conv_lstm.ts";
import { CONVOLUTIONS } from "./convolution.ts";
import { TRANSPOSED_CONVOLUTIONS } from "./convolution_transpose.ts";
import type { LayerDefinition } from "./definition.ts";
import { DENSE } from "./dense.ts";
import { DEPTHWISE_CONVOLUTION } from "./depthwise_convolution.ts";
import { DIHEDRAL_CONVOLUTION } from "./dihedral_convolution.ts";
import { DOT } from "./dot.ts";
import { DROPOUTS } from "./dropout.ts";
import { EINSUM_DENSE } from "./einsum_dense.ts";
import { EMBEDDING } from "./embedding.ts";
import { GLOBAL_POOLINGS } from "./global_pooling.ts";
import { GROUP_NORMALIZATION } from "./group_normalization.ts";
import { LAYER_SCALE } from "./layer_scale.ts";
import { numberedPaths } from "./keras_paths.ts";
import { LAYER_NORMALIZATION } from "./layer_normalization.ts";
import { LOCAL_RESPONSE_NORMALIZATION } from "./local_response_normalization.ts";
import { MERGING_LAYERS } from "./merging.ts";
import { MIN_POOLING } from "./min_pooling.ts";
import { HEADED_ATTENTIONS } from "./multi_head_attention.ts";
import { NOISES } from "./noise.ts";
import { NORMALIZATION } from "./normalization.ts";
import { PASSING_LAYERS } from "./passing.ts";
import { PIPELINE } from "./pipeline.ts";
import { POOLINGS } from "./pooling.ts";
import { RECURRENT_LAYERS } from "./recurrent.ts";
import { RECURRENT_CELLS } from "./recurrent_cell.ts";
import { REPARAMETRIZATION } from "./reparametrization.ts";
import { RESCALING } from "./rescaling.ts";
import { RESIZINGS } from "./resizing.ts";
import { RNN } from "./rnn.ts";
import { REVERSIBLE_EMBEDDING } from "./reversible_embedding.ts";
import { RMS_NORMALIZATION } from "./rms_normalization.ts";
import { SELF_ATTENTION } from "./self_attention.ts";
import { SEPARABLE_CONVOLUTION } from "./separable_convolution.ts";
import { SERIES_CONVOLUTIONS } from "./series_convolution.ts";
import { SHAPES } from "./shapes.ts";
import { SOFT_MASK_MOMENTS } from "./soft_mask_moments.ts";
import { SOFTMAX } from "./softmax.ts";
import { SPATIAL_ATTENTION } from "./spatial_attention.ts";
import { SPECTRAL_NORMALIZATION } from "./spectral_normalization.ts";
import { TANH_LEVELS } from "./tanh_levels.ts";
import { TIME_DISTRIBUTED } from "./time_distributed.ts";
import { UNIT_NORMALIZATION } from "./unit_normalization.ts";
import { UP_SAMPLINGS } from "./up_sampling.ts";

const DEFINITIONS: readonly LayerDefinition[] = [
  ...CONVOLUTIONS,
  ...TRANSPOSED_CONVOLUTIONS,
  DEPTHWISE_CONVOLUTION,
  SEPARABLE_CONVOLUTION,
  ...SERIES_CONVOLUTIONS,
  DENSE,
  EINSUM_DENSE,
  EMBEDDING,
  REVERSIBLE_EMBEDDING,
  BATCH_NORMALIZATION,
  LAYER_NORMALIZATION,
  ...POOLINGS,
  ...GLOBAL_POOLINGS,
  ...ADAPTIVE_POOLINGS,
  ...SHAPES,
  ...BORDERS,
  ...UP_SAMPLINGS,
  ...RESIZINGS,
  ...DROPOUTS,
  ...NOISES,
  ...PASSING_LAYERS,
  ...CONTRASTS,
  PIPELINE,
  ...ACTIVATION_LAYERS,
  RESCALING,
  ...MERGING_LAYERS,
  CONCATENATE,
  DOT,
  ...RECURRENT_LAYERS,
  ...RECURRENT_CELLS,
  RNN,
  ...CONV_LSTMS,
  BIDIRECTIONAL,
  TIME_DISTRIBUTED,
  ...HEADED_ATTENTIONS,
  ...ATTENTIONS,
  SOFTMAX,
  NORMALIZATION,
  GROUP_NORMALIZATION,
  RMS_NORMALIZATION,
  LAYER_SCALE,
  UNIT_NORMALIZATION,
  SPECTRAL_NORMALIZATION,
  LOCAL_RESPONSE_NORMALIZATION,
  CHANNEL_ATTENTION,
  SPATIAL_ATTENTION,
  SELF_ATTENTION,
  MIN_POOLING,
  REPARAMETRIZATION,
  ...CAPSULES,
  ...CAPSULE_LENGTHS,
  TANH_LEVELS,
  SOFT_MASK_MOMENTS,
  APERTURES,
  CLUSTER_SHAPES,
  DIHEDRAL_CONVOLUTION,
];

export { OWN_PACKAGE } from "./keras_form.ts";

/** Layer classes by name. */
export const LAYERS: ReadonlyMap<string, LayerDefinition> = new Map(
  DEFINITIONS.map((definition) => [definition.className, definition]),
);

/** Where Keras keeps the weights of layers of these classes, side by side. */
export function layerPaths(classNames: readonly string[]): string[] {
  return numberedPaths(classNames.map((className) => LAYERS.get(className)?.keras.filedAs ?? className));
}
