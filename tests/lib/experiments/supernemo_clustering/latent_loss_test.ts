import { startEngine, tf } from "../../../../lib/engine/mod.ts";
import { latentLoss } from "../../../../lib/experiments/supernemo_clustering/latent_loss.ts";
import { buildLatentRoute, encodeMaps, routeCodes } from "../../../../lib/models/supernemo_vae.ts";
import { gradientsOf, trainedVariables } from "../../../../lib/train/mod.ts";
import { assert, assertClose, assertEquals } from "../../../assert.ts";

await startEngine();

/** Two events, and what is left of them. */
function maps() {
  const cells = (every: number) => Float32Array.from({ length: 2 * 1392 }, (_, i) => i % every === 0 ? 1 : 0);
  return [tf.tensor(cells(20), [2, 116, 12, 1]), tf.tensor(cells(40), [2, 116, 12, 1])];
}

type Parts = { loss: tf.Tensor; parts: Record<string, tf.Tensor> };

Deno.test("latentLoss() is the sum of both cross-entropies and the route's distance, as they are by hand", () => {
  const model = buildLatentRoute({ filters: 4, latent: 3, seed: 1 }), [event, rest] = maps();
  // A decoder without weights draws 1/2 everywhere: log 2 a cell.
  const last = model.getLayer("reconstruction");
  last.setWeights(last.getWeights().map((weight) => tf.zerosLike(weight)));
  const { loss, parts } = latentLoss(() => model).together({ mask: rest }, {}, { image: event }) as Parts;
  const [own, wanted] = [event, rest].map((map) => encodeMaps(model, map));
  const apart = tf.sum(tf.square(tf.sub(routeCodes(model, own), wanted)), 1).dataSync();
  const half = new Array(2).fill(1392 * Math.LN2);
  assertClose(parts.eventLoss.dataSync(), half, 1e-5);
  assertClose(parts.restLoss.dataSync(), half, 1e-5);
  assertClose(parts.routeLoss.dataSync(), apart, 1e-4);
  assertClose(loss.dataSync(), [...apart].map((distance) => distance + 2 * half[0]), 1e-5);
});

Deno.test("latentLoss() moves all weights, the route's by the distance alone, and no other by it", () => {
  const model = buildLatentRoute({ filters: 4, latent: 3, seed: 1 }), [event, rest] = maps();
  const variables = trainedVariables(model), ofRoute = variables.map(({ name }) => name.includes("route"));
  const reached = (part: string) => {
    const { gradients } = gradientsOf(() => {
      const { loss, parts } = latentLoss(() => model).together({ mask: rest }, {}, { image: event }) as Parts;
      return tf.sum(parts[part] ?? loss) as tf.Scalar;
    }, variables);
    return gradients.map((gradient) => tf.max(tf.abs(gradient)).dataSync()[0] > 0);
  };
  assertEquals(reached("routeLoss"), ofRoute);
  assertEquals(reached("eventLoss").map((is, i) => is && ofRoute[i]), ofRoute.map(() => false));
  assert(reached("").every((is) => is), "a weight that nothing moves");
});
