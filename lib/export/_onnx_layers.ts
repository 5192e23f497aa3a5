/**
 * How each layer is written in ONNX operations of opset 17, at inference.
 *
 * Windows, strides and paddings: TensorFlow's SAME puts the odd row or column of padding at the end. Transposed
 * convolutions are the gradients of convolutions with the same padding, from which theirs follows. @module
 */
import type { tf } from "../engine/mod.ts";
import {
  type Attribute,
  axisIn,
  type Flow,
  type Layout,
  type OnnxBuilder,
  sizes,
  transpose,
} from "./_onnx_builder.ts";

/** Settings of a layer, named as in TensorFlow.js; not all are there for every layer. */
interface Settings {
  activation: string;
  alpha: number;
  axes: number | number[];
  axis: number | number[];
  center: boolean;
  cropping: [[number, number], [number, number]];
  depthMultiplier: number;
  dilationRate: number[];
  dims: number[];
  epsilon: number;
  goBackwards: boolean;
  interpolation: "nearest" | "bilinear";
  kernelSize: number[];
  maxValue: number | null;
  n: number;
  normalize: boolean;
  offset: number;
  padding: "same" | "valid" | [[number, number], [number, number]];
  poolSize: number[];
  recurrentActivation: string;
  returnSequences: boolean;
  scale: boolean | number;
  sharedAxes: number[] | null;
  size: number[];
  strides: number[];
  units: number;
  useBias: boolean;
}

/** A layer's weight as plain numbers. */
interface Weight {
  data: Float32Array;
  shape: number[];
}

/** What an emitter works with. */
interface Site {
  build: OnnxBuilder;
  settings: Settings;
  weights: Weight[];
  /** The layer's own key, for constants that several calls share. */
  key: string;
  inputs: Flow[];
  output: Flow;
  fail(why: string): TypeError;
}

type Emit = (site: Site) => void;

const product = (sides: readonly number[]) => sides.reduce((size, side) => size * side, 1);

/** Makes the layer's output appear in a layout. */
function set({ output }: Site, layout: Layout, name: string): void {
  output.names[output.shape.length < 3 ? "last" : layout] = name;
}

/** A layer that does nothing at inference. */
function pass({ inputs: [input], output }: Site): void {
  Object.assign(output.names, input.names);
  output.flattened = input.flattened;
}

/** One value that broadcasts. */
const scalar = (build: OnnxBuilder, value: number) => build.floats([value], []);

/** Applies an activation to a tensor in a layout. */
function activate(site: Site, name: string, activation: string, layout: Layout): string {
  const { build } = site, rank = site.output.shape.length;
  const mul = (a: string, b: string) => build.node("Mul", [a, b]);
  switch (activation) {
    case "linear":
      return name;
    case "relu":
      return build.node("Relu", [name]);
    case "relu6":
      return build.node("Clip", [name, scalar(build, 0), scalar(build, 6)]);
    case "elu":
      return build.node("Elu", [name], { alpha: { float: 1 } });
    case "selu":
      return build.node("Selu", [name]);
    case "sigmoid":
      return build.node("Sigmoid", [name]);
    case "hardSigmoid":
      return build.node("HardSigmoid", [name], { alpha: { float: 0.2 }, beta: { float: 0.5 } });
    case "softmax":
      return build.node("Softmax", [name], { axis: axisIn(layout, -1, rank) });
    case "logSoftmax":
      return build.node("LogSoftmax", [name], { axis: axisIn(layout, -1, rank) });
    case "softplus":
      return build.node("Softplus", [name]);
    case "softsign":
      return build.node("Softsign", [name]);
    case "tanh":
      return build.node("Tanh", [name]);
    case "swish":
      return mul(name, build.node("Sigmoid", [name]));
    case "mish":
      return mul(name, build.node("Tanh", [build.node("Softplus", [name])]));
    case "gelu": {
      const erf = build.node("Erf", [mul(name, scalar(build, Math.SQRT1_2))]);
      return mul(mul(name, scalar(build, 0.5)), build.node("Add", [erf, scalar(build, 1)]));
    }
    default:
      throw site.fail(`activation "${activation}" has no counterpart`);
  }
}

/** Settings that may be left out of getConfig, or hold an object. */
function activationOf({ settings }: Site): string {
  const activation: unknown = settings.activation ?? "linear";
  return typeof activation === "string" ? activation : (activation as { className: string }).className;
}

/** Explicit padding of windows over the inner axes, begins then ends; "same" needs known sides. */
function paddings(
  site: Site,
  window: readonly number[],
  dilations: readonly number[],
): Record<string, string | number[]> {
  const { padding, strides } = site.settings;
  if (padding !== "same") return { pads: Array(2 * window.length).fill(0) };
  const sides = site.inputs[0].shape.slice(1, -1);
  if (sides.includes(null)) return { auto_pad: "SAME_UPPER" };
  const totals = window.map((size, i) => {
    const side = sides[i]!, out = Math.ceil(side / strides[i]);
    return Math.max((out - 1) * strides[i] + (size - 1) * dilations[i] + 1 - side, 0);
  });
  const begins = totals.map((total) => Math.floor(total / 2));
  return { pads: [...begins, ...totals.map((total, i) => total - begins[i])] };
}

/** [window…, in, out] to [out, in, window…]. */
function turnKernel({ data, shape }: Weight): Weight {
  const rank = shape.length, order = [rank - 1, rank - 2, ...shape.slice(0, -2).map((_, i) => i)];
  return { data: transpose(data, shape, order), shape: order.map((axis) => shape[axis]) };
}

function constant({ build, key }: Site, role: string, { data, shape }: Weight): string {
  return build.floats(data, shape, `${key} ${role}`);
}

const convolve: Emit = (site) => {
  const { build, settings, weights: [kernel, bias], inputs: [input] } = site;
  const { kernelSize, strides, dilationRate } = settings;
  const inputs = [build.as(input, "first"), constant(site, "kernel", turnKernel(kernel))];
  if (bias) inputs.push(constant(site, "bias", bias));
  const name = build.node("Conv", inputs, {
    kernel_shape: kernelSize,
    strides,
    dilations: dilationRate,
    ...paddings(site, kernelSize, dilationRate),
  });
  set(site, "first", activate(site, name, activationOf(site), "first"));
};

/** The depthwise step: [rows, columns, in, times] to [in · times, 1, rows, columns], one group a channel. */
function convolveDepthwise(site: Site, kernel: Weight, bias?: Weight): string {
  const { build, settings: { strides, dilationRate }, inputs: [input] } = site;
  const [rows, columns, channels, times] = kernel.shape;
  const turned = transpose(kernel.data, kernel.shape, [2, 3, 0, 1]);
  const weights = { data: turned, shape: [channels * times, 1, rows, columns] };
  const inputs = [build.as(input, "first"), constant(site, "depthwise", weights)];
  if (bias) inputs.push(constant(site, "bias", bias));
  const window = [rows, columns];
  return build.node("Conv", inputs, {
    group: channels,
    kernel_shape: window,
    strides,
    dilations: dilationRate,
    ...paddings(site, window, dilationRate),
  });
}

const depthwise: Emit = (site) => {
  const [kernel, bias] = site.weights;
  set(site, "first", activate(site, convolveDepthwise(site, kernel, bias), activationOf(site), "first"));
};

const separable: Emit = (site) => {
  const [kernel, pointwise, bias] = site.weights;
  const inputs = [convolveDepthwise(site, kernel), constant(site, "pointwise", turnKernel(pointwise))];
  if (bias) inputs.push(constant(site, "bias", bias));
  set(site, "first", activate(site, site.build.node("Conv", inputs), activationOf(site), "first"));
};

const convolveTransposed: Emit = (site) => {
  const { build, settings, weights: [kernel, bias], inputs: [input] } = site;
  const { kernelSize, strides, padding } = settings;
  // The kernel is [window…, out, in]; ONNX wants [in, out, window…].
  const inputs = [build.as(input, "first"), constant(site, "kernel", turnKernel(kernel))];
  if (bias) inputs.push(constant(site, "bias", bias));
  const totals = kernelSize.map((size, i) => padding === "same" ? Math.max(size - strides[i], 0) : 0);
  const begins = totals.map((total) => Math.floor(total / 2));
  const name = build.node("ConvTranspose", inputs, {
    kernel_shape: kernelSize,
    strides,
    pads: [...begins, ...totals.map((total, i) => total - begins[i])],
    output_padding: kernelSize.map((size, i) => Math.max(strides[i] - size, 0)),
  });
  set(site, "first", activate(site, name, activationOf(site), "first"));
};

const dense: Emit = (site) => {
  const { build, weights: [kernel, bias], inputs: [input] } = site;
  const { flattened } = input;
  let name: string;
  if (input.shape.length === 2) {
    let source = kernel, from: string, role = "kernel";
    const sides = flattened?.shape.slice(1);
    if (flattened && sides && !input.names.last && !sides.includes(null)) {
      // The input was flattened channels first, so the kernel's rows are put into that order instead.
      const [...inner] = sides as number[], rank = inner.length, units = kernel.shape[1];
      const order = [rank - 1, ...inner.slice(0, -1).map((_, i) => i), rank];
      source = { data: transpose(kernel.data, [...inner, units], order), shape: kernel.shape };
      from = flattened.name;
      role = "kernel channels first";
    } else from = build.as(input, "last");
    const inputs = [from, constant(site, role, source)];
    if (bias) inputs.push(constant(site, "bias", bias));
    name = build.node("Gemm", inputs);
  } else {
    name = build.node("MatMul", [build.as(input, "last"), constant(site, "kernel", kernel)]);
    if (bias) name = build.node("Add", [name, constant(site, "bias", bias)]);
  }
  set(site, "last", activate(site, name, activationOf(site), "last"));
};

const embedding: Emit = (site) => {
  const { build, weights: [table], inputs: [input] } = site;
  let rows = build.as(input, "last");
  if (input.dtype === "float32") rows = build.node("Cast", [rows], { to: 6 });
  set(site, "last", build.node("Gather", [constant(site, "table", table), rows], { axis: 0 }));
};

const batchNormalization: Emit = (site) => {
  const { build, settings: { center, scale, epsilon, axis }, weights, inputs: [input] } = site;
  const rank = input.shape.length, rest = [...weights], channels = weights[0].shape[0];
  const all = (value: number): Weight => ({
    data: new Float32Array(channels).fill(value),
    shape: [channels],
  });
  const gamma = scale ? rest.shift()! : all(1), beta = center ? rest.shift()! : all(0);
  const [mean, variance] = rest;
  const last = axisIn("last", axis as number, rank) === rank - 1;
  if (last && (rank === 2 || input.names.first !== undefined)) {
    const parameters = Object.entries({ gamma, beta, mean, variance }).map(([role, weight]) =>
      constant(site, role, weight)
    );
    const name = build.node("BatchNormalization", [build.as(input, "first"), ...parameters], {
      epsilon: { float: epsilon },
    });
    return set(site, "first", name);
  }
  // Over any other axis, and where turning would cost more: one multiplication and one addition.
  const factor = gamma.data.map((value, i) => value / Math.sqrt(variance.data[i] + epsilon));
  const offset = beta.data.map((value, i) => value - mean.data[i] * factor[i]);
  const shape: number[] = Array(rank).fill(1);
  shape[axisIn("last", axis as number, rank)] = channels;
  const scaled = build.node("Mul", [
    build.as(input, "last"),
    constant(site, "factor", { data: factor, shape }),
  ]);
  set(site, "last", build.node("Add", [scaled, constant(site, "offset", { data: offset, shape })]));
};

const layerNormalization: Emit = (site) => {
  const { build, settings: { axis, epsilon, center, scale }, weights, inputs: [input] } = site;
  const rank = input.shape.length;
  const axes = [axis].flat().map((one) => axisIn("last", one, rank)).sort((a, b) => a - b);
  if (axes.some((one, i) => one !== rank - axes.length + i)) {
    throw site.fail(`axis ${JSON.stringify(axis)} must end with the last one`);
  }
  const shape = weights[0]?.shape ?? axes.map((one) => input.shape[one] as number);
  const all = (value: number): Weight => ({ data: new Float32Array(product(shape)).fill(value), shape });
  const rest = [...weights];
  const gamma = scale ? rest.shift()! : all(1), beta = center ? rest.shift()! : all(0);
  const inputs = [build.as(input, "last"), constant(site, "gamma", gamma), constant(site, "beta", beta)];
  set(site, "last", build.node("LayerNormalization", inputs, { axis: axes[0], epsilon: { float: epsilon } }));
};

function pool(type: "MaxPool" | "AveragePool"): Emit {
  return (site) => {
    const { build, settings: { poolSize, strides }, inputs: [input] } = site;
    const name = build.node(type, [build.as(input, "first")], {
      kernel_shape: poolSize,
      strides,
      ...paddings(site, poolSize, poolSize.map(() => 1)),
    });
    set(site, "first", name);
  };
}

function poolAll(type: "Max" | "Average", reduce: "ReduceMax" | "ReduceMean"): Emit {
  return (site) => {
    const { build, inputs: [input] } = site;
    if (input.names.first === undefined) {
      const axes = input.shape.slice(1, -1).map((_, i) => i + 1);
      return set(site, "last", build.node(reduce, [build.as(input, "last")], { axes, keepdims: 0 }));
    }
    const name = build.node(`Global${type}Pool`, [build.as(input, "first")]);
    set(site, "last", build.node("Flatten", [name], { axis: 1 }));
  };
}

const flatten: Emit = (site) => {
  const { build, inputs: [input], output } = site;
  if (input.shape.length === 2) return pass(site);
  if (input.names.last !== undefined || input.shape.slice(1).includes(null)) {
    return set(site, "last", build.node("Flatten", [build.as(input, "last")], { axis: 1 }));
  }
  // A dense layer behind can take it as it lies; anybody else has it turned.
  output.flattened = { name: build.node("Flatten", [input.names.first!], { axis: 1 }), shape: input.shape };
};

const reshape: Emit = (site) => {
  const { build, inputs: [input], output, settings } = site;
  const wanted = sizes(output.shape);
  if (wanted.filter((side) => side < 0).length > 1) {
    throw site.fail(
      `shape ${JSON.stringify((settings as { targetShape?: number[] }).targetShape)} has several open sides`,
    );
  }
  set(site, "last", build.node("Reshape", [build.as(input, "last"), build.integers(wanted)]));
};

const permute: Emit = (site) => {
  const { build, inputs: [input], settings: { dims } } = site;
  set(site, "last", build.node("Transpose", [build.as(input, "last")], { perm: [0, ...dims] }));
};

const repeatVector: Emit = (site) => {
  const { build, inputs: [input], settings: { n } } = site;
  const row = build.node("Reshape", [build.as(input, "last"), build.integers([0, 1, -1])]);
  set(site, "last", build.node("Tile", [row, build.integers([1, n, 1])]));
};

const zeroPad: Emit = (site) => {
  const { build, inputs: [input], settings: { padding } } = site;
  const [[top, bottom], [left, right]] = padding as [[number, number], [number, number]];
  const layout = build.common([input]);
  const pads = layout === "first"
    ? [0, 0, top, left, 0, 0, bottom, right]
    : [0, top, left, 0, 0, bottom, right, 0];
  set(site, layout, build.node("Pad", [build.as(input, layout), build.integers(pads)]));
};

const crop: Emit = (site) => {
  const { build, inputs: [input], settings: { cropping: [rows, columns] } } = site;
  const layout = build.common([input]);
  const axes = [1, 2].map((axis) => axisIn(layout, axis, 4));
  const ends = [rows, columns].map(([, end]) => end > 0 ? -end : 0x7fffffff);
  const parts = [[rows[0], columns[0]], ends, axes].map((list) => build.integers(list));
  set(site, layout, build.node("Slice", [build.as(input, layout), ...parts]));
};

const upSample: Emit = (site) => {
  const { build, inputs: [input], settings: { size: [rows, columns], interpolation } } = site;
  const scales = build.floats([1, 1, rows, columns], [4]);
  const name = build.node("Resize", [build.as(input, "first"), "", scales], {
    mode: interpolation === "bilinear" ? "linear" : "nearest",
    coordinate_transformation_mode: "asymmetric",
    nearest_mode: "floor",
  });
  set(site, "first", name);
};

/** An operation value by value, in whatever layout the input lies. */
function each(emit: (site: Site, name: string, layout: Layout) => string): Emit {
  return (site) => {
    const layout = site.build.common(site.inputs);
    set(site, layout, emit(site, site.build.as(site.inputs[0], layout), layout));
  };
}

const prelu = each((site, name, layout) => {
  const { build, weights: [alpha] } = site;
  if (layout === "last" || alpha.shape.length < 2) {
    return build.node("PRelu", [name, constant(site, "alpha", alpha)]);
  }
  const rank = alpha.shape.length, order = [rank - 1, ...alpha.shape.slice(0, -1).map((_, i) => i)];
  const turned = {
    data: transpose(alpha.data, alpha.shape, order),
    shape: order.map((axis) => alpha.shape[axis]),
  };
  return build.node("PRelu", [name, constant(site, "alpha channels first", turned)]);
});

const rescale = each(({ build, settings: { scale, offset } }, name) =>
  build.node("Add", [build.node("Mul", [name, scalar(build, scale as number)]), scalar(build, offset)])
);

/** A merge of tensors of one rank, value by value. */
function merge(join: (build: OnnxBuilder, names: string[]) => string): Emit {
  return (site) => {
    const { build, inputs } = site, rank = inputs[0].shape.length;
    if (inputs.some(({ shape }) => shape.length !== rank)) {
      throw site.fail("its inputs must have the same rank");
    }
    const layout = build.common(inputs);
    set(site, layout, join(build, inputs.map((input) => build.as(input, layout))));
  };
}

const chain = (type: string) => (build: OnnxBuilder, names: string[]) =>
  names.reduce((sum, name) => build.node(type, [sum, name]));

const concatenate: Emit = (site) => {
  const { build, inputs, output, settings: { axis } } = site;
  const layout = build.common(inputs), rank = output.shape.length;
  if (axisIn("last", axis as number, rank) === 0) throw site.fail("the batch cannot be the axis");
  const names = inputs.map((input) => build.as(input, layout));
  set(site, layout, build.node("Concat", names, { axis: axisIn(layout, axis as number, rank) }));
};

const dot: Emit = (site) => {
  const { build, inputs, settings: { axes, normalize } } = site;
  const ranks = inputs.map(({ shape }) => shape.length);
  const pair = (typeof axes === "number" ? [axes, axes] : axes).map((axis, i) =>
    axisIn("last", axis, ranks[i])
  );
  if (ranks[0] !== ranks[1] || ranks[0] > 3 || pair.includes(0)) {
    throw site.fail("its inputs must both be of rank 2 or 3, and the batch no axis");
  }
  let [x, y] = inputs.map((input) => build.as(input, "last"));
  if (normalize) {
    [x, y] = [x, y].map((name, i) => build.node("LpNormalization", [name], { axis: pair[i], p: 2 }));
  }
  if (ranks[0] === 2) {
    const sum = build.node("ReduceSum", [build.node("Mul", [x, y]), build.integers([1])], { keepdims: 1 });
    return set(site, "last", sum);
  }
  if (pair[0] !== 2) x = build.node("Transpose", [x], { perm: [0, 2, 1] });
  if (pair[1] !== 1) y = build.node("Transpose", [y], { perm: [0, 2, 1] });
  set(site, "last", build.node("MatMul", [x, y]));
};

/** Activations inside ONNX's recurrent operations. */
const RECURRENT: Readonly<Record<string, { name: string; alpha: number; beta: number }>> = {
  tanh: { name: "Tanh", alpha: 0, beta: 0 },
  sigmoid: { name: "Sigmoid", alpha: 0, beta: 0 },
  relu: { name: "Relu", alpha: 0, beta: 0 },
  softsign: { name: "Softsign", alpha: 0, beta: 0 },
  hardSigmoid: { name: "HardSigmoid", alpha: 0.2, beta: 0.5 },
};

/** @param gates Where ONNX's gates are among TensorFlow's. */
function recur(type: "RNN" | "GRU" | "LSTM", gates: readonly number[], recurrentCount: number): Emit {
  return (site) => {
    const { build, settings, weights: [kernel, recurrent, bias], inputs: [input] } = site;
    const { units, goBackwards, returnSequences } = settings, { key } = site;
    const named = (activation: string) => {
      if (!Object.hasOwn(RECURRENT, activation)) {
        throw site.fail(`activation "${activation}" has no counterpart`);
      }
      return RECURRENT[activation];
    };
    const inner = named(activationOf(site));
    const functions = recurrentCount === 0
      ? [inner]
      : [named(settings.recurrentActivation), ...Array<typeof inner>(recurrentCount).fill(inner)];
    // [inputs, gates · units] to [1, gates · units, inputs], gates in ONNX's order.
    const turned = ({ data, shape: [rows] }: Weight): Weight => {
      const all = transpose(data, [rows, gates.length, units], [1, 2, 0]), size = units * rows;
      const out = new Float32Array(data.length);
      gates.forEach((gate, i) => out.set(all.subarray(gate * size, (gate + 1) * size), i * size));
      return { data: out, shape: [1, gates.length * units, rows] };
    };
    let steps = build.node("Transpose", [build.as(input, "last")], { perm: [1, 0, 2] });
    if (goBackwards) {
      const parts = [[-1], [-0x7fffffff], [0], [-1]].map((list) => build.integers(list));
      steps = build.node("Slice", [steps, ...parts]);
    }
    const inputs = [
      steps,
      constant(site, "kernel", turned(kernel)),
      constant(site, "recurrent", turned(recurrent)),
    ];
    if (bias) {
      const data = new Float32Array(2 * gates.length * units); // the second half is a bias that TensorFlow lacks
      gates.forEach((gate, i) => data.set(bias.data.subarray(gate * units, (gate + 1) * units), i * units));
      inputs.push(build.floats(data, [1, data.length], `${key} bias`));
    }
    const attributes: Record<string, Attribute> = {
      hidden_size: units,
      activations: { strings: functions.map(({ name }) => name) },
    };
    const sloped = functions.filter(({ alpha }) => alpha !== 0); // only these take numbers
    if (sloped.length > 0) {
      attributes.activation_alpha = { floats: sloped.map(({ alpha }) => alpha) };
      attributes.activation_beta = { floats: sloped.map(({ beta }) => beta) };
    }
    const name = build.node(type, inputs, attributes, { place: returnSequences ? 0 : 1 }); // all states, or the last
    if (!returnSequences) { // [1, batch, units]
      return set(site, "last", build.node("Squeeze", [name, build.integers([0])]));
    }
    const sequence = build.node("Squeeze", [name, build.integers([1])]); // [steps, 1, batch, units]
    set(site, "last", build.node("Transpose", [sequence], { perm: [1, 0, 2] }));
  };
}

const EMITTERS: Readonly<Record<string, Emit>> = {
  Conv1D: convolve,
  Conv2D: convolve,
  Conv3D: convolve,
  Conv2DTranspose: convolveTransposed,
  Conv3DTranspose: convolveTransposed,
  DepthwiseConv2D: depthwise,
  SeparableConv2D: separable,
  Dense: dense,
  Embedding: embedding,
  BatchNormalization: batchNormalization,
  LayerNormalization: layerNormalization,
  MaxPooling1D: pool("MaxPool"),
  MaxPooling2D: pool("MaxPool"),
  MaxPooling3D: pool("MaxPool"),
  AveragePooling1D: pool("AveragePool"),
  AveragePooling2D: pool("AveragePool"),
  AveragePooling3D: pool("AveragePool"),
  GlobalMaxPooling1D: poolAll("Max", "ReduceMax"),
  GlobalMaxPooling2D: poolAll("Max", "ReduceMax"),
  GlobalAveragePooling1D: poolAll("Average", "ReduceMean"),
  GlobalAveragePooling2D: poolAll("Average", "ReduceMean"),
  Flatten: flatten,
  Reshape: reshape,
  Permute: permute,
  RepeatVector: repeatVector,
  ZeroPadding2D: zeroPad,
  Cropping2D: crop,
  UpSampling2D: upSample,
  Dropout: pass,
  SpatialDropout1D: pass,
  SpatialDropout2D: pass,
  SpatialDropout3D: pass,
  GaussianNoise: pass,
  GaussianDropout: pass,
  AlphaDropout: pass,
  Activation: each((site, name, layout) => activate(site, name, activationOf(site), layout)),
  ReLU: each(({ build, settings: { maxValue } }, name) =>
    maxValue === null || maxValue === undefined
      ? build.node("Relu", [name])
      : build.node("Clip", [name, scalar(build, 0), scalar(build, maxValue)])
  ),
  LeakyReLU: each(({ build, settings: { alpha } }, name) =>
    build.node("LeakyRelu", [name], { alpha: { float: alpha } })
  ),
  ELU: each(({ build, settings: { alpha } }, name) => build.node("Elu", [name], { alpha: { float: alpha } })),
  PReLU: prelu,
  Softmax: each(({ build, settings: { axis }, output }, name, layout) =>
    build.node("Softmax", [name], { axis: axisIn(layout, axis as number, output.shape.length) })
  ),
  Rescaling: rescale,
  Add: merge(chain("Add")),
  Multiply: merge(chain("Mul")),
  Average: merge((build, names) =>
    build.node("Mul", [chain("Add")(build, names), scalar(build, 1 / names.length)])
  ),
  Maximum: merge((build, names) => build.node("Max", names)),
  Minimum: merge((build, names) => build.node("Min", names)),
  Concatenate: concatenate,
  Dot: dot,
  SimpleRNN: recur("RNN", [0], 0),
  GRU: recur("GRU", [0, 1, 2], 1), // update, reset, new: the same order
  LSTM: recur("LSTM", [0, 3, 1, 2], 2), // input, output, forget, cell from input, forget, cell, output
};

/** Layer classes that can be written. */
export const ONNX_LAYERS: readonly string[] = Object.keys(EMITTERS);

/**
 * Writes one call of a layer.
 *
 * @throws {TypeError} If the layer or one of its settings has no counterpart; it is named.
 */
export function emitLayer(
  build: OnnxBuilder,
  layer: tf.layers.Layer,
  className: string,
  key: string,
  inputs: Flow[],
  output: Flow,
): void {
  const fail = (why: string) =>
    new TypeError(`Cannot write layer "${layer.name}" (${className}) as ONNX: ${why}`);
  if (!Object.hasOwn(EMITTERS, className)) throw fail(`the class must be one of ${ONNX_LAYERS.join(", ")}`);
  const settings = layer.getConfig() as unknown as Settings & { dataFormat?: string };
  if (settings.dataFormat === "channelsFirst") throw fail("channels must be last");
  const weights = layer.getWeights().map((weight) => ({
    data: weight.dataSync<"float32">(),
    shape: weight.shape,
  }));
  EMITTERS[className]({ build, settings, weights, key, inputs, output, fail });
}
