import { applySharded, startEngine, tf } from "../../../lib/engine/mod.ts";
import { buildSuperNemoDocument } from "../../../lib/models/supernemo_document.ts";
import { buildSuperNemoPoints } from "../../../lib/models/supernemo_points.ts";
import { buildSuperNemoCombined, buildSuperNemoSmall } from "../../../lib/models/supernemo_small.ts";
import { buildSuperNemoVolume } from "../../../lib/models/supernemo_volume.ts";
import { assert, assertClose, assertEquals } from "../../assert.ts";

await startEngine();

/** Multiplications of the convolutions and dense layers for one input. */
function multiplications(model: tf.LayersModel): number {
  return model.layers.reduce((sum, layer) => {
    const kernel = layer.weights.find(({ originalName }) => /kernel/.test(originalName));
    if (!kernel) return sum;
    const shape = layer.outputShape as (number | null)[], weights = kernel.shape as number[];
    const places = shape.slice(1, -1).reduce<number>((product, side) => product * side!, 1);
    return sum + places * weights.reduce((product, side) => product * side, 1);
  }, 0);
}

Deno.test("buildSuperNemoDocument() has the parameters of the saved models, and what top costs", () => {
  // keras_metadata.pb of top_my_generator, side_my_generator and front_my_generator
  const published = { top: 3_388_804, side: 3_169_092, front: 2_707_780 };
  for (const [view, parameters] of Object.entries(published)) {
    const model = buildSuperNemoDocument(view as keyof typeof published, { seed: 1 });
    assertEquals(model.countParams(), parameters, view);
    assertEquals(model.outputs[0].shape, [null, 4]);
    if (view === "top") assertClose([2 * multiplications(model) / 1e9], [1.8], 0.1);
    model.dispose();
  }
});

const SHAPES = [[9, 113, 1], [9, 113, 2], [30, 113, 1], [30, 9, 1], [30, 9, 2]] as const;

for (const inputShape of SHAPES) {
  Deno.test(`buildSuperNemoSmall() of [${inputShape}] is small and gives probabilities`, () => {
    for (const places of [false, true]) {
      const model = buildSuperNemoSmall({ inputShape, classes: 5, places, seed: 1 });
      assert(model.countParams() <= 300_000, `${model.countParams()} parameters`);
      assert(2 * multiplications(model) <= 20e6, `${2 * multiplications(model)} operations`);
      tf.tidy(() => {
        const [[output]] = applySharded(model, [[tf.randomUniform([2, ...inputShape], 0, 1, "float32", 3)]]);
        assertEquals(output.shape, [2, 5]);
        assertClose(tf.sum(output, 1).dataSync(), [1, 1], 1e-5);
      });
      model.dispose();
    }
  });
}

Deno.test("the networks of volumes and of points are small and give probabilities", () => {
  for (const model of [buildSuperNemoVolume({ seed: 1 }), buildSuperNemoPoints({ seed: 1 })]) {
    const [, ...shape] = model.inputs[0].shape as number[];
    assert(model.countParams() <= 300_000, `${model.countParams()} parameters`);
    assert(2 * multiplications(model) <= 20e6, `${2 * multiplications(model)} operations`);
    tf.tidy(() => {
      const [[output]] = applySharded(model, [[tf.randomUniform([2, ...shape], 0, 1, "float32", 3)]]);
      assertEquals(output.shape, [2, 4]);
      assertClose(tf.sum(output, 1).dataSync(), [1, 1], 1e-5);
    });
    model.dispose();
  }
});

Deno.test("buildSuperNemoPoints() does not care for the order of the hits", () => {
  const model = buildSuperNemoPoints({ inputShape: [3, 6], seed: 1 });
  tf.tidy(() => {
    const hits = tf.randomUniform([1, 3, 6], -1, 1, "float32", 5);
    const [[one]] = applySharded(model, [[hits]]), [[other]] = applySharded(model, [[tf.reverse(hits, 1)]]);
    assertClose(other.dataSync(), one.dataSync(), 1e-5);
  });
  model.dispose();
});

Deno.test("buildSuperNemoCombined() has a small network's layers for each view, by the view's name", () => {
  const inputShapes = { top: [9, 113, 1], side: [30, 113, 1], front: [30, 9, 1] };
  const model = buildSuperNemoCombined({ inputShapes, seed: 1 });
  assertEquals(model.inputNames, ["top", "side", "front"]);
  for (const [view, inputShape] of Object.entries(inputShapes)) {
    const small = buildSuperNemoSmall({ inputShape, seed: 1 });
    for (const { name, weights } of small.layers.filter(({ name }) => /^(conv|norm)/.test(name))) {
      const shapes = model.getLayer(`${view}_${name}`).weights.map(({ shape }) => shape);
      assertEquals(shapes, weights.map(({ shape }) => shape));
    }
    small.dispose();
  }
  model.dispose();
});
