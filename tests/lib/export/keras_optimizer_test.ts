/** In which order a Keras file has an optimizer's arrays, by hand; `keras_peer_test.ts` asks Keras itself. @module */
import {
  optimizerFromKeras,
  type OptimizerState,
  optimizerToKeras,
} from "../../../lib/export/keras_optimizer.ts";
import type { JsonObject } from "../../../lib/layers/keras_settings.ts";
import { assertEquals, assertThrows } from "../../assert.ts";

/** Two weights; slot s of weight w holds the number 10 · w + s. */
function stateOf(config: OptimizerState["config"], slots: readonly string[]): OptimizerState {
  const values = [0, 1].map((weight) => slots.map((_, slot) => Float32Array.of(10 * weight + slot)));
  return { config, slots, rate: 0.5, step: 3, values };
}

/** The numbers in the order of the file, weights in the order given. */
const written = (state: OptimizerState, order: readonly number[]) =>
  optimizerToKeras(state, order).arrays.map(({ data, weight }) => [data[0], weight]);

const fail = (why: string) => new TypeError(why);

Deno.test("optimizerToKeras() has Adam's two moments weight by weight, and the slots of others slot by slot", () => {
  const adam = stateOf({ name: "adam" }, ["mean", "square"]);
  assertEquals(written(adam, [0, 1]), [[0, 0], [1, 0], [10, 1], [11, 1]]);
  assertEquals(written(adam, [1, 0]), [[10, 1], [11, 1], [0, 0], [1, 0]]);
  // keras/src/optimizers/rmsprop.py builds velocities, then momentums, then average gradients
  const rmsprop = stateOf({ name: "rmsprop" }, ["mean", "square", "momentum"]);
  assertEquals(written(rmsprop, [0, 1]), [[1, 0], [11, 1], [2, 0], [12, 1], [0, 0], [10, 1]]);
  assertEquals(written(stateOf({ name: "sgd" }, ["momentum"]), [1, 0]), [[10, 1], [0, 0]]);
  assertThrows(() => written({ ...adam, values: [adam.values[0]] }, [0, 1]), TypeError, '"mean" of weight 1');
});

Deno.test("optimizerFromKeras() finds each array behind step count and rate", () => {
  const placesOf = (class_name: string, config: JsonObject) => {
    const { slots, place } = optimizerFromKeras({ class_name, config }, fail);
    const places = [0, 1].map((weight) => slots.map((_, slot) => place(weight, slot, 2)));
    return { slots, places };
  };
  assertEquals(placesOf("Adam", {}), { slots: ["mean", "square"], places: [[2, 3], [4, 5]] });
  assertEquals(placesOf("RMSprop", { momentum: 0.9, centered: true }), {
    slots: ["square", "momentum", "mean"],
    places: [[2, 4, 6], [3, 5, 7]],
  });
  assertEquals(placesOf("RMSprop", { momentum: 0, centered: true }), {
    slots: ["square", "mean"],
    places: [[2, 4], [3, 5]],
  });
  assertEquals(placesOf("SGD", { momentum: 0 }), { slots: [], places: [[], []] });
});
