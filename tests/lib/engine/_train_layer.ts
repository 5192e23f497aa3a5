/** One layer's output and gradients in training, with random weights and inputs. @module */
import { applySharded, compile, type Precision, splitBatch, tf } from "../../../lib/engine/mod.ts";
import { assertEquals } from "../../assert.ts";
import type { Draw } from "./_draw.ts";
import type { LayerCase } from "./_layer_cases.ts";

/** A tensor's values. */
export interface Result {
  dtype: string;
  shape: number[];
  values: ArrayLike<number>;
}

/** The weights of the sum whose gradient is compared. */
export function weightsLike(y: tf.Tensor): tf.Tensor {
  return tf.tensor(Float32Array.from({ length: y.size }, (_, i) => Math.sin(1.7 * i + 1)), y.shape);
}

const BATCH = 5;

/** How a layer is trained. */
interface Way {
  shards: number;
  compiled?: boolean;
  precision?: Precision;
}

/** Output, gradients of the inputs and weights, and the weights after one call in training. */
export function trainLayer(layer: LayerCase, draw: Draw, { shards, compiled, precision }: Way): Result[] {
  const { inputs, dtype, build } = layer;
  const symbols = inputs.map((shape) => tf.input({ shape, dtype }));
  const output = build().apply(symbols.length > 1 ? symbols : symbols[0]) as tf.SymbolicTensor;
  const model = tf.model({ inputs: symbols, outputs: output });
  for (const weight of model.weights) {
    const { values } = draw.floats(weight.shape as number[], -1, 1);
    const positive = /variance/.test(weight.name) ? values.map((value) => value * value + 0.5) : values;
    weight.write(tf.tensor(positive, weight.shape as number[]));
  }
  const xs = inputs.map((shape) => {
    const whole = [BATCH, ...shape];
    const { values } = dtype === "int32" ? draw.ints(whole, 0, 6) : draw.floats(whole, -2, 2);
    const x = tf.tensor(values, whole, dtype);
    return dtype === "int32" ? x : tf.variable(x);
  });
  const weights = model.trainableWeights.map((weight) => (weight as unknown as { val: tf.Variable }).val);
  const sources = [...xs.filter((x) => x instanceof tf.Variable) as tf.Variable[], ...weights];
  const run = () => {
    let y: tf.Tensor | undefined;
    const { grads } = tf.variableGrads(() => {
      const cut = xs.map((x) => splitBatch(x, shards));
      const byShard = cut[0].map((_, shard) => cut.map((parts) => parts[shard]));
      y = tf.keep(tf.concat(applySharded(model, byShard, { training: true }).flat(), 0));
      return tf.sum(tf.mul(y, weightsLike(y))).asScalar();
    }, sources);
    return [y!, ...sources.map(({ name }) => grads[name])];
  };
  const fn = compiled ? compile(run, { precision }) : Object.assign(run, { dispose: () => {} });
  const results = [...fn(), ...model.weights.map((weight) => weight.read())];
  const plain = results.map((tensor) => ({
    dtype: tensor.dtype,
    shape: tensor.shape,
    values: tensor.dataSync(),
  }));
  fn.dispose();
  const said = [BATCH, ...output.shape.slice(1)];
  assertEquals(said, plain[0].shape, "the shape that the layer says beforehand");
  return plain;
}
