/** Ops of TensorFlow.js with random inputs and settings, by family. @module */
import { tf } from "../../../lib/engine/mod.ts";
import type { Draw, Input, OpCase } from "./_draw.ts";

type Family = (draw: Draw) => OpCase;
type Ops = Record<string, (...inputs: unknown[]) => tf.Tensor>;

const ops = tf as unknown as Ops;
const images = tf.image as unknown as Ops;

/** A case of float inputs, which has a gradient, or of any others, which has not. */
function made(name: string, inputs: Input[], run: OpCase["run"], smooth = true): OpCase {
  return { name, inputs, run, smooth: smooth && inputs.some(({ dtype }) => dtype === "float32") };
}

const UNARY =
  ("abs ceil cos cosh erf exp expm1 floor isFinite isInf isNaN logSigmoid neg relu relu6 round selu sigmoid " +
    "sign sin sinh softplus square step tanh elu leakyRelu atan asinh").split(" ");
const BOUNDED: Record<string, [number, number]> = {
  acos: [-0.9, 0.9],
  acosh: [1.1, 3],
  asin: [-0.9, 0.9],
  atanh: [-0.9, 0.9],
  log: [0.1, 3],
  log1p: [-0.5, 3],
  reciprocal: [0.2, 3],
  rsqrt: [0.1, 3],
  sqrt: [0.1, 3],
  tan: [-1.2, 1.2],
};
/** What TensorFlow has for whole numbers as well, or computes in floats. */
const UNARY_OF_INTS =
  "abs neg relu relu6 round sign square step softplus erf expm1 isNaN leakyRelu log1p reciprocal".split(
    " ",
  );
const NOT_SMOOTH = "isFinite isInf isNaN".split(" ");
const BINARY = "add sub mul div maximum minimum squaredDifference atan2 mod floorDiv pow".split(" ");
const BINARY_OF_INTS = "add sub mul div maximum minimum squaredDifference mod floorDiv".split(" ");
const COMPARISONS = "equal notEqual greater greaterEqual less lessEqual".split(" ");

/** A window's sides, stride and padding that fit an image of these sides. */
function window(draw: Draw, sides: readonly number[]) {
  const filter = sides.map((side) => draw.int(1, Math.min(3, side)));
  return { filter, strides: sides.map(() => draw.int(1, 3)), pad: draw.pick(["same", "valid"] as const) };
}

/** Dilations that fit, at stride 1. */
function dilations(draw: Draw, sides: readonly number[], filter: readonly number[]): number[] {
  return sides.map((side, axis) => (filter[axis] - 1) * 2 + 1 <= side ? draw.int(1, 2) : 1);
}

function outputs(sides: readonly number[], { filter, strides, pad }: ReturnType<typeof window>): number[] {
  return sides.map((side, axis) =>
    Math.ceil((pad === "same" ? side : side - filter[axis] + 1) / strides[axis])
  );
}

function convolution(rank: 1 | 2 | 3): Family {
  return (draw) => {
    const sides = Array.from({ length: rank }, () => draw.int(3, 7)), spec = window(draw, sides);
    const [inChannels, outChannels] = [draw.int(1, 4), draw.int(1, 5)];
    const dilated = draw.int(0, 2) === 0, dilation = dilations(draw, sides, spec.filter);
    const strides = dilated ? sides.map(() => 1) : spec.strides;
    const x = draw.floats([draw.int(1, 3), ...sides, inChannels]);
    const filter = draw.floats([...spec.filter, inChannels, outChannels]);
    const rate = dilated ? dilation : sides.map(() => 1);
    const name = `conv${rank}d ${spec.pad}, stride ${strides}, dilation ${rate}`;
    const one = <T>(list: T[]) => rank === 1 ? list[0] : list;
    const format = ["NWC", "NHWC", "NDHWC"][rank - 1];
    return made(
      name,
      [x, filter],
      (a, b) => ops[`conv${rank}d`](a, b, one(strides), spec.pad, format, one(rate)),
    );
  };
}

function transposed(rank: 2 | 3): Family {
  return (draw) => {
    const sides = Array.from({ length: rank }, () => draw.int(3, 6)), spec = window(draw, sides);
    const [inChannels, outChannels] = [draw.int(1, 3), draw.int(1, 3)], batch = draw.int(1, 2);
    const y = draw.floats([batch, ...outputs(sides, spec), outChannels]);
    const filter = draw.floats([...spec.filter, inChannels, outChannels]);
    const shape = [batch, ...sides, inChannels];
    return made(
      `conv${rank}dTranspose ${spec.pad}, stride ${spec.strides}`,
      [y, filter],
      (a, b) => ops[`conv${rank}dTranspose`](a, b, shape, spec.strides, spec.pad),
    );
  };
}

const depthwise: Family = (draw) => {
  const sides = [draw.int(3, 7), draw.int(3, 7)], spec = window(draw, sides), channels = draw.int(1, 4);
  const dilated = draw.yes(), dilation = dilated ? dilations(draw, sides, spec.filter) : [1, 1];
  const stride = dilated ? 1 : draw.int(1, 3);
  const x = draw.floats([draw.int(1, 2), ...sides, channels]);
  const filter = draw.floats([...spec.filter, channels, draw.int(1, 2)]);
  return made(
    `depthwiseConv2d ${spec.pad}, stride ${stride}, dilation ${dilation}`,
    [x, filter],
    (a, b) => ops.depthwiseConv2d(a, b, stride, spec.pad, "NHWC", dilation),
  );
};

function pool(kind: "max" | "avg", rank: 2 | 3): Family {
  return (draw) => {
    const sides = Array.from({ length: rank }, () => draw.int(3, 7)), spec = window(draw, sides);
    const x = draw.floats([draw.int(1, 2), ...sides, draw.int(1, 5)]);
    const op = `${kind}Pool${rank === 3 ? "3d" : ""}`;
    return made(
      `${op} ${spec.filter} ${spec.pad}, stride ${spec.strides}`,
      [x],
      (a) => ops[op](a, spec.filter, spec.strides, spec.pad),
    );
  };
}

function resize(method: "resizeBilinear" | "resizeNearestNeighbor"): Family {
  return (draw) => {
    const size = [draw.int(1, 9), draw.int(1, 9)], corners = draw.yes(), halves = !corners && draw.yes();
    const x = draw.floats([draw.int(1, 2), draw.int(2, 7), draw.int(2, 7), draw.int(1, 3)]);
    return made(
      `${method} to ${size}, ${corners}, ${halves}`,
      [x],
      (a) => images[method](a, size, corners, halves),
    );
  };
}

const FUSED = ["linear", "relu", "sigmoid", "elu", "relu6", "leakyrelu"] as const;

const fused: Family = (draw) => {
  const sides = [draw.int(3, 6), draw.int(3, 6)], spec = window(draw, sides), channels = draw.int(1, 3);
  const x = draw.floats([2, ...sides, channels]), filter = draw.floats([...spec.filter, channels, 4]);
  const activation = draw.pick(FUSED), [strides, pad] = [spec.strides as [number, number], spec.pad];
  return made(
    `fused.conv2d ${activation}`,
    [x, filter, draw.floats([4])],
    (x, filter, bias) => tf.fused.conv2d({ x, filter, bias, strides, pad, activation } as never),
  );
};

const product: Family = (draw) => {
  const [m, k, n] = [draw.int(1, 9), draw.int(1, 9), draw.int(1, 9)],
    [turnA, turnB] = [draw.yes(), draw.yes()];
  const lead = Array.from({ length: draw.int(0, 2) }, () => draw.int(1, 3));
  const some = () => lead.map((side) => draw.int(0, 3) === 0 ? 1 : side);
  const a = [...some(), ...(turnA ? [k, m] : [m, k])], b = [...some(), ...(turnB ? [n, k] : [k, n])];
  const type = lead.length === 0 && draw.int(0, 4) === 0 ? "int32" : "float32";
  return made(
    `matMul ${turnA}, ${turnB}`,
    [draw.any(a, type), draw.any(b, type)],
    (x, y) => tf.matMul(x, y, turnA, turnB),
  );
};

const EINSUMS: [equation: string, a: number[], b?: number[]][] = [
  ["bij,bjk->bik", [2, 3, 4], [2, 4, 5]],
  ["abc,cd->abd", [2, 3, 4], [4, 5]],
  ["aecd,abcd->acbe", [2, 3, 4, 5], [2, 6, 4, 5]],
  ["acbe,aecd->abcd", [2, 4, 6, 3], [2, 3, 4, 5]],
  ["ij,kj->i", [3, 4], [5, 4]],
  ["ij->ji", [3, 4]],
  ["ijk->j", [3, 4, 2]],
];

const einsum: Family = (draw) => {
  const [equation, a, b] = draw.pick(EINSUMS), inputs = [draw.floats(a), ...(b ? [draw.floats(b)] : [])];
  return made(`einsum ${equation}`, inputs, (...operands) => tf.einsum(equation, ...operands));
};

function reduction(name: string): Family {
  return (draw) => {
    const shape = draw.shape(),
      axes = shape.map((_, axis) => axis).filter(() => draw.yes()),
      keep = draw.yes();
    const axis = axes.length > 0 ? axes : undefined;
    const x = name === "logSumExp" ? draw.floats(shape) : draw.any(shape, draw.pick(["float32", "int32"]));
    return made(`${name} over ${axis}`, [x], (a) => ops[name](a, axis, keep), name !== "prod");
  };
}

/** Ops that only move numbers, of any type. */
const MOVES: Record<string, (draw: Draw, shape: number[]) => OpCase["run"]> = {
  reverse: (draw, shape) => {
    const axis = draw.int(0, shape.length - 1);
    return (x) => tf.reverse(x, axis);
  },
  tile: (draw, shape) => {
    const counts = shape.map(() => draw.int(1, 3));
    return (x) => tf.tile(x, counts);
  },
  transpose: (draw, shape) => {
    const order = shape.map((_, axis) => [draw.int(0, 99), axis]).sort(([a], [b]) => a - b).map(([, axis]) =>
      axis
    );
    return (x) => tf.transpose(x, order);
  },
  pad: (draw, shape) => {
    const margins = shape.map((): [number, number] => [draw.int(0, 2), draw.int(0, 2)]),
      value = draw.int(0, 1);
    return (x) => tf.pad(x, margins, value);
  },
  slice: (draw, shape) => {
    const begin = shape.map((side) => draw.int(0, side - 1));
    const size = shape.map((side, axis) => draw.int(1, side - begin[axis]));
    return (x) => tf.slice(x, begin, size);
  },
  split: (draw, shape) => {
    const axis = draw.int(0, shape.length - 1);
    return (x) => tf.split(tf.concat([x, x, x], axis), [shape[axis], 2 * shape[axis]], axis)[1];
  },
  stack: (draw, shape) => {
    const axis = draw.int(0, shape.length);
    return (x) => tf.stack([x, x], axis);
  },
  expandDims: (draw, shape) => {
    const axis = draw.int(0, shape.length);
    return (x) => tf.expandDims(x, axis);
  },
  broadcastTo: (draw, shape) => {
    const wide = [draw.int(1, 3), ...shape];
    return (x) => tf.broadcastTo(x, wide as [number]);
  },
};

function move(name: string): Family {
  return (draw) => {
    const shape = draw.shape(), run = MOVES[name](draw, shape);
    return made(`${name} of [${shape}]`, [draw.any(shape)], run);
  };
}

const strided: Family = (draw) => {
  const shape = draw.shape(),
    begin = shape.map((side) => draw.int(0, side - 1)),
    steps = shape.map(() => draw.int(1, 2));
  return made("stridedSlice", [draw.any(shape)], (x) => tf.stridedSlice(x, begin, shape, steps), false);
};

const oneHot: Family = (draw) => {
  const dtype = draw.pick(["float32", "int32", "bool"] as const);
  const [on, off] = { float32: [0.9, 0.05], int32: [3, -2], bool: [1, 0] }[dtype];
  const indices = draw.ints(draw.yes() ? [4] : [2, 3], -1, 4);
  return made(`oneHot ${dtype}`, [indices], (x) => tf.oneHot(x, 4, on, off, dtype));
};

const cast: Family = (draw) => {
  const dtype = draw.pick(["float32", "int32", "bool"] as const), x = draw.any(draw.shape());
  return made(`cast ${x.dtype} to ${dtype}`, [x], (a) => tf.cast(a, dtype), false);
};

const where: Family = (draw) => {
  const shape = draw.shape(), dtype = draw.pick(["float32", "int32", "bool"] as const);
  const [a, b] = [draw.any(shape, dtype), draw.any(shape, dtype)];
  return made(
    `where of ${dtype}`,
    [draw.bools(draw.yes() ? shape : draw.narrower(shape)), a, b],
    (condition, x, y) => tf.where(tf.broadcastTo(condition, shape as [number]), x, y),
  );
};

const chosen: Family = (draw) => {
  const shape = draw.shape();
  return made(
    "where of a comparison",
    [draw.floats(shape), draw.floats(shape)],
    (x, y) => tf.where(tf.greater(x, y), tf.square(x), y),
  );
};

const gather: Family = (draw) => {
  const shape = draw.shape(), axis = draw.int(0, shape.length - 1);
  const indices = draw.ints(draw.pick([[3], [2, 2], [1]]), 0, shape[axis] - 1);
  return made(`gather along ${axis}`, [draw.any(shape), indices], (x, i) => tf.gather(x, i, axis));
};

const gatherNd: Family = (draw) => {
  const depth = draw.int(1, 3);
  return made("gatherND", [draw.any([3, 4, 2]), draw.ints([5, depth], 0, 1)], (x, i) => tf.gatherND(x, i));
};

const scatter: Family = (draw) =>
  made(
    "scatterND",
    [draw.ints([3, 1], 0, 4), draw.any([3, 2], draw.pick(["float32", "int32"]))],
    (i, x) => tf.scatterND(i, x, [5, 2]),
    false,
  );

const prelu: Family = (draw) => {
  const shape = draw.shape(draw.int(2, 4)), slopes = shape.slice(1).map((side) => draw.yes() ? side : 1);
  return made(
    `prelu of [${shape}] by [${slopes}]`,
    [draw.floats(shape), draw.floats(slopes)],
    (x, a) => tf.prelu(x, a),
  );
};

function cumulative(name: "cumsum" | "cumprod"): Family {
  return (draw) => {
    const shape = draw.shape(),
      axis = draw.int(0, shape.length - 1),
      [exclusive, reverse] = [draw.yes(), draw.yes()];
    const x = draw.any(shape, draw.pick(["float32", "int32"]));
    return made(
      `${name} along ${axis}`,
      [x],
      (a) => ops[name](a, axis, exclusive, reverse),
      name === "cumsum",
    );
  };
}

function extreme(name: "argMax" | "argMin"): Family {
  return (draw) => {
    const shape = draw.shape(), axis = draw.int(0, shape.length - 1);
    return made(name, [draw.any(shape, draw.pick(["float32", "int32"]))], (x) => ops[name](x, axis), false);
  };
}

const clip: Family = (draw) =>
  made(
    "clipByValue",
    [draw.any(draw.shape(), draw.pick(["float32", "int32"]))],
    (x) => tf.clipByValue(x, -1, 2),
  );

const concat: Family = (draw) => {
  const shape = draw.shape(),
    axis = draw.int(0, shape.length - 1),
    dtype = draw.pick(["float32", "int32", "bool"] as const);
  const other = shape.map((side, i) => i === axis ? draw.int(1, 3) : side);
  return made(
    `concat along ${axis}`,
    [draw.any(shape, dtype), draw.any(other, dtype)],
    (a, b) => tf.concat([a, b], axis),
  );
};

const mirror: Family = (draw) => {
  const shape = draw.shape(), margins = shape.map((): [number, number] => [draw.int(0, 1), 1]);
  const mode = draw.pick(["reflect", "symmetric"] as const), x = draw.any(shape.map((side) => side + 1));
  return made(
    `mirrorPad ${mode}`,
    [x.dtype === "bool" ? draw.ints(x.shape) : x],
    (a) => tf.mirrorPad(a, margins, mode),
  );
};

const normalization: Family = (draw) => {
  const channels = draw.int(1, 4), four = Array.from({ length: 3 }, () => draw.floats([channels]));
  return made(
    "batchNorm",
    [draw.floats([2, 3, 2, channels]), draw.floats([channels], 0.5, 2), ...four],
    (x, v, m, o, s) =>
      tf.batchNorm(x, m as tf.Tensor1D, v as tf.Tensor1D, o as tf.Tensor1D, s as tf.Tensor1D, 0.01),
  );
};

const response: Family = (draw) => {
  const radius = draw.int(1, 3), beta = draw.pick([0.5, 0.75, 1]);
  return made(
    `localResponseNormalization ${radius}`,
    [draw.floats([2, 3, 2, draw.int(1, 6)])],
    (x) => tf.localResponseNormalization(x as tf.Tensor4D, radius, 1.5, 0.3, beta),
  );
};

const segments: Family = (draw) =>
  made(
    "unsortedSegmentSum",
    [draw.floats([5, 2]), draw.ints([5], 0, 2)],
    (x, i) => tf.unsortedSegmentSum(x, i as tf.Tensor1D, 3),
  );

const loss: Family = (draw) => {
  const name = draw.pick(["softmaxCrossEntropy", "sigmoidCrossEntropy", "huberLoss", "meanSquaredError"]);
  const losses = tf.losses as unknown as Ops;
  return made(name, [draw.floats([4, 3], 0, 1), draw.floats([4, 3])], (a, b) => losses[name](a, b));
};

function entries(names: readonly string[], family: (name: string) => Family): [string, Family][] {
  return names.map((name) => [name, family(name)]);
}

/** Every family by name. */
export const OP_FAMILIES: ReadonlyMap<string, Family> = new Map<string, Family>([
  ...entries(
    UNARY,
    (name) => (draw) =>
      made(name, [draw.floats(draw.shape())], (x) => ops[name](x), !NOT_SMOOTH.includes(name)),
  ),
  ...entries(
    Object.keys(BOUNDED),
    (name) => (draw) => made(name, [draw.floats(draw.shape(), ...BOUNDED[name])], (x) => ops[name](x)),
  ),
  ...entries(
    UNARY_OF_INTS,
    (name) => (draw) => made(`${name} of integers`, [draw.ints(draw.shape(), 1, 5)], (x) => ops[name](x)),
  )
    .map(([name, family]): [string, Family] => [`${name}, integers`, family]),
  ...entries(BINARY, (name) => (draw) => {
    const shape = draw.shape(), low = name === "pow" ? 0.2 : -3;
    const pair = [draw.floats(shape, low), draw.floats(draw.narrower(shape), low)];
    return made(name, draw.yes() ? pair : pair.reverse(), (x, y) => ops[name](x, y));
  }),
  ...entries(BINARY_OF_INTS, (name) => (draw) => {
    const shape = draw.shape(), other = draw.yes() ? draw.ints(shape, 1, 5) : draw.floats(shape, 0.5, 3);
    return made(
      `${name} with integers`,
      [draw.ints(draw.narrower(shape), 1, 5), other],
      (x, y) => ops[name](x, y),
      false,
    );
  }).map(([name, family]): [string, Family] => [`${name}, integers`, family]),
  ...entries(COMPARISONS, (name) => (draw) => {
    const shape = draw.shape(), dtype = draw.pick(["float32", "int32"] as const);
    return made(
      name,
      [draw.any(shape, dtype), draw.any(draw.narrower(shape), dtype)],
      (x, y) => ops[name](x, y),
      false,
    );
  }),
  ...entries("sum mean max min prod logSumExp".split(" "), reduction),
  ...entries(Object.keys(MOVES), move),
  ...Object.entries({
    conv1d: convolution(1),
    conv2d: convolution(2),
    conv3d: convolution(3),
    conv2dTranspose: transposed(2),
    conv3dTranspose: transposed(3),
    depthwise,
    maxPool: pool("max", 2),
    avgPool: pool("avg", 2),
    maxPool3d: pool("max", 3),
    avgPool3d: pool("avg", 3),
    resizeBilinear: resize("resizeBilinear"),
    resizeNearestNeighbor: resize("resizeNearestNeighbor"),
    fused,
    matMul: product,
    einsum,
    strided,
    oneHot,
    cast,
    where,
    chosen,
    gather,
    gatherNd,
    scatter,
    prelu,
    cumsum: cumulative("cumsum"),
    cumprod: cumulative("cumprod"),
    argMax: extreme("argMax"),
    argMin: extreme("argMin"),
    clip,
    concat,
    mirror,
    normalization,
    response,
    segments,
    loss,
    softmax: (draw: Draw) => made("softmax", [draw.floats(draw.shape())], (x) => tf.softmax(x)),
    logSoftmax: (draw: Draw) => made("logSoftmax", [draw.floats(draw.shape())], (x) => tf.logSoftmax(x)),
    moments: (draw: Draw) => made("moments", [draw.floats(draw.shape())], (x) => tf.moments(x, [0]).variance),
  }),
]);
