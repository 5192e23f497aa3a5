import { applySharded, startEngine, tf } from "../../../lib/engine/mod.ts";
import { buildSuperNemoCalorimeterDocument } from "../../../lib/models/supernemo_calorimeter_document.ts";
import { buildSuperNemoCritic } from "../../../lib/models/supernemo_critic.ts";
import { buildSuperNemoDocument } from "../../../lib/models/supernemo_document.ts";
import { buildSuperNemoMap } from "../../../lib/models/supernemo_map.ts";
import { buildSuperNemoPoints } from "../../../lib/models/supernemo_points.ts";
import { buildSegNet, buildTrackFilters } from "../../../lib/models/supernemo_segnet.ts";
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

Deno.test("buildSuperNemoCalorimeterDocument() has the parameters and heads of the saved model", () => {
  const model = buildSuperNemoCalorimeterDocument({ seed: 1 });
  assertEquals(model.countParams(), 2_531_268); // keras_metadata.pb of the associated calorimeter's
  assertEquals([model.outputNames, model.outputs.map(({ shape }) => shape)], [["tracks", "columns"], [
    [null, 4],
    [null, 22],
  ]]);
  model.dispose();
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

Deno.test("buildSegNet() has the parameters of the saved models, and 0.3 GFLOP an event", () => {
  const withSkips = buildSegNet({ seed: 1 }), without = buildSegNet({ skips: false, seed: 1 });
  assertEquals([withSkips.countParams(), without.countParams()], [471_233, 425_153]);
  assertClose([2 * multiplications(withSkips) / 1e9], [0.3], 0.1);
  for (const model of [withSkips, without]) {
    assertEquals(model.outputs[0].shape, [null, 116, 12, 1]);
    model.dispose();
  }
});

Deno.test("buildSegNet() puts attention where it is asked for, and none of self-attention at the start", () => {
  const plain = buildSegNet({ seed: 1 });
  const partly = buildSegNet({ cbam: [8, 0, 16, 0, 0], seed: 1 }),
    whole = buildSegNet({ selfAttention: true, seed: 1 });
  const named = (model: tf.LayersModel) =>
    model.layers.filter((layer) => layer.getClassName() === "ChannelAttention").map(({ name }) => name);
  assertEquals([named(plain), named(partly)], [[], ["conv1_channels", "conv3_channels"]]);
  const { reduction } = partly.getLayer("conv3_channels").getConfig() as { reduction: number };
  assertEquals(reduction, 16);
  const x = tf.randomUniform([2, 116, 12, 1], 0, 1, "float32", 5);
  const [a, b] = [plain, whole].map((model) => (model.predict(x) as tf.Tensor).dataSync());
  assertClose(b, a, 1e-5, "gamma starts at 0");
  for (const model of [plain, partly, whole]) model.dispose();
});

Deno.test("buildSuperNemoMap() says nothing where no hit is, sees the whole foil, and is small", () => {
  const model = buildSuperNemoMap({ seed: 1 });
  assert(2 * multiplications(model) <= 60e6, `${2 * multiplications(model)} operations`);
  const at = (...cells: [number, number][]) => {
    const image = tf.buffer([1, 116, 12, 1]);
    for (const [column, layer] of cells) image.set(1, 0, column, layer, 0);
    return (model.predict(image.toTensor()) as tf.Tensor).dataSync();
  };
  const alone = at([110, 5]), beside = at([110, 5], [4, 5]);
  const given = beside.filter((p) => p > 1e-6);
  assertEquals(given.length, 2);
  assert(Math.abs(alone[110 * 12 + 5] - beside[110 * 12 + 5]) > 1e-7, "the other end of the foil matters");
  const tracks = buildSuperNemoMap({ classes: 5, seed: 1 });
  assertEquals(tracks.outputs[0].shape, [null, 116, 12, 5]);
  tracks.dispose();
  model.dispose();
});

Deno.test("buildSuperNemoCritic() has the parameters of the published discriminator, and gives one logit", () => {
  const model = buildSuperNemoCritic({ seed: 1 });
  assertEquals([model.countParams(), model.outputs[0].shape], [3_170_817, [null, 1]]);
  model.dispose();
});

Deno.test("buildTrackFilters() is one layer of filters over the event and the start of a track", () => {
  const model = buildTrackFilters({ seed: 1 });
  assertEquals([model.inputs[0].shape, model.outputs[0].shape], [[null, 116, 12, 2], [null, 116, 12, 1]]);
  assertEquals(model.countParams(), 31 * 23 * 2 * 64 + 64 + 9 * 64 + 1);
  model.dispose();
});
