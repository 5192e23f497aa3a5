/** Mixed precision: where there is any, and how far each layer's output and gradients are from float32's. */
import { MultiHeadAttention } from "../../../lib/layers/multi_head_attention.ts";
import { ClusterShapes } from "../../../lib/layers/cluster_shapes.ts";
import { LocalResponseNormalization } from "../../../lib/layers/local_response_normalization.ts";
import { applySharded, compile, mixedPrecisionRefusal, startEngine, tf } from "../../../lib/engine/mod.ts";
import { assert, assertEquals, assertThrows } from "../../assert.ts";
import { Draw } from "./_draw.ts";
import { caseName, LAYER_CASES, type LayerCase as ExportCase } from "../export/layer_cases.ts";
import { buildCase, drawInputs } from "../export/models.ts";
import { LAYER_FAMILIES, type LayerCase } from "./_layer_cases.ts";
import { trainLayer, weightsLike } from "./_train_layer.ts";

Deno.test("mixedPrecisionRefusal() names the backend that has none, or goes by the processor", async () => {
  await startEngine({ backend: "cpu" });
  assertEquals(mixedPrecisionRefusal(), "the cpu backend multiplies float32 only");
  await startEngine({ backend: "wasm" });
  assertEquals(mixedPrecisionRefusal(), "the wasm backend multiplies float32 only");
  await startEngine({ backend: "tensorflow" });
  const said = await Deno.readTextFile("/proc/cpuinfo").catch(() => undefined); // on Linux alone
  const refusal = said === undefined
    ? "nothing here says whether the processor has instructions for bfloat16"
    : "this processor has no instructions for bfloat16 (avx512_bf16, amx_bf16)";
  const has = said !== undefined && /\s(avx512_bf16|amx_bf16)\s/.test(said);
  assertEquals(mixedPrecisionRefusal(), has ? undefined : refusal);
});

Deno.test("compile() refuses mixed precision off TensorFlow", async () => {
  await startEngine({ backend: "cpu" });
  const square = compile((x) => tf.square(x), { precision: "mixed" });
  assertThrows(
    () => square(tf.scalar(3)),
    Error,
    "Cannot run in mixed precision: the cpu backend multiplies float32 only",
  );
});

await startEngine({ backend: "tensorflow" });
const REFUSAL = mixedPrecisionRefusal();

/** A test of the arithmetic itself; where the processor has none, that it is refused before TensorFlow is asked. */
function arithmeticTest(name: string, run: (test: Deno.TestContext) => void | Promise<void>): void {
  Deno.test(name, async (test) => {
    await startEngine({ backend: "tensorflow" });
    if (!REFUSAL) return await run(test);
    const square = compile((x) => tf.square(x), { precision: "mixed" });
    assertThrows(() => square(tf.scalar(3)), Error, REFUSAL);
  });
}

/** Layers that multiply; all others must not change at all. */
const MULTIPLYING = /^(conv|depthwise|separable|dense|simpleRNN|gru|lstm|timeDistributed|bidirectional)/;
/** A bfloat16 holds 8 bits: each factor and each product is off by 2⁻⁹ at most, a few of which come together in a layer. */
const BFLOAT16 = 0.02;
/** Where an activation has a kink, a value beside it may fall on its other side. */
const KINKED = /"(relu|relu6|selu)"/;

/** Relative distance in the mean square of two lists of arrays. */
function distance(actual: readonly { values: ArrayLike<number> }[], expected: typeof actual): number {
  let apart = 0, size = 0;
  expected.forEach(({ values }, part) =>
    Array.from(values, (value, i) => {
      apart += (actual[part].values[i] - value) ** 2;
      size += value ** 2;
    })
  );
  return Math.sqrt(apart / size);
}

/** A layer in float32 and in mixed precision. */
function bothWays(layer: LayerCase, seed: number) {
  const [exact, mixed] = (["float32", "mixed"] as const).map((precision) =>
    trainLayer(layer, new Draw(seed), { shards: 2, compiled: true, precision })
  );
  return { exact, mixed };
}

/** The first layer of a family that is smooth. */
function smoothOne(name: string): { layer: LayerCase; seed: number } {
  for (let seed = 1;; seed++) {
    const layer = LAYER_FAMILIES[name](new Draw(seed));
    if (!KINKED.test(layer.name)) return { layer, seed };
  }
}

arithmeticTest(
  "compile() in mixed precision rounds products and convolutions, forward and in gradients, and nothing else",
  async (test) => {
    for (const name of Object.keys(LAYER_FAMILIES)) {
      await test.step(name, () => {
        const { layer, seed } = smoothOne(name);
        const { exact, mixed } = bothWays(layer, seed);
        assertEquals(mixed.map(({ dtype }) => dtype), exact.map(({ dtype }) => dtype), "float32 comes out");
        const apart = distance(mixed, exact);
        if (MULTIPLYING.test(name)) assert(apart < BFLOAT16, `${layer.name}, seed ${seed}: ${apart}`);
        else assertEquals(mixed, exact, layer.name);
      });
    }
  },
);

/** A layer of the tree by its own class. */
const own = (build: () => tf.layers.Layer, shape: number[]): LayerCase => ({
  name: build.name,
  inputs: [shape],
  dtype: "float32",
  build,
});

arithmeticTest(
  "compile() in mixed precision keeps moments and norms in float32, and rounds attention",
  () => {
    const shapes = own(() => new ClusterShapes({ thresholds: [0.1, 0.5] }), [6, 5, 1]);
    const norm = own(() => new LocalResponseNormalization({ depthRadius: 1 }), [3, 2, 4]);
    for (const layer of [shapes, norm]) {
      const { exact, mixed } = bothWays(layer, 7);
      assertEquals(mixed, exact);
    }
    const attention = own(() => new MultiHeadAttention({ numHeads: 2, keyDim: 3 }), [4, 5]);
    const both = bothWays({ ...attention, inputs: [[4, 5], [4, 5]] }, 7);
    const apart = distance(both.mixed, both.exact);
    assert(apart > 0 && apart < BFLOAT16, String(apart));
  },
);

/** Classes of the tree's layers that multiply in what `LAYER_CASES` has of them; einsums and depthwise filters stay float32. */
const MULTIPLYING_CLASSES = new Set([
  ...[
    "Conv1D",
    "Conv2D",
    "Conv3D",
    "Conv1DTranspose",
    "Conv2DTranspose",
    "Conv3DTranspose",
    "DihedralConv2D",
  ],
  ...["SeparableConv1D", "SeparableConv2D", "Dense", "SpectralNormalization", "TimeDistributed"],
  ...["SimpleRNN", "GRU", "LSTM", "RNN", "Bidirectional", "ConvLSTM1D", "ConvLSTM2D", "ConvLSTM3D"],
  ...["Attention", "AdditiveAttention", "MultiHeadAttention", "GroupQueryAttention"],
  ...["ChannelAttention", "SpatialAttention", "SelfAttention"],
  ...["PrimaryCapsule", "SecondaryCapsule", "RoutingByAgreement"],
]);

/** One case of each class of layer that a file may have, without a kink where there is one. */
function casesOfTree(): ExportCase[] {
  const byClass = new Map<string, ExportCase>();
  const smoothFirst = LAYER_CASES.toSorted((a, b) =>
    Number(KINKED.test(caseName(a))) - Number(KINKED.test(caseName(b)))
  );
  for (const one of smoothFirst) if (!byClass.has(one.className)) byClass.set(one.className, one);
  return [...byClass.values()];
}

/** Outputs of a layer, and the gradients of its inputs and weights. */
function outputsAndGradients(layerCase: ExportCase, precision: "float32" | "mixed") {
  const model = buildCase(layerCase), inputs = drawInputs(layerCase);
  const floats = inputs.filter(({ dtype }) => dtype === "float32").map((x) => tf.variable(x));
  const weights = model.trainableWeights.map((weight) => (weight as unknown as { val: tf.Variable }).val);
  const sources = [...floats, ...weights];
  const fn = compile(() => {
    const answers: tf.Tensor[] = [];
    const { grads } = tf.variableGrads(() => {
      const [made] = applySharded(model, [floats.length > 0 ? floats : inputs]);
      answers.push(...made.map((y) => tf.keep(y)));
      const joined = sources.map((source) => tf.mul(tf.sum(source), 0)); // each source has a gradient
      return tf.addN([...made.map((y) => tf.sum(tf.mul(y, weightsLike(y)))), ...joined]).asScalar();
    }, sources);
    return [...answers, ...sources.map(({ name }) => grads[name])];
  }, { precision });
  const results = fn().map((tensor) => ({ values: tensor.dataSync<"float32">() }));
  fn.dispose();
  model.dispose();
  return results;
}

arithmeticTest(
  "compile() in mixed precision gives every layer of the tree its gradients within bfloat16's error",
  async (test) => {
    for (const layerCase of casesOfTree()) {
      await test.step(caseName(layerCase), () => {
        const exact = outputsAndGradients(layerCase, "float32");
        const mixed = outputsAndGradients(layerCase, "mixed");
        if (!MULTIPLYING_CLASSES.has(layerCase.className)) return assertEquals(mixed, exact);
        const apart = distance(mixed, exact);
        assert(apart > 0 && apart < BFLOAT16, String(apart));
      });
    }
  },
);

arithmeticTest("compile() in mixed precision rounds what layers multiply, as by hand", () => {
  const layer = tf.layers.dense({ units: 1, useBias: true, inputShape: [2] });
  const model = tf.sequential({ layers: [layer] });
  // 1 + 2⁻⁸ lies between the bfloat16 numbers 1 and 1 + 2⁻⁷ and goes to the even one; 3 is one of them. The bias is not rounded.
  const odd = 1 + 2 ** -8;
  layer.setWeights([tf.tensor2d([[odd], [3]]), tf.tensor1d([2 ** -12])]);
  const x = tf.tensor2d([[1, odd]]);
  const run = (precision: "float32" | "mixed") => {
    const apply = compile((x: tf.Tensor) => {
      const [[y]] = applySharded(model, [[x]]);
      return [y, tf.matMul(x as tf.Tensor2D, layer.getWeights()[0] as tf.Tensor2D)];
    }, { precision });
    return apply(x).flatMap((tensor) => [...tensor.dataSync<"float32">()]);
  };
  const whole = odd + 3 * odd;
  assertEquals(run("float32"), [whole + 2 ** -12, whole]);
  assertEquals(run("mixed"), [4 + 2 ** -12, whole], "a product outside of the layers stays as it is");
});
