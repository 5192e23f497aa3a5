import { applySharded, compile, splitBatch, startEngine, tf } from "../../../../lib/engine/mod.ts";
import { assertClose, assertEquals, assertThrows } from "../../../assert.ts";

const { layers } = tf;

type Value = [shape: number[], numbers: number[]];

/** Printed by the program of the same name beside this file. */
const EXPECTED = JSON.parse(
  await Deno.readTextFile(new URL("layer_values.json", import.meta.url)),
) as Record<string, { output: Value; slopes: Value[]; after: Value[] }>;

type Given = [shape: number[], dtype: "float32" | "int32"];
interface Case {
  inputs: Given[];
  build: () => tf.layers.Layer;
  /** @default {true} */
  training?: boolean;
}

const IMAGE: Given = [[5, 6, 2], "float32"],
  VOLUME: Given = [[4, 3, 3, 2], "float32"],
  SEQUENCE: Given = [[7, 3], "float32"];
const INTS: Given = [[3], "int32"], VECTOR: Given = [[3], "float32"];

/** A batch normalisation as the program has them. */
const norm = (more: object = {}) => layers.batchNormalization({ epsilon: 0.01, momentum: 0.9, ...more });

function frozen(layer: tf.layers.Layer): tf.layers.Layer {
  layer.trainable = false;
  return layer;
}

/** A model that holds a batch normalisation. */
function holding(layer: tf.layers.Layer): tf.layers.Layer {
  const x = tf.input({ shape: [3] });
  return tf.model({ inputs: x, outputs: layer.apply(x) as tf.SymbolicTensor });
}

const one = (inputs: Given | Given[], build: () => tf.layers.Layer, training = true): Case => ({
  inputs: (Array.isArray(inputs[1]) ? inputs : [inputs]) as Given[],
  build,
  training,
});

const CASES: Record<string, Case> = {
  "depthwise, dilated, valid": one(
    IMAGE,
    () => layers.depthwiseConv2d({ kernelSize: 2, dilationRate: [2, 3], depthMultiplier: 2 }),
  ),
  "depthwise, dilated, same": one(
    IMAGE,
    () => layers.depthwiseConv2d({ kernelSize: 3, dilationRate: 2, padding: "same", activation: "tanh" }),
  ),
  "separable, dilated": one(
    IMAGE,
    () => layers.separableConv2d({ filters: 3, kernelSize: 2, dilationRate: 2, padding: "same" }),
  ),
  "conv1d, dilated": one(SEQUENCE, () => layers.conv1d({ filters: 2, kernelSize: 2, dilationRate: 3 })),
  "conv1d, dilated, causal": one(
    SEQUENCE,
    () => layers.conv1d({ filters: 2, kernelSize: 3, dilationRate: 2, padding: "causal" }),
  ),
  "conv2d, dilated": one(
    IMAGE,
    () => layers.conv2d({ filters: 3, kernelSize: 2, dilationRate: [2, 3], activation: "relu" }),
  ),
  "conv2d, dilated, same": one(
    IMAGE,
    () => layers.conv2d({ filters: 2, kernelSize: 3, dilationRate: 2, padding: "same", useBias: false }),
  ),
  "conv3d, dilated": one(VOLUME, () => layers.conv3d({ filters: 2, kernelSize: 2, dilationRate: [2, 2, 2] })),
  "conv3dTranspose, stride beyond the filter": one(
    VOLUME,
    () => layers.conv3dTranspose({ filters: 2, kernelSize: 1, strides: [2, 1, 3], padding: "same" }),
  ),
  "embedding": one([[4], "int32"], () => layers.embedding({ inputDim: 8, outputDim: 2 })),
  "prelu, shared 1": one(IMAGE, () => layers.prelu({ sharedAxes: [1] })),
  "prelu, shared 2": one(IMAGE, () => layers.prelu({ sharedAxes: [2] })),
  "prelu, shared 1 and 3": one(IMAGE, () => layers.prelu({ sharedAxes: [1, 3] })),
  "prelu": one(IMAGE, () => layers.prelu()),
  "dense of integers": one(INTS, () => layers.dense({ units: 2, activation: "tanh" })),
  "dense of rows of integers": one([[4, 3], "int32"], () => layers.dense({ units: 2 })),
  "concatenate of integers and floats": one([INTS, VECTOR], () => layers.concatenate()),
  "concatenate of integers": one([INTS, INTS], () => layers.concatenate()),
  "add of integers and floats": one([INTS, VECTOR], () => layers.add()),
  "average of integers and floats": one([INTS, VECTOR], () => layers.average()),
  "rescaling of integers": one(INTS, () => layers.rescaling({ scale: 0.3, offset: 0.7 })),
  "batchNormalization of integers": one(INTS, () => norm()),
  "batchNormalization of integers, in use": one(INTS, () => norm(), false),
  "batchNormalization, axis 1 of 4": one(IMAGE, () => norm({ axis: 1 })),
  "batchNormalization, axis 2 of 4": one(IMAGE, () => norm({ axis: 2 })),
  "batchNormalization, axis 1 of 3": one(SEQUENCE, () => norm({ axis: 1 })),
  "batchNormalization, rank 5": one(VOLUME, () => norm()),
  "batchNormalization, axis 1 of 5": one(VOLUME, () => norm({ axis: 1 })),
  "batchNormalization, rank 5, in use": one(VOLUME, () => norm(), false),
  "batchNormalization, rank 6": one([[2, 1, 2, 2, 3], "float32"], () => norm()),
  "batchNormalization, frozen": one(VECTOR, () => frozen(norm())),
  "batchNormalization, axis 1 of 4, frozen": one(IMAGE, () => frozen(norm({ axis: 1 }))),
  "batchNormalization in a frozen model": one(VECTOR, () => frozen(holding(norm()))),
  "batchNormalization, frozen in a model": one(VECTOR, () => holding(frozen(norm()))),
};

/** What the program calls `ramp`. */
function ramp(shape: readonly number[], dtype: "float32" | "int32" = "float32"): tf.Tensor {
  const size = tf.util.sizeFromShape([...shape]);
  const values = Array.from({ length: size }, (_, i) => Math.sin(i + 1));
  const whole = values.map((value) => Math.trunc(Math.abs(7 * value)));
  return tf.tensor(dtype === "int32" ? whole : values, [...shape], dtype);
}

/** How a model is run: by itself, or cut into shards. */
type Apply = (model: tf.LayersModel, xs: tf.Tensor[], training: boolean) => tf.Tensor;

const byItself: Apply = (model, xs, training) =>
  model.apply(xs.length > 1 ? xs : xs[0], { training }) as tf.Tensor;

const inShards = (count: number): Apply => (model, xs, training) => {
  const cut = xs.map((x) => splitBatch(x, count));
  const shards = cut[0].map((_, shard) => cut.map((parts) => parts[shard]));
  const parts = applySharded(model, shards, { training }).map(([y]) => y);
  return parts.length > 1 ? tf.concat(parts, 0) : parts[0];
};

const WAYS: Record<string, Apply> = {
  "by itself": byItself,
  "one shard": inShards(1),
  "two shards": inShards(2),
};

/** Output, gradients and weights after a call. */
function evaluate({ inputs, build, training = true }: Case, apply: Apply, compiled: boolean): tf.Tensor[][] {
  const symbols = inputs.map(([shape, dtype]) => tf.input({ shape, dtype }));
  const model = tf.model({
    inputs: symbols,
    outputs: build().apply(symbols.length > 1 ? symbols : symbols[0]) as tf.SymbolicTensor,
  });
  model.setWeights(model.weights.map(({ name, shape }) => {
    const value = ramp(shape as number[]);
    return /variance/.test(name) ? tf.add(tf.square(value), 0.5) : value;
  }));
  const given = inputs.map(([shape, dtype]) => ramp([2, ...shape], dtype));
  const moving = given.map((x) => x.dtype === "float32" ? tf.variable(x) : x);
  const sources = [
    ...moving.filter((x) => x instanceof tf.Variable) as tf.Variable[],
    ...model.trainableWeights.map((weight) => (weight as unknown as { val: tf.Variable }).val),
  ];
  const run = () => {
    let output: tf.Tensor | undefined;
    const loss = () => {
      const y = apply(model, moving, training);
      output = tf.keep(tf.clone(y));
      return tf.sum(tf.mul(y, ramp(y.shape))).asScalar();
    };
    const slopes = sources.length > 0 ? tf.variableGrads(loss, sources).grads : (loss(), {});
    return [output!, ...sources.map(({ name }) => (slopes as Record<string, tf.Tensor>)[name])];
  };
  const fn = compiled ? compile(run) : run;
  const [output, ...slopes] = fn() as tf.Tensor[];
  return [[output], slopes, model.weights.map((weight) => weight.read())];
}

for (const [name, layer] of Object.entries(CASES)) {
  Deno.test(`${name}: output, gradients and weights are Keras's, on every backend and in shards`, async () => {
    const { output, slopes, after } = EXPECTED[name];
    for (const where of ["cpu", "wasm", "tensorflow", "compiled"] as const) {
      await startEngine({ backend: where === "compiled" ? "tensorflow" : where });
      for (const [way, apply] of Object.entries(WAYS)) {
        const actual = evaluate(layer, apply, where === "compiled");
        [[output], slopes, after].forEach((expected, kind) =>
          expected.forEach(([shape, numbers], i) => {
            const message = `${where}, ${way}, ${["output", "gradient", "weight"][kind]} ${i}`;
            assertEquals(actual[kind][i].shape, shape, message);
            assertClose(actual[kind][i].dataSync(), numbers, 1e-4, `${message}:`);
          })
        );
        assertEquals(actual[1].length, slopes.length, `${where}, ${way}: gradients`);
      }
    }
  });
}

Deno.test("layer normalisation refuses whole numbers, which Keras would cut off", async () => {
  await startEngine({ backend: "cpu" });
  const layer = layers.layerNormalization({ name: "norm" });
  assertThrows(() => layer.apply(ramp([2, 3], "int32")), TypeError, 'Cannot normalise by layer "norm"');
});
