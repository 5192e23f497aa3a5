import { applySharded, startEngine, tf } from "../../../lib/engine/mod.ts";
import { buildSuperNemoDocument } from "../../../lib/models/supernemo_document.ts";
import { buildSuperNemoSmall } from "../../../lib/models/supernemo_small.ts";
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
