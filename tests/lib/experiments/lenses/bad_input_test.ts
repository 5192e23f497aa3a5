/** What users get wrong with a Classifier: one clear line each, and nothing half-done. */
import { startEngine } from "../../../../lib/engine/mod.ts";
import {
  Classifier,
  type ClassifierImages,
  type ClassifierSettings,
} from "../../../../lib/experiments/lenses/classifier.ts";
import { assert, assertEquals, assertRejects, assertThrows } from "../../../assert.ts";

await startEngine();

/** Noise that is the same each time, [count, side, side, bands]. */
function noise(count: number, bands = 2, side = 16) {
  const size = count * side * side * bands;
  return {
    data: Float32Array.from({ length: size }, (_, i) => 40 + 30 * Math.sin(i * 12.9898)),
    shape: [count, side, side, bands],
  };
}

const images = (changes: Partial<ClassifierImages> = {}): ClassifierImages => ({
  positiveClass: noise(4),
  negativeClass: noise(9),
  ...changes,
});

const quick: ClassifierSettings = { clf: "lens_net", normalize: true, epochs: 1, batch: 8, patience: 0 };

/** A class with a NaN in its second image and an infinity in its third. */
function broken() {
  const made = noise(4);
  made.data[512 + 7] = NaN;
  made.data[1024 + 3] = Infinity;
  return made;
}

Deno.test("pixels that are no finite numbers are masked and counted, or refused with the image", () => {
  const lines: string[] = [], onWarning = (line: string) => lines.push(line);
  const { positiveClass } = new Classifier(images({ positiveClass: broken() }), { ...quick, onWarning });
  assertEquals(lines, ["2 pixels of the positive class are no finite numbers and count as 0"]);
  assertEquals([positiveClass.data[519], positiveClass.data[1027], positiveClass.masked], [0, 0, 2]);
  const refuse = (changes: Partial<ClassifierImages>, message: string) =>
    assertThrows(() => new Classifier(images(changes), { nonFinite: "refuse" }), RangeError, message);
  refuse(
    { positiveClass: broken() },
    '"positive class" as its pixels must be finite: 2 are not, the first in image 1',
  );
  refuse(
    { testPositive: broken(), testNegative: noise(2) },
    '"positive test set" as its pixels must be finite',
  );
});

Deno.test("an empty class, and bands that differ, are refused when they are given", () => {
  const refuse = (changes: Partial<ClassifierImages>, message: string) =>
    assertThrows(() => new Classifier(images(changes), quick), RangeError, message);
  refuse({ negativeClass: noise(0) }, '"negative class" as it holds no image: got [0, 16, 16, 2]');
  refuse({ negativeClass: noise(9, 3) }, "lenses have 2, others 3");
  refuse({ valNegative: noise(2, 1) }, "negative validation set as it must have 2 bands: got 1");
});

Deno.test("augmentation that the images cannot have is refused, and leaves them as they were", () => {
  const model = new Classifier(images(), quick), before = model.positiveClass;
  const refuse = (options: Parameters<Classifier["augmentPositive"]>[0], message: string) => {
    assertThrows(() => model.augmentPositive(options), RangeError, message);
    assert(model.positiveClass === before);
  };
  refuse({ imageSize: 17 }, "imageSize must fit images of 16 × 16: got 17");
  refuse({ maskSize: 3, numMasks: 10 }, "10 circles of radius 3 must not cover more than an image");
  refuse({ maskSize: 8, numMasks: 1 }, "maskSize, a radius, must be less than half of 16 × 16 pixels: got 8");
  refuse(
    { blendMultiplier: 1, numImagesToBlend: 1 },
    "numImagesToBlend must be a whole number from 2: got 1",
  );
  const one = new Classifier(images({ positiveClass: noise(1) }), quick);
  assertThrows(
    () => one.augmentPositive({ batch: 1, blendMultiplier: 1 }),
    RangeError,
    "2 different copies are blended: got 1 to blend",
  );
});

Deno.test("training that cannot be is refused before a step, and an earlier model stays", async () => {
  const model = new Classifier(images(), quick);
  await model.create();
  const [trained] = model.models;
  const refuse = async (settings: ClassifierSettings, message: string) => {
    model.settings = { ...quick, ...settings };
    await assertRejects(() => model.create(), RangeError, message);
    assert(model.models[0] === trained);
  };
  await refuse({ smoteSampling: 1 }, "more examples than the 5 neighbours: got 4");
  await refuse({ maxPixel: [100] }, "2 bands as maxPixel needs a number for each: got [100]");
  await refuse(
    { minPixel: [0], maxPixel: [100, 100] },
    "2 bands as minPixel needs a number for each: got [0]",
  );
  await refuse({ optCv: 1 }, "optCv as it must be 0, for one model, or folds from 2: got 1");
  await refuse({ optCv: 2.5 }, "folds from 2: got 2.5");
  await refuse({ optCv: 5 }, "Cannot cut class 1 into 5 folds as it has 4 different examples");
  assertThrows(() => new Classifier(images(), { optCv: 1 }), RangeError, "folds from 2: got 1");
  model.dispose();
});

Deno.test("what is asked of a model is checked as what it learned from was", async () => {
  const lines: string[] = [], onWarning = (line: string) => lines.push(line);
  const model = new Classifier(images(), { ...quick, onWarning });
  await model.create();
  const refuse = (asked: ReturnType<typeof noise>, message: string) =>
    assertRejects(() => model.predict(asked), RangeError, message);
  await refuse(noise(2, 2, 15), "images of 16 × 16 or more and 2 bands: got 15 × 15 and 2");
  await refuse(noise(2, 3), "16 × 16 or more and 2 bands: got 16 × 16 and 3");
  assertEquals((await model.predict(broken())).length, 4);
  assertEquals(lines, ["2 pixels of the images to predict are no finite numbers and count as 0"]);
  model.settings.nonFinite = "refuse";
  await refuse(broken(), "its pixels must be finite: 2 are not, the first in image 1");
  assertThrows(
    () => model.plotPositive({ vmin: 1, vmax: 1 }),
    RangeError,
    "vmin must be below vmax: got 1 and 1",
  );
  const short = { ...noise(2), shape: [3, 16, 16, 2] };
  assertThrows(() => model.positiveClass = short, TypeError, "[3, 16, 16, 2] needs 1536 values: got 1024");
  model.dispose();
});

Deno.test("settings that there are not are refused with the nearest, and shares that are none", () => {
  const refuse = (settings: Record<string, unknown>, message: string) =>
    assertThrows(() => new Classifier(images(), settings as ClassifierSettings), RangeError, message);
  refuse({ max_pixel: [100, 100] }, 'setting "max_pixel" (nearest: "maxPixel")');
  refuse({ clf: "alexne" }, 'clf "alexne" (nearest: "alexnet")');
  refuse({ loss: "hing" }, 'loss "hing" (nearest: "hinge")');
  refuse({ smoteSampling: 2 }, "smoteSampling must be from 0 to 1: got 2");
  refuse({ smoteSampling: NaN }, "smoteSampling must be from 0 to 1: got NaN");
});

Deno.test("classes that look swapped are said", () => {
  const lines: string[] = [], onWarning = (line: string) => lines.push(line);
  new Classifier({ positiveClass: noise(9), negativeClass: noise(4) }, { ...quick, onWarning });
  assertEquals(lines, ["There are more positive than negative images: are the classes swapped?"]);
});
