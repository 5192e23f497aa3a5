/**
 * Layers that TensorFlow.js lacks, as classes; its own are `tf.layers`. A layer is made with its settings and applied:
 * `new SelfAttention({ reduction: 8 }).apply(x)`. All of them go into `.keras` and `.onnx` files and come back.
 * @module
 */
export { Apertures, type AperturesConfig } from "./apertures.ts";
export { ClusterShapes, type ClusterShapesConfig } from "./cluster_shapes.ts";
export {
  Cropping1D,
  Cropping3D,
  type CroppingConfig,
  type Margins,
  type MarginSetting,
  ZeroPadding1D,
  ZeroPadding3D,
  type ZeroPaddingConfig,
} from "./borders.ts";
export { CapsuleLength, capsuleLengths, LongestCapsule } from "./capsule_lengths.ts";
export {
  PrimaryCapsule,
  type PrimaryCapsuleConfig,
  routeByAgreement,
  RoutingByAgreement,
  type RoutingConfig,
  SecondaryCapsule,
  type SecondaryCapsuleConfig,
  Squash,
  squash,
} from "./capsules.ts";
export { type AdaptivePoolingConfig } from "./adaptive_pooling.ts";
export { AdditiveAttention, Attention, type AttentionConfig } from "./attention.ts";
export {
  type AdaptiveEqualizationConfig,
  AutoContrast,
  type AutoContrastConfig,
  ContrastLimitedAdaptiveHistogramEqualization,
} from "./contrast.ts";
export { CenterCrop, type ImageSizeConfig, Resizing, type ResizingConfig } from "./resizing.ts";
export { EinsumDense, type EinsumDenseConfig } from "./einsum_dense.ts";
export { Identity } from "./passing.ts";
export { RmsNormalization, type RmsNormalizationConfig } from "./rms_normalization.ts";
export { ScaledELU, type ScaledEluConfig, SlopedReLU, type SlopedReluConfig } from "./activation.ts";
export {
  Conv1DTranspose,
  DepthwiseConv1D,
  SeparableConv1D,
  type SeriesConfig,
} from "./_series_convolution.ts";
export { ChannelAttention, type ChannelAttentionConfig } from "./channel_attention.ts";
export { spatialDropout } from "./dropout.ts";
export { GlobalAveragePooling3D, GlobalMaxPooling3D, type GlobalPoolingConfig } from "./global_pooling.ts";
export { GroupNormalization, type GroupNormalizationConfig } from "./group_normalization.ts";
export { Gru } from "./gru.ts";
export { LayerScale, type LayerScaleConfig } from "./layer_scale.ts";
export { type LayerConfig } from "./_layer.ts";
export {
  LocalResponseNormalization,
  type LocalResponseNormalizationConfig,
} from "./local_response_normalization.ts";
export { Subtract } from "./merging.ts";
export { MinPooling2D, type MinPoolingConfig } from "./min_pooling.ts";
export {
  GroupQueryAttention,
  type GroupQueryAttentionConfig,
  MultiHeadAttention,
  type MultiHeadAttentionConfig,
} from "./multi_head_attention.ts";
export { type ConvLstmConfig } from "./conv_lstm.ts";
export { Normalization, type NormalizationConfig } from "./normalization.ts";
export { Pipeline, type PipelineConfig } from "./pipeline.ts";
export { type CellConfig, StackedRNNCells, type StackedRNNCellsConfig } from "./recurrent_cell.ts";
export { ReversibleEmbedding, type ReversibleEmbeddingConfig } from "./reversible_embedding.ts";
export { Rnn, type RnnConfig } from "./rnn.ts";
export { Reparametrization } from "./reparametrization.ts";
export { SelfAttention, type SelfAttentionConfig } from "./self_attention.ts";
export { Softmax, type SoftmaxConfig } from "./softmax.ts";
export { SoftMaskMoments, type SoftMaskMomentsConfig } from "./soft_mask_moments.ts";
export { SpatialAttention, type SpatialAttentionConfig } from "./spatial_attention.ts";
export { SpectralNormalization, type SpectralNormalizationConfig } from "./spectral_normalization.ts";
export { TanhLevels, type TanhLevelsConfig } from "./tanh_levels.ts";
export { Twin } from "./twin.ts";
export { UnitNormalization, type UnitNormalizationConfig } from "./unit_normalization.ts";
export { BilinearUpSampling2D, UpSampling1D, UpSampling3D, type UpSamplingConfig } from "./up_sampling.ts";
export { type KerasForm, type LayerDefinition, type WeightPart } from "./definition.ts";
export { LAYERS, OWN_PACKAGE } from "./registry.ts";
