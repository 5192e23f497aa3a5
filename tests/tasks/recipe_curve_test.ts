import { recipeCurve, rowsOfCurve } from "../../tasks/bench/_recipe_curve.ts";
import { fromArrays } from "../../lib/data/source.ts";
import { startEngine, tf } from "../../lib/engine/mod.ts";
import { meanSquaredError } from "../../lib/train/mod.ts";
import { assert, assertEquals } from "../assert.ts";

await startEngine({ backend: "cpu" });

Deno.test("recipeCurve() measures a recipe that is too short for it at its end, and a long one until its time is over", async () => {
  const model = tf.sequential({ layers: [tf.layers.dense({ units: 1, inputShape: [1], name: "value" })] });
  const column = { data: Float32Array.of(1, 2, 3, 4), shape: [4, 1] };
  const source = fromArrays(column, column), recipe = { loss: meanSquaredError(), batch: 2 };
  let measured = 0;
  const measure = () => Promise.resolve({ number: ++measured });
  const whole = await recipeCurve(model, source, { ...recipe, epochs: 3 }, 60, measure);
  assertEquals(whole.points.at(-1)?.seen, 12);
  const cut = await recipeCurve(model, source, { ...recipe, epochs: 1_000_000 }, -1, measure);
  assertEquals(cut.points.map(({ seen, numbers }) => [seen, numbers]), [[2, { number: measured }]]);
  assert(cut.rate > 0);
  const [row] = rowsOfCurve([{ seen: 12_000, seconds: 3, numbers: { accuracy: 0.5 } }], "events");
  assertEquals([row.what, row.unit, row.ours], ["after 12,000 events, 3 s", "accuracy", [0.5]]);
  model.dispose();
});
