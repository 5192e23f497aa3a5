import { fromArrays } from "../../../lib/data/source.ts";
import { applySharded, startEngine, tf } from "../../../lib/engine/mod.ts";
import { buildModel, MODELS } from "../../../lib/models/registry.ts";
import {
  allVariables,
  countParameters,
  crossEntropy,
  sgd,
  supervised,
  trainedVariables,
} from "../../../lib/train/mod.ts";
import { assert, assertClose, assertEquals, assertThrows } from "../../assert.ts";

await startEngine({ backend: "tensorflow" });

/** Inputs that are large enough for every stage and small enough for a test. */
const SMALL = { grey: [28, 28, 1], colour: [16, 16, 3], volume: [8, 8, 8, 1] } as const;
const BATCH = 4, CLASSES = 3;

for (const [name, { images }] of Object.entries(MODELS)) {
  const inputShape = SMALL[images];

  Deno.test(`buildModel("${name}") gives probabilities of the right shape and no NaN`, () => {
    const model = buildModel(name, { inputShape, classes: CLASSES, seed: 1 });
    tf.tidy(() => {
      const [[output]] = applySharded(model, [[
        tf.randomUniform([BATCH, ...inputShape], 0, 1, "float32", 5),
      ]]);
      assertEquals(output.shape, [BATCH, CLASSES]);
      assertClose(tf.sum(output, 1).dataSync(), [1, 1, 1, 1], 1e-5);
    });
    model.dispose();
  });

  Deno.test(`one step of "${name}" moves the trained weights and no others, and leaves no tensor`, () => {
    const model = buildModel(name, { inputShape, classes: CLASSES, seed: 1 });
    const frozen = model.layers.find((layer) => layer.trainableWeights.length > 0)!;
    frozen.trainable = false;
    const size = inputShape.reduce((product, side) => product * side, BATCH);
    const x = {
      data: Float32Array.from({ length: size }, (_, i) => (i * 37 % 101) / 101),
      shape: [BATCH, ...inputShape],
    };
    const source = fromArrays(x, { data: Int32Array.of(0, 1, 2, 1), shape: [BATCH] });
    const step = supervised({ loss: crossEntropy(), optimizer: sgd() }).create({ model }, source);
    const compiled = step.compile(2);
    const rows = tf.tensor1d([0, 1, 2, 3], "int32");
    compiled.run([rows], { learningRate: 0.1 }); // traces
    const values = () => allVariables(model).map((variable) => variable.dataSync<"float32">().slice());
    const before = values(), tensors = tf.memory().numTensors;
    compiled.run([rows], { learningRate: 0.1 });
    const after = values();
    assertEquals(tf.memory().numTensors, tensors);
    const trained = new Set(trainedVariables(model)),
      still = new Set(frozen.weights.map((weight) => weight.id));
    allVariables(model).forEach((variable, i) => {
      const moved = after[i].some((value, j) => value !== before[i][j]);
      assert(after[i].every(Number.isFinite), `${variable.name} holds NaN`);
      const averaged = !trained.has(variable) && !still.has(model.weights[i].id); // moments of batch normalisation
      assertEquals(moved, trained.has(variable) || averaged, variable.name);
    });
    compiled.dispose();
    step.dispose();
    model.dispose();
  });

  Deno.test(`buildModel("${name}") repeats its initial weights from a seed`, () => {
    const first = (seed: number) => {
      const model = buildModel(name, { inputShape, classes: CLASSES, seed });
      const values = model.trainableWeights.map((weight) => weight.read().dataSync<"float32">().slice());
      model.dispose();
      return values;
    };
    const [once, again, other] = [3, 3, 4].map(first);
    assertEquals(again, once);
    assert(once.some((values, i) => values.some((value, j) => value !== other[i][j])));
  });
}

Deno.test("the models have the sizes that their documents say", () => {
  assertEquals(countParameters(buildModel("tutorial_cnn")), 235_262);
  assert(countParameters(buildModel("compact_resnet")) <= 500_000);
  assertEquals(
    buildModel("tutorial_cnn_48").layers.filter((layer) => layer.getClassName() === "Conv2D").length,
    3,
  );
  assertEquals(countParameters(buildModel("resnet18")), 11_173_962);
});

Deno.test("buildModel() lists the names it knows", () => {
  assertThrows(() => buildModel("vgg"), RangeError, "no such architecture (compact_resnet, tutorial_cnn,");
});
