import { startEngine } from "../../../../lib/engine/mod.ts";
import { Classifier } from "../../../../lib/experiments/lenses/classifier.ts";
import { adam } from "../../../../lib/train/mod.ts";
import { assert, assertClose, assertEquals, assertRejects, assertThrows } from "../../../assert.ts";
import { withFolder } from "../../../folder.ts";

await startEngine();

const SIDE = 20;

/** Rings (positive) or blobs in two bands, each a little different. */
function images(count: number, isRing: boolean) {
  const data = Float32Array.from({ length: count * SIDE * SIDE * 2 }, (_, i) => {
    const at = Math.floor(i / 2) % (SIDE * SIDE), image = Math.floor(i / 2 / SIDE / SIDE);
    const radius = Math.hypot(Math.floor(at / SIDE) - 9.5, at % SIDE - 9.5);
    const light = isRing ? Math.exp(-((radius - 4) ** 2)) : Math.exp(-radius / 3);
    return light * (60 + 3 * image) + Math.sin(i * 12.9898) ** 3;
  });
  return { data, shape: [count, SIDE, SIDE, 2] };
}

const both = () => ({ positiveClass: images(8, true), negativeClass: images(16, false) });
const quick = {
  clf: "lens_net",
  normalize: true,
  optimizer: adam(),
  rate: 1e-2,
  batch: 8,
  epochs: 20,
  classWeights: [1, 2],
  patience: 0,
} as const;

Deno.test("a Classifier learns, answers, saves and loads itself", () =>
  withFolder(async (folder) => {
    const seen: number[] = [];
    const model = new Classifier(both(), { ...quick, onEpoch: (numbers) => seen.push(numbers.loss) });
    await model.create();
    assertEquals(seen.length, 20);
    const positive = await model.predict(images(3, true)), negative = await model.predict(images(3, false));
    const of = (answers: typeof positive) => answers.map(({ probability }) => probability);
    assert(Math.min(...of(positive)) > Math.max(...of(negative)), `${of(positive)} against ${of(negative)}`);
    for (const { label, probability } of [...positive, ...negative]) {
      assertEquals(label, probability >= 0.5 ? "positive" : "negative");
    }
    await model.save(folder);
    const again = new Classifier(both());
    await again.load(folder);
    const loaded = await again.predict(images(3, true));
    assertClose(
      loaded.map(({ probability }) => probability),
      positive.map(({ probability }) => probability),
      1e-5,
    );
    assert(JSON.stringify(model.plotPerformance()).length > 100);
    model.dispose();
    again.dispose();
  }));

Deno.test("an ensemble keeps copies of an image in one fold, and votes", async () => {
  const model = new Classifier(both(), { ...quick, epochs: 1, optCv: 2 });
  model.augmentPositive({ batch: 3, rotation: true });
  assertEquals(model.positiveClass.shape, [24, SIDE, SIDE, 2]);
  await model.create();
  assertEquals([model.models.length, model.histories.length], [2, 2]);
  assert("validationLoss" in model.histories[0].epochs[0]);
  const asked = images(2, true), all = await model.predict(asked);
  const single = await Promise.all([0, 1].map((k) => model.predict(asked, k)));
  assertClose(all[0].probability, single.reduce((sum, [{ probability }]) => sum + probability / 2, 0), 1e-6);
  assertEquals(all[0].votes, single.filter(([{ probability }]) => probability >= 0.5).length);
  assertEquals(all[0].label, all[0].votes >= 1 ? "positive" : "negative");
  model.dispose();
});

Deno.test("create() with overwriteTraining shows what was trained on, oversampled and normalised", async () => {
  const model = new Classifier(both(), { ...quick, epochs: 1, smoteSampling: 1 });
  await model.create({ overwriteTraining: true });
  assertEquals([model.positiveClass.shape[0], model.negativeClass.shape[0]], [16, 16]);
  assert(model.positiveClass.data.every((value) => value >= 0 && value <= 1));
  model.dispose();
});

Deno.test("training ends at the monitors' thresholds", async () => {
  const monitors = [{ metric: "loss", threshold: 1e9 }, { metric: "accuracy", threshold: 0 }] as const;
  const model = new Classifier(both(), { ...quick, monitors });
  await model.create();
  assertEquals([model.histories[0].epochs.length, model.histories[0].ending], [1, "stopped early"]);
  model.dispose();
});

Deno.test("what does not fit is refused in one line", async () => {
  const model = new Classifier(both(), quick);
  await assertRejects(() => model.predict(images(1, true)), Error, "0 are trained or loaded");
  model.augmentPositive({ imageSize: 16 });
  await assertRejects(() => model.create(), RangeError, "got 16 × 16 × 2 and 20 × 20 × 2; crop both");
  assertThrows(() => model.plotPositive({ channel: 2 }), RangeError, "channel 2 as there are 2, from 0");
  assertThrows(
    () => model.plotNegative({ index: 16 }),
    RangeError,
    "Cannot plot images 16 to 16 as there are 16",
  );
  assert(JSON.stringify(model.plotNegative({ count: 3, vmax: 50 })).includes("data:image/png"));
  assertThrows(() => model.augmentPositive({ blendMultiplier: 1, numImagesToBlend: 1 }), RangeError);
  const three = { data: new Float32Array(12), shape: [1, 2, 2, 3] };
  assertThrows(
    () => new Classifier({ ...both(), positiveClass: three }),
    RangeError,
    "lenses have 3, others 2",
  );
});
