/** Models for tests of the exports. @module */
import { startEngine, tf } from "../../../lib/engine/mod.ts";
import { LAYERS } from "../../../lib/layers/registry.ts";
import { caseName, type InnerCase, LAYER_CASES, type LayerCase } from "./layer_cases.ts";

await startEngine({ backend: "cpu" });

/** Numbers in [-1, 1) that only depend on `seed`. */
export function sequence(seed: number): () => number {
  let state = seed * 2654435761 >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  };
}

/** A tensor of such numbers; of whole ones below `tokens`, if given. */
export function drawTensor(shape: number[], random: () => number, tokens?: number): tf.Tensor {
  const size = shape.reduce((product, side) => product * side, 1);
  const data = Float32Array.from(
    { length: size },
    () => tokens ? Math.floor((random() + 1) / 2 * tokens) : random(),
  );
  return tf.tensor(data, shape, tokens ? "int32" : "float32");
}

/** Gives a model weights of which no two are equal; variances are positive. */
export function drawWeights(model: tf.LayersModel, seed: number): void {
  const random = sequence(seed);
  for (const weight of model.weights) {
    const values = drawTensor(weight.shape as number[], random);
    weight.write(
      weight.originalName.includes("variance") ? tf.add(tf.abs(values), 0.2) : tf.mul(values, 0.5),
    );
  }
}

/** A layer with the layers inside it. */
function makeLayer(
  { className, settings, inner, innerAs = "layer" }: InnerCase,
  name: string,
): tf.layers.Layer {
  const several = Array.isArray(inner);
  const made = [inner ?? []].flat().map((one, i) => makeLayer(one, several ? `inner_${i}` : "inner"));
  const held = inner ? { [innerAs]: several ? made : made[0] } : {};
  return LAYERS.get(className)!.keras.create({ ...settings, ...held, name });
}

/** A model of one layer. */
export function buildCase(layerCase: LayerCase, seed = 1): tf.LayersModel {
  const { inputs, tokens } = layerCase;
  const tensors = inputs.map((shape, i) =>
    tf.input({ shape, dtype: tokens ? "int32" : "float32", name: i === 0 ? "image" : `image_${i}` })
  );
  const layer = makeLayer(layerCase, "layer");
  const output = layer.apply(tensors.length > 1 ? tensors : tensors[0]) as tf.SymbolicTensor;
  const model = tf.model({ inputs: tensors, outputs: output, name: "case" });
  drawWeights(model, seed);
  return model;
}

/** Inputs for a model of one layer, a batch of two. */
export function drawInputs({ inputs, tokens }: LayerCase, seed = 2): tf.Tensor[] {
  const random = sequence(seed);
  return inputs.map((shape) => drawTensor([2, ...shape], random, tokens));
}

/** What a model answers, as a list. */
export function answer(model: tf.LayersModel, inputs: tf.Tensor[]): tf.Tensor[] {
  const outputs = model.predict(inputs.length > 1 ? inputs : inputs[0]);
  return Array.isArray(outputs) ? outputs : [outputs];
}

/** A sequential model with the usual parts. */
function buildStacked(): tf.LayersModel {
  return tf.sequential({
    name: "stacked",
    layers: [
      tf.layers.conv2d({ filters: 4, kernelSize: 3, inputShape: [12, 12, 1], activation: "relu" }),
      tf.layers.batchNormalization(),
      tf.layers.maxPooling2d({ poolSize: 2 }),
      tf.layers.conv2d({ filters: 6, kernelSize: 3, padding: "same", useBias: false }),
      tf.layers.batchNormalization({ trainable: false }),
      tf.layers.activation({ activation: "relu" }),
      tf.layers.dropout({ rate: 0.5 }),
      tf.layers.flatten(),
      tf.layers.dense({ units: 8, activation: "relu" }),
      tf.layers.dense({ units: 3, activation: "softmax" }),
    ],
  });
}

/** Two inputs, two outputs, branches with twins, a shared layer, a model as a layer. */
function buildBranched(): tf.LayersModel {
  const first = tf.input({ shape: [8, 8, 1], name: "first" }),
    second = tf.input({ shape: [8, 8, 1], name: "second" });
  const shared = tf.layers.conv2d({
    filters: 3,
    kernelSize: 3,
    padding: "same",
    activation: "relu",
    name: "shared",
  });
  let x = shared.apply(first) as tf.SymbolicTensor;
  let y = shared.apply(second) as tf.SymbolicTensor;
  x = tf.layers.conv2d({ filters: 4, kernelSize: 3, name: "z_first" }).apply(x) as tf.SymbolicTensor;
  y = tf.layers.maxPooling2d({ poolSize: 1 }).apply(y) as tf.SymbolicTensor;
  y = tf.layers.conv2d({ filters: 4, kernelSize: 3, name: "a_last" }).apply(y) as tf.SymbolicTensor;
  const inner = tf.sequential({
    name: "inner",
    layers: [tf.layers.flatten({ inputShape: [6, 6, 4] }), tf.layers.dense({ units: 5 })],
  });
  const sum = tf.layers.add().apply([x, y]) as tf.SymbolicTensor;
  const merged = tf.layers.concatenate().apply([
    inner.apply(y) as tf.SymbolicTensor,
    inner.apply(x) as tf.SymbolicTensor,
    tf.layers.globalAveragePooling2d({}).apply(sum) as tf.SymbolicTensor,
  ]) as tf.SymbolicTensor;
  const kind = tf.layers.dense({ units: 2, activation: "softmax", name: "kind" }).apply(
    merged,
  ) as tf.SymbolicTensor;
  const hidden = tf.layers.dense({ units: 3 }).apply(merged) as tf.SymbolicTensor;
  const energy = tf.layers.dense({ units: 1, name: "energy" }).apply(hidden) as tf.SymbolicTensor;
  return tf.model({ inputs: [second, first], outputs: [energy, kind], name: "branched" });
}

/** Residual blocks with batch normalisation, as in a ResNet. */
function buildResidual(): tf.LayersModel {
  const input = tf.input({ shape: [8, 8, 2], name: "image" });
  const convolve = (x: tf.SymbolicTensor, filters: number, strides = 1, kernelSize = 3) =>
    tf.layers.batchNormalization().apply(
      tf.layers.conv2d({ filters, kernelSize, strides, padding: "same", useBias: false }).apply(x),
    ) as tf.SymbolicTensor;
  const relu = (x: tf.SymbolicTensor) => tf.layers.reLU().apply(x) as tf.SymbolicTensor;
  let x = relu(convolve(input, 4));
  for (const [filters, strides] of [[4, 1], [8, 2], [8, 1]]) {
    const body = convolve(relu(convolve(x, filters, strides)), filters);
    const same = strides === 1 ? x : convolve(x, filters, strides, 1);
    x = relu(tf.layers.add().apply([body, same]) as tf.SymbolicTensor);
  }
  const features = tf.layers.globalAveragePooling2d({}).apply(x);
  const output = tf.layers.dense({ units: 3, activation: "softmax", name: "digit" }).apply(features);
  return tf.model({ inputs: input, outputs: output as tf.SymbolicTensor, name: "residual" });
}

/** A net on volumes. */
function buildVolume(): tf.LayersModel {
  return tf.sequential({
    name: "volume",
    layers: [
      tf.layers.conv3d({ filters: 4, kernelSize: 3, activation: "relu", inputShape: [6, 8, 8, 1] }),
      tf.layers.batchNormalization(),
      tf.layers.maxPooling3d({ poolSize: 2 }),
      tf.layers.flatten(),
      tf.layers.dense({ units: 2, activation: "sigmoid" }),
    ],
  });
}

/** A small U-Net: everything that can happen between two convolutions happens between two. */
function buildBetween(): tf.LayersModel {
  const input = tf.input({ shape: [12, 10, 2], name: "image" });
  const join = (layer: tf.layers.Layer, ...x: tf.SymbolicTensor[]) =>
    layer.apply(x.length > 1 ? x : x[0]) as tf.SymbolicTensor;
  const convolve = (
    x: tf.SymbolicTensor,
    filters: number,
    activation: "relu" | "softmax" | "tanh" = "relu",
  ) => join(tf.layers.conv2d({ filters, kernelSize: 3, padding: "same", activation }), x);
  const top = convolve(input, 4);
  let x = join(tf.layers.prelu({ sharedAxes: [1] }), top);
  x = join(tf.layers.zeroPadding2d({ padding: [[1, 2], [0, 2]] }), x);
  x = join(tf.layers.leakyReLU({ alpha: 0.1 }), convolve(x, 4));
  x = join(tf.layers.cropping2D({ cropping: [[2, 1], [2, 0]] }), x);
  x = join(tf.layers.layerNormalization(), x);
  x = join(tf.layers.averagePooling2d({ poolSize: 2 }), convolve(x, 6));
  x = join(tf.layers.batchNormalization({ axis: 1 }), join(tf.layers.softmax({ axis: -1 }), x));
  x = join(tf.layers.maximum(), convolve(x, 6), convolve(x, 6, "tanh"));
  x = join(tf.layers.multiply(), x, join(tf.layers.average(), x, convolve(x, 6)));
  x = join(tf.layers.upSampling2d({ size: [2, 2] }), convolve(x, 4));
  x = join(tf.layers.concatenate(), x, top, convolve(x, 3));
  x = join(tf.layers.concatenate({ axis: 2 }), x, x);
  x = join(tf.layers.conv2dTranspose({ filters: 3, kernelSize: 3, strides: 2, padding: "same" }), x);
  x = join(tf.layers.rescaling({ scale: 3, offset: 0.1 }), convolve(x, 3));
  const map = join(tf.layers.dense({ units: 3, activation: "softmax", name: "map" }), x);
  const mask = join(tf.layers.conv2d({ filters: 3, kernelSize: 1, activation: "softmax", name: "mask" }), x);
  const rows = join(tf.layers.reshape({ targetShape: [24, 120] }), convolve(mask, 3));
  const turned = join(tf.layers.flatten(), join(tf.layers.permute({ dims: [3, 2, 1] }), convolve(x, 2)));
  const flat = join(tf.layers.reLU(), join(tf.layers.flatten(), convolve(x, 2))); // flattened, but not before a dense
  const peak = join(tf.layers.globalMaxPooling2d({}), convolve(x, 2));
  const sequence = join(tf.layers.conv1d({ filters: 2, kernelSize: 3 }), rows);
  const steps = join(tf.layers.lstm({ units: 2, recurrentActivation: "sigmoid" }), sequence);
  const all = join(tf.layers.concatenate(), turned, flat, peak, steps);
  const energy = join(tf.layers.dense({ units: 1, name: "energy" }), all);
  return tf.model({ inputs: input, outputs: [map, mask, energy], name: "between" });
}

/** A model under test. */
export interface ModelCase {
  name: string;
  model: tf.LayersModel;
  inputs: tf.Tensor[];
}

/** Whole models, as they are trained. */
export function wholeModels(): ModelCase[] {
  return [buildStacked(), buildBranched(), buildResidual(), buildVolume(), buildBetween()].map((model, i) => {
    drawWeights(model, 10 + i);
    const random = sequence(20 + i);
    return {
      name: model.name,
      model,
      inputs: model.inputs.map(({ shape }) => drawTensor([2, ...shape.slice(1) as number[]], random)),
    };
  });
}

/** One model for each case of a layer. */
export function layerModels(): ModelCase[] {
  return LAYER_CASES.map((layerCase, i) => ({
    name: caseName(layerCase),
    model: buildCase(layerCase, 100 + i),
    inputs: drawInputs(layerCase, 200 + i),
  }));
}
