import { startEngine, tf } from "../../../../lib/engine/mod.ts";
import { f1Score, scoreOf, scoresOf, withF1 } from "../../../../lib/experiments/lenses/classifier_fit.ts";
import { assertClose, assertEquals } from "../../../assert.ts";

await startEngine({ backend: "cpu" });

Deno.test("scoresOf() counts what is right, and F1 of what is found", () => {
  // 2 found of 3, 1 wrongly: precision 2/3, recall 2/3, so F1 is 2/3 and 3 of 5 are right.
  const { accuracy, f1Score: f1 } = scoresOf(
    [true, true, false, true, false],
    Float32Array.of(1, 1, 1, 0, 0),
  );
  assertClose([accuracy, f1], [3 / 5, 2 / 3], 1e-12);
  assertEquals(scoresOf([false, false], Float32Array.of(0, 0)), { accuracy: 1, f1Score: 0 });
  assertEquals(scoresOf([true], Float32Array.of(1)), { accuracy: 1, f1Score: 1 });
});

Deno.test("withF1() puts F1 in place of the share that was found, with validation and without", () => {
  const { found: _, ...shown } = {
    found: 0,
    epoch: 1,
    loss: 2,
    accuracy: 0.6,
    f1Score: 2 * 0.4 / (2 * 0.4 + 0.4),
  };
  assertEquals<unknown>(withF1({ epoch: 1, loss: 2, accuracy: 0.6, found: 0.4 }), shown);
  const numbers = withF1({
    epoch: 1,
    loss: 2,
    accuracy: 1,
    found: 0.5,
    validationFound: 0.25,
    validationAccuracy: 0.5,
  });
  assertEquals([numbers.f1Score, numbers.validationF1Score], [1, 0.5]);
  assertEquals("validationFound" in numbers, false);
  assertEquals(f1Score(0, 1), 0);
});

Deno.test("scoreOf() takes a probability of a half and more for a lens", async () => {
  const model = tf.sequential({
    layers: [
      tf.layers.flatten({ inputShape: [1, 1, 1] }),
      tf.layers.dense({ units: 1, kernelInitializer: "ones" }),
    ],
  });
  const images = { data: Float32Array.of(0.5, 0.25, 0.75, 1), shape: [4, 1, 1, 1] };
  const scores = await scoreOf(model, { images, labels: Float32Array.of(1, 1, 0, 1) } as never);
  // Said: yes, no, yes, yes. Two are found, one is missed, one is wrong.
  assertClose([scores.accuracy, scores.f1Score], [1 / 2, 2 / 3], 1e-12);
  // By hand, the mean of log cosh of 0.5, 0.75, 0.75 and 0.
  const { loss } = await scoreOf(model, { images, labels: Float32Array.of(1, 1, 0, 1) }, { loss: "logCosh" });
  assertClose(loss, (Math.log(Math.cosh(0.5)) + 2 * Math.log(Math.cosh(0.75))) / 4, 1e-6);
  model.dispose();
});
