/** Which layers a layer of a Keras file may hold, and what a layer's input must be. */
import { startEngine, tf } from "../../../lib/engine/mod.ts";
import { isKerasModule, layerFromKeras } from "../../../lib/layers/keras_form.ts";
import type { Json, JsonObject } from "../../../lib/layers/keras_settings.ts";
import { DihedralConv2D } from "../../../lib/layers/dihedral_convolution.ts";
import { LAYERS } from "../../../lib/layers/registry.ts";
import { assertEquals, assertThrows } from "../../assert.ts";

await startEngine({ backend: "cpu" });
const fail = (why: string) => new SyntaxError(why);
const find = (className: string) => LAYERS.get(className);
const distributed = (layer: unknown) =>
  layerFromKeras(LAYERS.get("TimeDistributed")!, { name: "each", layer: layer as Json } as JsonObject, fail, {
    name: "each",
    find,
  });

Deno.test("layerFromKeras() makes the layer inside a layer only where it is listed and Keras's own", () => {
  const inner = { module: "keras.layers", class_name: "Dense", config: { name: "inner", units: 3 } };
  assertEquals(distributed(inner).getClassName(), "TimeDistributed");
  for (const change of [{ class_name: "Lambda" }, { module: "os" }, { class_name: "Lambda", module: "os" }]) {
    const words = "which is not among the layers that may be loaded";
    assertThrows(() => distributed({ ...inner, ...change }), SyntaxError, words);
  }
  for (const damaged of [null, "Dense", { class_name: "Dense" }, { config: 1 }]) {
    assertThrows(() => distributed(damaged), SyntaxError);
  }
});

Deno.test("isKerasModule() knows where Keras has its layers", () => {
  const dense = LAYERS.get("Dense")!;
  assertEquals(
    ["keras.layers", "keras.src.layers.core.dense", "os", "keras", ""].map((module) =>
      isKerasModule(module, dense)
    ),
    [true, true, false, false, false],
  );
});

Deno.test("DihedralConv2D refuses channels that are no eight orientations, unless it lifts them", () => {
  const apply = (channels: number, lifts: boolean) =>
    new DihedralConv2D({ filters: 2, lifts, name: "it" }).apply(tf.zeros([1, 5, 5, channels])) as tf.Tensor;
  assertThrows(() => apply(12, false), TypeError, "channels of 8 orientations: got 12");
  assertEquals([apply(16, false).shape, apply(3, true).shape], [[1, 5, 5, 16], [1, 5, 5, 16]]);
});
