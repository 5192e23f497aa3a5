/** One or several uses of every layer that can be exported, as settings both libraries understand. @module */

/** A layer between inputs and output. */
export interface LayerCase {
  className: string;
  /** As TensorFlow.js calls them; Keras's names are the same in snake_case, but for `keras`. */
  settings: Record<string, unknown>;
  /** Keras's settings where a name or value differs. */
  keras?: Record<string, unknown>;
  /** Shapes without the batch axis. */
  inputs: number[][];
  /** The layer inside, or the layers, for a layer that holds some. */
  inner?: InnerCase | readonly InnerCase[];
  /** The setting that they are. @default {"layer"} */
  innerAs?: "layer" | "layers" | "cell" | "cells";
  /** Inputs are whole numbers below this. */
  tokens?: number;
}

/** A layer inside a layer. */
export type InnerCase = Omit<LayerCase, "inputs">;

const image = [9, 7, 3], volume = [5, 6, 4, 2], series = [8, 3];
const seed = { seed: 1 };

/** Layers of Keras. */
export const KERAS_CASES: readonly LayerCase[] = [
  { className: "Conv1D", settings: { filters: 4, kernelSize: 3, activation: "relu" }, inputs: [series] },
  {
    className: "Conv1D",
    settings: { filters: 2, kernelSize: 2, strides: 2, padding: "same", useBias: false },
    inputs: [series],
  },
  { className: "Conv1D", settings: { filters: 2, kernelSize: 3, dilationRate: 2 }, inputs: [series] },
  { className: "Conv2D", settings: { filters: 4, kernelSize: 3 }, inputs: [image] },
  {
    className: "Conv2D",
    settings: { filters: 5, kernelSize: [3, 2], strides: [2, 1], padding: "same", activation: "relu" },
    inputs: [image],
  },
  {
    className: "Conv2D",
    settings: { filters: 2, kernelSize: 3, padding: "same", dilationRate: 2, useBias: false },
    inputs: [image],
  },
  {
    className: "Conv2D",
    settings: { filters: 6, kernelSize: 3, groups: 3, activation: "relu" },
    inputs: [image],
  },
  {
    className: "Conv1D",
    settings: { filters: 4, kernelSize: 3, groups: 2, padding: "same", useBias: false },
    inputs: [[8, 4]],
  },
  {
    className: "Conv3D",
    settings: { filters: 2, kernelSize: 2, groups: 2, strides: 2 },
    inputs: [volume],
  },
  {
    className: "Conv3D",
    settings: { filters: 3, kernelSize: [2, 3, 2], activation: "tanh" },
    inputs: [volume],
  },
  {
    className: "Conv3D",
    settings: { filters: 2, kernelSize: 3, strides: [1, 2, 2], padding: "same" },
    inputs: [volume],
  },
  {
    className: "Conv2DTranspose",
    settings: { filters: 4, kernelSize: 3, strides: 2, padding: "same", activation: "relu" },
    inputs: [image],
  },
  { className: "Conv2DTranspose", settings: { filters: 2, kernelSize: [2, 3], strides: 2 }, inputs: [image] },
  { className: "Conv2DTranspose", settings: { filters: 2, kernelSize: 4, padding: "same" }, inputs: [image] },
  {
    className: "Conv3DTranspose",
    settings: { filters: 2, kernelSize: 3, strides: 2, padding: "same" },
    inputs: [[3, 4, 2, 2]],
  },
  {
    className: "DepthwiseConv2D",
    settings: { kernelSize: 3, depthMultiplier: 2, padding: "same", activation: "relu" },
    inputs: [image],
  },
  {
    className: "DepthwiseConv2D",
    settings: { kernelSize: 3, strides: 2, padding: "valid", useBias: false },
    inputs: [image],
  },
  {
    className: "SeparableConv2D",
    settings: { filters: 4, kernelSize: 3, depthMultiplier: 2, activation: "relu" },
    inputs: [image],
  },
  {
    className: "SeparableConv2D",
    settings: { filters: 4, kernelSize: 3, strides: 2, padding: "same", useBias: false },
    inputs: [image],
  },
  { className: "Dense", settings: { units: 5, activation: "softmax" }, inputs: [[6]] },
  { className: "Dense", settings: { units: 4, activation: "sigmoid", useBias: false }, inputs: [series] },
  {
    className: "Dense",
    settings: {
      units: 4,
      kernelInitializer: {
        className: "VarianceScaling",
        config: { scale: 2, mode: "fanIn", distribution: "normal" },
      },
      kernelRegularizer: { className: "L1L2", config: { l1: 0.01, l2: 0.02 } },
      biasConstraint: { className: "MaxNorm", config: { maxValue: 3, axis: 0 } },
    },
    keras: {
      kernel_initializer: "he_normal",
      kernel_regularizer: { class_name: "L1L2", config: { l1: 0.01, l2: 0.02 } },
      bias_constraint: { class_name: "MaxNorm", config: { max_value: 3, axis: 0 } },
    },
    inputs: [[6]],
  },
  ...Object.entries({
    hardSigmoid6: "hard_sigmoid",
    hardSilu: "hard_silu",
    hardTanh: "hard_tanh",
    exponential: "exponential",
    leakyRelu: "leaky_relu",
    logSigmoid: "log_sigmoid",
    tanhShrink: "tanh_shrink",
  }).map(([activation, theirs]) => ({
    className: "Activation",
    settings: { activation },
    keras: { activation: theirs },
    inputs: [series],
  })),
  ...["elu", "selu", "relu6", "softplus", "softsign", "tanh", "gelu", "mish"].map((activation) => ({
    className: "Activation",
    settings: { activation },
    inputs: [image],
  })),
  {
    className: "Activation",
    settings: { activation: "swish" },
    keras: { activation: "silu" },
    inputs: [image],
  },
  {
    className: "Activation",
    settings: { activation: "logSoftmax" },
    keras: { activation: "log_softmax" },
    inputs: [[6]],
  },
  { className: "Activation", settings: { activation: "softmax" }, inputs: [image] },
  { className: "Embedding", settings: { inputDim: 11, outputDim: 3 }, inputs: [[5]], tokens: 11 },
  { className: "BatchNormalization", settings: {}, inputs: [image] },
  { className: "BatchNormalization", settings: { center: false, epsilon: 0.01 }, inputs: [[6]] },
  { className: "BatchNormalization", settings: { scale: false, momentum: 0.9 }, inputs: [volume] },
  { className: "BatchNormalization", settings: {}, inputs: [series] },
  { className: "BatchNormalization", settings: { axis: 1 }, inputs: [image] },
  { className: "BatchNormalization", settings: { axis: -2 }, inputs: [volume] },
  { className: "LayerNormalization", settings: {}, inputs: [image] },
  { className: "LayerNormalization", settings: { axis: [1, 2], epsilon: 0.01 }, inputs: [series] },
  { className: "LayerNormalization", settings: { axis: [-1, 1] }, inputs: [series] },
  { className: "LayerNormalization", settings: { axis: 1, scale: false }, inputs: [image] },
  { className: "LayerNormalization", settings: { center: false }, inputs: [[6]] },
  { className: "MaxPooling1D", settings: { poolSize: 2 }, inputs: [series] },
  { className: "MaxPooling2D", settings: { poolSize: 2 }, inputs: [image] },
  { className: "MaxPooling2D", settings: { poolSize: [3, 2], strides: 2, padding: "same" }, inputs: [image] },
  { className: "MaxPooling3D", settings: { poolSize: 2, padding: "same" }, inputs: [volume] },
  { className: "AveragePooling1D", settings: { poolSize: 3, strides: 2, padding: "same" }, inputs: [series] },
  { className: "AveragePooling2D", settings: { poolSize: 3, strides: 2, padding: "same" }, inputs: [image] },
  { className: "AveragePooling2D", settings: { poolSize: [2, 3] }, inputs: [image] },
  { className: "AveragePooling3D", settings: { poolSize: [2, 2, 1] }, inputs: [volume] },
  { className: "GlobalMaxPooling1D", settings: {}, inputs: [series] },
  { className: "GlobalMaxPooling2D", settings: {}, inputs: [image] },
  { className: "GlobalAveragePooling1D", settings: {}, inputs: [series] },
  { className: "GlobalAveragePooling2D", settings: {}, inputs: [image] },
  { className: "GlobalMaxPooling3D", settings: {}, inputs: [volume] },
  { className: "GlobalAveragePooling3D", settings: {}, inputs: [volume] },
  { className: "GlobalAveragePooling3D", settings: { keepdims: true }, inputs: [volume] },
  { className: "GlobalAveragePooling2D", settings: { keepdims: true }, inputs: [image] },
  { className: "GlobalMaxPooling1D", settings: { keepdims: true }, inputs: [series] },
  { className: "Flatten", settings: {}, inputs: [[6]] },
  { className: "Flatten", settings: {}, inputs: [image] },
  { className: "Flatten", settings: {}, inputs: [volume] },
  { className: "Reshape", settings: { targetShape: [7, 27] }, inputs: [image] },
  { className: "Reshape", settings: { targetShape: [-1, 7] }, inputs: [image] },
  { className: "Permute", settings: { dims: [3, 1, 2] }, inputs: [image] },
  { className: "RepeatVector", settings: { n: 4 }, inputs: [[6]] },
  { className: "ZeroPadding2D", settings: { padding: [[1, 2], [0, 3]] }, inputs: [image] },
  { className: "Cropping2D", settings: { cropping: [[1, 2], [0, 3]] }, inputs: [image] },
  { className: "UpSampling2D", settings: { size: [2, 3] }, inputs: [image] },
  {
    className: "UpSampling2D",
    settings: { size: [2, 3], interpolation: "bilinearOfMiddles" },
    keras: { interpolation: "bilinear" },
    inputs: [image],
  },
  { className: "UpSampling1D", settings: { size: 3 }, inputs: [series] },
  { className: "UpSampling3D", settings: { size: [2, 1, 3] }, inputs: [volume] },
  { className: "ZeroPadding1D", settings: { padding: [1, 2] }, inputs: [series] },
  { className: "ZeroPadding3D", settings: { padding: [[1, 2], [0, 3], [1, 1]] }, inputs: [volume] },
  { className: "ZeroPadding3D", settings: { padding: 1 }, inputs: [volume] },
  { className: "Cropping1D", settings: { cropping: [1, 2] }, inputs: [series] },
  { className: "Cropping3D", settings: { cropping: [[1, 2], [0, 3], [1, 1]] }, inputs: [volume] },
  { className: "Dropout", settings: { rate: 0.5, ...seed }, inputs: [image] },
  { className: "Dropout", settings: { rate: 0.5, noiseShape: [null, 1, 1, null] }, inputs: [image] },
  { className: "SpatialDropout1D", settings: { rate: 0.5 }, inputs: [series] },
  { className: "SpatialDropout2D", settings: { rate: 0.5 }, inputs: [image] },
  { className: "SpatialDropout3D", settings: { rate: 0.5 }, inputs: [volume] },
  { className: "GaussianNoise", settings: { stddev: 0.5 }, inputs: [image] },
  { className: "GaussianDropout", settings: { rate: 0.5 }, inputs: [image] },
  { className: "AlphaDropout", settings: { rate: 0.5 }, inputs: [image] },
  { className: "ReLU", settings: {}, inputs: [image] },
  { className: "ReLU", settings: { maxValue: 1 }, inputs: [image] },
  { className: "LeakyReLU", settings: { alpha: 0.2 }, keras: { negative_slope: 0.2 }, inputs: [image] },
  { className: "ELU", settings: {}, inputs: [image] },
  { className: "PReLU", settings: {}, inputs: [[6]] },
  { className: "PReLU", settings: { sharedAxes: [1, 2] }, inputs: [image] },
  { className: "Softmax", settings: { axis: -1 }, inputs: [image] },
  { className: "Softmax", settings: { axis: 1 }, inputs: [[6]] },
  { className: "Softmax", settings: { axis: 1 }, inputs: [image] },
  { className: "Softmax", settings: { axis: [1, 2] }, inputs: [image] },
  { className: "Normalization", settings: {}, inputs: [image] },
  { className: "Normalization", settings: { axis: [1, 3] }, inputs: [image] },
  { className: "Normalization", settings: { mean: 0.5, variance: 4, invert: true }, inputs: [image] },
  { className: "Rescaling", settings: { scale: 0.5, offset: -1 }, inputs: [image] },
  { className: "Add", settings: {}, inputs: [image, image, image] },
  { className: "Subtract", settings: {}, inputs: [image, [1, 7, 1]] },
  { className: "Multiply", settings: {}, inputs: [image, [1, 1, 3]] },
  { className: "Average", settings: {}, inputs: [image, image] },
  { className: "Maximum", settings: {}, inputs: [image, image] },
  { className: "Minimum", settings: {}, inputs: [series, series] },
  { className: "Concatenate", settings: {}, inputs: [image, [9, 7, 2]] },
  { className: "Concatenate", settings: { axis: -2 }, inputs: [image, [9, 2, 3]] },
  { className: "Concatenate", settings: { axis: 1 }, inputs: [series, [2, 3]] },
  { className: "Dot", settings: { axes: 1 }, inputs: [[6], [6]] },
  { className: "Dot", settings: { axes: [2, 1], normalize: true }, inputs: [series, [3, 4]] },
  { className: "SimpleRNN", settings: { units: 4 }, inputs: [series] },
  {
    className: "SimpleRNN",
    settings: { units: 4, returnSequences: true, goBackwards: true },
    inputs: [series],
  },
  {
    className: "GRU",
    settings: { units: 4, recurrentActivation: "sigmoid", resetAfter: false },
    inputs: [series],
  },
  {
    className: "GRU",
    settings: {
      units: 3,
      recurrentActivation: "sigmoid",
      resetAfter: false,
      returnSequences: true,
      useBias: false,
    },
    inputs: [series],
  },
  {
    className: "GRU",
    settings: { units: 3, recurrentActivation: "sigmoid", resetAfter: true },
    inputs: [series],
  },
  {
    className: "GRU",
    settings: {
      units: 3,
      recurrentActivation: "sigmoid",
      resetAfter: true,
      returnSequences: true,
      goBackwards: true,
      useBias: false,
    },
    inputs: [series],
  },
  {
    className: "LSTM",
    settings: { units: 2, recurrentActivation: "hardSigmoid6", activation: "relu" },
    keras: { recurrent_activation: "hard_sigmoid" },
    inputs: [series],
  },
  ...["concat", "sum", "mul", "ave"].map((mergeMode) => ({
    className: "Bidirectional",
    settings: { mergeMode },
    inner: {
      className: "LSTM",
      settings: { units: 3, recurrentActivation: "sigmoid", returnSequences: mergeMode !== "sum" },
    },
    inputs: [series],
  })),
  {
    className: "Bidirectional",
    settings: {},
    inner: { className: "GRU", settings: { units: 3, recurrentActivation: "sigmoid", resetAfter: true } },
    inputs: [series],
  },
  {
    className: "TimeDistributed",
    settings: {},
    inner: { className: "Dense", settings: { units: 4, activation: "relu" } },
    inputs: [series],
  },
  {
    className: "TimeDistributed",
    settings: {},
    inner: { className: "Conv2D", settings: { filters: 2, kernelSize: 3 } },
    inputs: [[3, 6, 5, 2]],
  },
  { className: "MultiHeadAttention", settings: { numHeads: 2, keyDim: 3 }, inputs: [series, [5, 4]] },
  {
    className: "MultiHeadAttention",
    settings: { numHeads: 2, keyDim: 3, valueDim: 2, useBias: false, outputShape: 5 },
    inputs: [series, [5, 4], [5, 2]],
  },
  { className: "GroupNormalization", settings: { groups: 2 }, inputs: [[4, 3, 6]] },
  { className: "GroupNormalization", settings: { groups: -1, center: false }, inputs: [series] },
  { className: "GroupNormalization", settings: { groups: 2, axis: 1 }, inputs: [[4, 3, 5]] },
  { className: "RMSNormalization", settings: { epsilon: 0.01 }, inputs: [image] },
  { className: "Conv1D", settings: { filters: 2, kernelSize: 3, padding: "causal" }, inputs: [series] },
  {
    className: "Conv1D",
    settings: { filters: 4, kernelSize: 2, padding: "causal", dilationRate: 2, groups: 2 },
    inputs: [[8, 4]],
  },
  {
    className: "Conv1DTranspose",
    settings: { filters: 4, kernelSize: 3, strides: 2, padding: "same", activation: "relu" },
    inputs: [series],
  },
  { className: "Conv1DTranspose", settings: { filters: 2, kernelSize: 2, strides: 3 }, inputs: [series] },
  {
    className: "DepthwiseConv1D",
    settings: { kernelSize: 3, depthMultiplier: 2, strides: 2, padding: "same" },
    inputs: [series],
  },
  { className: "DepthwiseConv1D", settings: { kernelSize: 2, dilationRate: 2 }, inputs: [series] },
  {
    className: "SeparableConv1D",
    settings: { filters: 4, kernelSize: 3, depthMultiplier: 2, activation: "tanh" },
    inputs: [series],
  },
  { className: "AdaptiveAveragePooling1D", settings: { outputSize: 3 }, inputs: [series] },
  { className: "AdaptiveAveragePooling2D", settings: { outputSize: [2, 7] }, inputs: [image] },
  { className: "AdaptiveAveragePooling3D", settings: { outputSize: [2, 5, 1] }, inputs: [volume] },
  { className: "AdaptiveMaxPooling1D", settings: { outputSize: 5 }, inputs: [series] },
  { className: "AdaptiveMaxPooling2D", settings: { outputSize: [4, 3] }, inputs: [image] },
  { className: "AdaptiveMaxPooling3D", settings: { outputSize: 2 }, inputs: [volume] },
  { className: "Resizing", settings: { height: 5, width: 10 }, inputs: [image] },
  { className: "Resizing", settings: { height: 5, width: 9 }, inputs: [[8, 7, 3]] }, // 7 · (9 / 7) is 8.999… in floats
  { className: "Resizing", settings: { height: 13, width: 4, interpolation: "nearest" }, inputs: [image] },
  { className: "CenterCrop", settings: { height: 4, width: 5 }, inputs: [image] },
  { className: "CenterCrop", settings: { height: 12, width: 5 }, inputs: [image] },
  { className: "CenterCrop", settings: { height: 4, width: 11 }, inputs: [image] },
  {
    className: "EinsumDense",
    settings: { equation: "abc,cde->abde", outputShape: [-1, 2, 3], biasAxes: "de", activation: "tanh" },
    keras: { output_shape: [null, 2, 3] },
    inputs: [series],
  },
  {
    className: "EinsumDense",
    settings: { equation: "...x,xy->...y", outputShape: 4 },
    inputs: [image],
  },
  { className: "Attention", settings: {}, inputs: [series, [5, 3]] },
  {
    className: "Attention",
    settings: { useScale: true, scoreMode: "concat" },
    inputs: [series, [5, 2], [5, 3]],
  },
  { className: "AdditiveAttention", settings: {}, inputs: [series, [5, 3]] },
  { className: "AdditiveAttention", settings: { useScale: false }, inputs: [series, [5, 2], [5, 3]] },
  { className: "Identity", settings: {}, inputs: [image] },
  ...Object.entries<Record<string, unknown>>({
    ActivityRegularization: { l1: 0, l2: 0.1 },
    AugMix: {},
    CutMix: {},
    MixUp: {},
    RandAugment: {},
    RandomBrightness: { factor: 0.2 },
    RandomColorDegeneration: { factor: 0.2 },
    RandomColorJitter: {},
    RandomContrast: { factor: 0.2 },
    RandomCrop: { height: 5, width: 4, seed: 3 },
    RandomElasticTransform: {},
    RandomErasing: {},
    RandomFlip: { mode: "horizontal" },
    RandomGaussianBlur: {},
    RandomGrayscale: { factor: 0.3 },
    RandomHue: { factor: 0.2 },
    RandomInvert: {},
    RandomPerspective: {},
    RandomPosterization: { factor: 4 },
    RandomRotation: { factor: 0.2 },
    RandomSaturation: { factor: 0.2 },
    RandomSharpness: { factor: 0.2 },
    RandomShear: {},
    RandomTranslation: { height_factor: 0.1, width_factor: 0.2 },
    RandomZoom: { height_factor: 0.1 },
    Solarization: { threshold_factor: 0.3, value_range: [0, 1] },
  }).map(([className, kept]) => ({ className, settings: { kept }, keras: kept, inputs: [image] })),
  { className: "ELU", settings: { alpha: 0.5 }, inputs: [image] },
  { className: "ReLU", settings: { negativeSlope: 0.1, maxValue: 1, threshold: 0.2 }, inputs: [image] },
  {
    className: "LayerScale",
    settings: { projectionDim: 3, initValues: 0.5 },
    inputs: [image],
  },
  { className: "UnitNormalization", settings: {}, inputs: [image] },
  { className: "UnitNormalization", settings: { axis: [1, 2] }, inputs: [image] },
  {
    className: "SpectralNormalization",
    settings: { powerIterations: 2 },
    inner: { className: "Conv2D", settings: { filters: 3, kernelSize: 3 } },
    inputs: [image],
  },
  {
    className: "SpectralNormalization",
    settings: {},
    inner: { className: "Dense", settings: { units: 3, useBias: false } },
    inputs: [[6]],
  },
  { className: "LSTM", settings: { units: 4, recurrentActivation: "sigmoid" }, inputs: [series] },
  {
    className: "LSTM",
    settings: { units: 3, recurrentActivation: "sigmoid", returnSequences: true, dropout: 0.3 },
    inputs: [series],
  },
  { className: "AutoContrast", settings: { valueRange: [-3, 3] }, inputs: [image] },
  {
    className: "ContrastLimitedAdaptiveHistogramEqualization",
    settings: { valueRange: [-3, 3], tileGridSize: [3, 2], clipLimit: 20 },
    inputs: [image],
  },
  {
    className: "ContrastLimitedAdaptiveHistogramEqualization",
    settings: { valueRange: [-3, 2], tileGridSize: [4, 3], clipLimit: 0 },
    inputs: [[10, 9, 1]],
  },
  {
    className: "Pipeline",
    settings: {},
    inner: [
      { className: "AutoContrast", settings: { valueRange: [-3, 3] } },
      { className: "Normalization", settings: {} },
      { className: "Equalization", settings: { kept: { bins: 64 } }, keras: { bins: 64 } },
      { className: "Normalization", settings: { axis: 1 } },
      { className: "CenterCrop", settings: { height: 4, width: 5 } },
    ],
    innerAs: "layers",
    inputs: [image],
  },
  {
    className: "RNN",
    settings: { returnSequences: true, goBackwards: true },
    inner: { className: "SimpleRNNCell", settings: { units: 3, useBias: false } },
    innerAs: "cell",
    inputs: [series],
  },
  {
    className: "RNN",
    settings: {},
    inner: { className: "LSTMCell", settings: { units: 3, recurrentActivation: "sigmoid" } },
    innerAs: "cell",
    inputs: [series],
  },
  {
    className: "RNN",
    settings: { goBackwards: true },
    inner: {
      className: "StackedRNNCells",
      settings: {},
      inner: [
        { className: "LSTMCell", settings: { units: 3, recurrentActivation: "sigmoid" } },
        { className: "GRUCell", settings: { units: 2, recurrentActivation: "sigmoid", resetAfter: true } },
        { className: "LSTMCell", settings: { units: 4, recurrentActivation: "sigmoid", useBias: false } },
      ],
      innerAs: "cells",
    },
    innerAs: "cell",
    inputs: [series],
  },
  {
    className: "ConvLSTM1D",
    settings: { filters: 2, kernelSize: 3, strides: 2, returnSequences: true, goBackwards: true },
    inputs: [[4, 9, 3]],
  },
  {
    className: "ConvLSTM2D",
    settings: { filters: 2, kernelSize: [3, 2], padding: "same", activation: "relu" },
    inputs: [[3, 6, 5, 2]],
  },
  {
    className: "ConvLSTM2D",
    settings: { filters: 3, kernelSize: 2, dilationRate: 2, useBias: false, returnSequences: true },
    inputs: [[3, 6, 5, 2]],
  },
  {
    className: "ConvLSTM2D",
    settings: {
      filters: 1,
      kernelSize: 3,
      padding: "same",
      dilationRate: 2,
      activation: "relu",
      returnSequences: true,
    },
    inputs: [[4, 5, 4, 2]],
  },
  {
    className: "ConvLSTM3D",
    settings: { filters: 2, kernelSize: 2, recurrentActivation: "hardSigmoid6" },
    keras: { recurrent_activation: "hard_sigmoid" },
    inputs: [[2, 4, 5, 3, 2]],
  },
  {
    className: "GroupQueryAttention",
    settings: { headDim: 3, numQueryHeads: 4, numKeyValueHeads: 2 },
    inputs: [series, [5, 3]],
  },
  {
    className: "GroupQueryAttention",
    settings: { headDim: 2, numQueryHeads: 3, numKeyValueHeads: 1, useBias: false },
    inputs: [series, [5, 3], [5, 2]],
  },
  { className: "ReversibleEmbedding", settings: { inputDim: 11, outputDim: 3 }, inputs: [[5]], tokens: 11 },
];

/** Layers that Keras itself lacks; cloudchamber.py has them for Python. */
export const OWN_CASES: readonly LayerCase[] = [
  {
    className: "LocalResponseNormalization",
    settings: { depthRadius: 2, bias: 2, alpha: 0.1, beta: 0.75 },
    inputs: [[4, 3, 7]],
  },
  { className: "LocalResponseNormalization", settings: {}, inputs: [[5, 4]] },
  { className: "ChannelAttention", settings: { reduction: 2 }, inputs: [[4, 5, 6]] },
  { className: "ChannelAttention", settings: {}, inputs: [[4, 5, 3]] },
  { className: "SpatialAttention", settings: {}, inputs: [[9, 8, 3]] },
  { className: "SpatialAttention", settings: { kernelSize: 3 }, inputs: [[5, 4, 3]] },
  { className: "SelfAttention", settings: { reduction: 2 }, inputs: [[4, 3, 6]] },
  { className: "SelfAttention", settings: {}, inputs: [[3, 3, 4]] },
  { className: "MinPooling2D", settings: { poolSize: 2 }, inputs: [image] },
  { className: "MinPooling2D", settings: { poolSize: [3, 2], strides: 2, padding: "same" }, inputs: [image] },
  { className: "Reparametrization", settings: {}, inputs: [[6], [6]] },
  { className: "Squash", settings: {}, inputs: [[5, 4]] },
  { className: "PrimaryCapsule", settings: { capsules: 2, size: 4, kernelSize: 3 }, inputs: [image] },
  {
    className: "PrimaryCapsule",
    settings: { capsules: 2, size: 3, kernelSize: [3, 2], strides: 1, padding: "same" },
    inputs: [[4, 5, 2]],
  },
  { className: "RoutingByAgreement", settings: {}, inputs: [[3, 5, 4]] },
  { className: "SecondaryCapsule", settings: { capsules: 3, size: 5 }, inputs: [[6, 4]] },
  { className: "SecondaryCapsule", settings: { capsules: 2, size: 3, routings: 1 }, inputs: [[6, 4]] },
  { className: "CapsuleLength", settings: {}, inputs: [[5, 4]] },
  { className: "LongestCapsule", settings: {}, inputs: [[5, 4]] },
  { className: "TanhLevels", settings: { gains: [4, 1, 0.5] }, inputs: [[4, 5, 1]] },
  { className: "SoftMaskMoments", settings: { gains: [3, 0.5], contrast: 4, unit: 2 }, inputs: [[6, 5, 1]] },
  {
    className: "Apertures",
    settings: { thresholds: [0.1, 0.5, 2], lightGains: [20, 5] },
    inputs: [[6, 5, 1]],
  },
  { className: "Apertures", settings: { thresholds: [1], sharpness: 2 }, inputs: [[6, 5, 1]] },
  {
    className: "ClusterShapes",
    settings: { thresholds: [0.1, 0.5], sharpness: 2, unit: 3 },
    inputs: [[6, 5, 1]],
  },
  { className: "ClusterShapes", settings: { thresholds: [0.3] }, inputs: [[7, 8, 1]] },
  { className: "DihedralConv2D", settings: { filters: 2, lifts: true }, inputs: [image] },
  { className: "DihedralConv2D", settings: { filters: 3, kernelSize: 5 }, inputs: [[6, 5, 16]] },
];

/** All cases. */
export const LAYER_CASES: readonly LayerCase[] = [...KERAS_CASES, ...OWN_CASES];

/** A case's settings as Keras calls them. */
export function kerasSettings({ settings, keras = {} }: Omit<LayerCase, "inputs">): Record<string, unknown> {
  const snake = (name: string) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  const same = Object.entries(settings).map(([name, value]) => [snake(name), value] as const);
  const other = Object.keys(keras);
  if (settings.kept) return keras;
  const renamed = settings.alpha !== undefined && "negative_slope" in keras ? ["alpha"] : [];
  return {
    ...Object.fromEntries(same.filter(([name]) => !other.includes(name) && !renamed.includes(name))),
    ...keras,
  };
}

/** A layer as the Python programs make it. */
export function kerasLayer(layerCase: InnerCase): Record<string, unknown> {
  const { className, inner, innerAs = "layer" } = layerCase;
  const held = inner &&
    { inner: Array.isArray(inner) ? inner.map(kerasLayer) : kerasLayer(inner as InnerCase) };
  return { class: className, settings: kerasSettings(layerCase), ...held, as: innerAs };
}

/** The classes of a layer and of those inside it. */
export function classesOf({ className, inner = [] }: InnerCase): string[] {
  return [className, ...[inner].flat().flatMap(classesOf)];
}

/** A number that depends on the case alone, so that a new case leaves the numbers of all others as they are. */
export function caseSeed(layerCase: InnerCase): number {
  let hash = 7;
  for (const letter of caseName(layerCase)) hash = (hash * 31 + letter.charCodeAt(0)) % 65_521;
  return hash;
}

/** A short name for messages. */
export function caseName({ className, settings, inner }: InnerCase): string {
  const held = inner ? ` of ${[inner].flat().map(caseName).join(", ")}` : "";
  return `${className} ${JSON.stringify(settings)}${held}`;
}
