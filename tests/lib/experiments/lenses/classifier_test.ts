import { startEngine } from "../../../../lib/engine/mod.ts";
import { createRng } from "../../../../lib/base/rng.ts";
import { Classifier, type ClassifierSettings } from "../../../../lib/experiments/lenses/classifier.ts";
import { buildNetwork, f1Score } from "../../../../lib/experiments/lenses/classifier_fit.ts";
import { planOf, spaceOf } from "../../../../lib/experiments/lenses/classifier_search.ts";
import {
  augmentSide,
  balanced,
  foldsOf,
  sideOf,
} from "../../../../lib/experiments/lenses/classifier_sets.ts";
import type { Params } from "../../../../lib/search/mod.ts";
import { adadelta, adam, adamax, nadam, sgd } from "../../../../lib/train/mod.ts";
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
  clf: "custom_cnn",
  architecture: {
    stages: [{ filters: 6, kernel: 5, pooling: "average", poolSize: 4 }],
    dense: [{ units: 8 }],
    regularizer: "none",
    initializer: "heNormal",
    denseInitializer: "heNormal",
  },
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
    const noise = { positiveClass: images(1, true), negativeClass: images(1, false) };
    const again = new Classifier(noise);
    await again.load(folder);
    const loaded = await again.predict(images(3, true));
    assertClose(
      loaded.map(({ probability }) => probability),
      positive.map(({ probability }) => probability),
      1e-5,
    );
    assertEquals(again.positiveClass, model.positiveClass);
    assertEquals([again.settings.rate, again.settings.clf], [1e-2, "custom_cnn"]);
    assertEquals(again.histories[0].epochs, model.histories[0].epochs);
    await assertRejects(() => again.load(folder + "/nowhere"), Deno.errors.NotFound);
    assertEquals(again.models.length, 1);
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
  // The loss is below its threshold from the first epoch on; no accuracy is above 1.
  const monitors = [{ metric: "loss", threshold: 1e9 }, { metric: "accuracy", threshold: 1.1 }] as const;
  const ends = async (stopAt?: "any" | "all") => {
    const model = new Classifier(both(), { ...quick, epochs: 2, monitors, stopAt });
    await model.create();
    model.dispose();
    return [model.histories[0].epochs.length, model.histories[0].ending];
  };
  assertEquals(await ends(), [1, "stopped early"], "one of them is enough, as in pyBIA");
  assertEquals(await ends("any"), [1, "stopped early"]);
  assertEquals(await ends("all"), [2, "finished"]);
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

// By hand: of 10 examples 2 are found, 1 missed, 1 taken wrongly: F1 = 4 / (4 + 2).
Deno.test("F1 comes of the shares of those found and those right, and is watched as any number", async () => {
  assertClose(f1Score(0.2, 0.8), 4 / 6);
  assertEquals(f1Score(0, 1), 0);
  const { positiveClass: valPositive, negativeClass: valNegative } = both();
  const model = new Classifier({ ...both(), valPositive, valNegative, testPositive: valPositive }, {
    ...quick,
    ...{ metric: "validationF1Score", patience: 3, epochs: 40, stopAt: "all" },
    monitors: [{ metric: "f1Score", threshold: 0.9 }, { metric: "validationF1Score", threshold: 0.9 }],
  });
  await model.create();
  const last = model.histories[0].epochs.at(-1)!;
  assert(last.f1Score >= 0.9 && last.validationF1Score >= 0.9 && last.epoch < 40, JSON.stringify(last));
  assert(!("found" in last || "validationFound" in last), "what F1 is made of is not shown");
  assert(model.testScores!.f1Score > 0.9, JSON.stringify(model.testScores));
  model.dispose();
});

const SEARCH = {
  ...quick,
  ...{ optimize: true, optAug: true, nIter: 4, epochs: 2, trainEpochs: 1, optCv: 2, patience: 1 },
  ...{
    batchMin: 1,
    batchMax: 3,
    imageSizeMin: 14,
    imageSizeMax: 18,
    shift: 2,
    rotation: true,
    horizontal: true,
  },
  ...{
    maskSize: 1,
    numMasks: [0, 2] as const,
    blendMax: 2,
    optMaxMinPix: 50,
    optMaxMaxPix: 80,
    batchSizeMin: 4,
    batchSizeMax: 8,
  },
} as const;

Deno.test("create() searches network and augmentation in one space, and goes on where it was stopped", () =>
  withFolder(async (folder) => {
    const space = spaceOf(SEARCH, SIDE, 2);
    assertEquals(Object.keys(space).sort(), [
      ...[
        "activation",
        "batch",
        "beta1",
        "beta2",
        "blend",
        "blendImages",
        "copies",
        "denseActivation",
        "denseInitializer",
        "horizontal",
      ],
      ...[
        "imageSize",
        "initializer",
        "loss",
        "maskSize",
        "maxPixel1",
        "maxPixel2",
        "momentum",
        "numMasks",
        "optimizer",
        "pooling",
        "rate",
      ],
      ...["regularizer", "rho", "rotation", "shift"],
    ]);
    const model = new Classifier(both(), { ...SEARCH, optModel: false, path: folder + "/study" });
    await model.create();
    const { bestParams, optimization } = model;
    assertEquals(optimization!.trials.length, 4);
    assert(
      optimization!.trials.every(({ values }) => values && values[0] > -10),
      "an early end keeps the value",
    );
    assertEquals(optimization!.trials.map(({ reports }) => reports.length), [1, 1, 1, 1], "trainEpochs");
    assertEquals(model.histories.map(({ epochs }) => epochs.length), [2, 2], "epochs");
    const side = model.models[0].inputs[0].shape[1]!;
    assertEquals(side, bestParams!.imageSize);
    assertEquals([model.models.length, model.positiveClass.shape[0]], [2, 8]);
    for (const plot of [model.plotHyperOpt(), model.plotHyperParamImportance()]) {
      assert(JSON.stringify(plot).length > 200);
    }
    const sum = Object.values(model.hyperParamImportance()).reduce((a, b) => a + b, 0);
    assert(sum === 0 || Math.abs(sum - 1) < 1e-9, `${sum}`);
    await model.saveHyperImportance(folder + "/importance.json");
    const found = { value: model.hyperParamImportance(), duration: model.hyperParamImportance("duration") };
    assertEquals(JSON.parse(await Deno.readTextFile(folder + "/importance.json")), found);
    assertEquals(Object.keys(found.duration).sort(), Object.keys(found.value).sort());
    assert(JSON.stringify(model.plotHyperParamImportance("duration")).includes("took time"));
    await model.save(folder + "/saved");
    const again = new Classifier({ positiveClass: images(1, true), negativeClass: images(1, false) });
    await again.load(folder + "/saved");
    assertEquals([again.optimization, again.bestParams], [optimization, bestParams], "a search is kept");
    assertEquals(again.plotHyperOpt(), model.plotHyperOpt());
    assertEquals(again.hyperParamImportance(), found.value);
    again.dispose();
    const more = new Classifier(both(), {
      ...SEARCH,
      optModel: false,
      nIter: 5,
      epochs: 0,
      path: folder + "/study",
    });
    await more.create();
    assertEquals(more.optimization!.trials.slice(0, 4), optimization!.trials);
    assertEquals([more.optimization!.trials.length, more.models.length], [5, 0], "no epochs, no models");
    model.dispose();
    more.dispose();
  }));

Deno.test("planOf() gives both classes the same crop and circles, and the others' share of copies", () => {
  const params = {
    copies: 3,
    imageSize: 15,
    shift: 2,
    rotation: true,
    maskSize: 1,
    numMasks: 2,
    maxPixel1: 60,
    maxPixel2: 70,
    rate: 1e-3,
  };
  const { fit, normalisation, positive, negative } = planOf(params, SEARCH, { normalize: false }, 2);
  assertEquals([fit.rate, normalisation], [1e-3, { normalize: true, maxPixel: [60, 70] }]);
  const shared = { imageSize: 15, maskSize: 1, numMasks: 2 };
  const moved = { widthShift: 2, heightShift: 2, rotation: true, zoomRange: [0.9, 1.1] as const };
  assertEquals(positive, { ...shared, ...moved, batch: 3 });
  assertEquals(negative, { ...shared, ...moved, batch: 1 }, "what is done to one class is done to the other");
  const whole = planOf(params, { ...SEARCH, batchOther: 0 }, { normalize: true }, 2);
  assertEquals(whole.negative, { imageSize: 15 }, "0 crops the others and does nothing else");
  const bare = planOf({ ...params, numMasks: 0 }, SEARCH, { normalize: true }, 2);
  assertEquals(bare.negative, { imageSize: 15, ...moved, batch: 1 }, "no circle has no radius");
});

Deno.test("a search tries each optimiser with the numbers that it has, and strides of a custom network", () => {
  const { momentum, strides1 } = spaceOf({ clf: "custom_cnn", limitSearch: false }, SIDE, 2);
  assertEquals([momentum, strides1], [
    { low: 0, high: 0.99, float: true, when: { optimizer: "sgd" } },
    { low: 1, high: 3 },
  ]);
  const planned = (params: Params) => planOf(params, {}, { normalize: true }, 2).fit;
  const rule = (params: Params) => planned(params).optimizer!.config;
  assertEquals(rule({ optimizer: "sgd", momentum: 0.5 }), sgd({ momentum: 0.5 }).config);
  assertEquals(
    rule({ optimizer: "nadam", beta1: 0.6, beta2: 0.95 }),
    nadam({ beta1: 0.6, beta2: 0.95 }).config,
  );
  assertEquals(rule({ optimizer: "adadelta", rho: 0.7 }), adadelta({ rho: 0.7 }).config);
  assertEquals(rule({ optimizer: "adamax" }), adamax().config);
  const sizes = { filters1: 12, kernel1: 3, strides1: 2, poolSize1: 2, units1: 128, dropout1: 0.25 };
  const { stages, dense } = planOf(sizes, { clf: "custom_cnn" }, { normalize: true }, 2).fit.architecture!;
  assertEquals(stages, [{ filters: 12, kernel: 3, strides: 2, pooling: "max", poolSize: 2 }]);
  assertEquals(dense, [{ units: 128, dropout: 0.25 }]);
});

Deno.test("without limitSearch the sizes of the layers of every network of the document are tried", () => {
  for (const clf of ["alexnet", "vgg16", "pybia_resnet18", "custom_cnn"] as const) {
    const limited = spaceOf({ clf }, SIDE, 2), space = spaceOf({ clf, limitSearch: false }, SIDE, 2);
    const more = Object.keys(space).filter((name) => !(name in limited));
    const params = Object.fromEntries(more.map((name) => {
      const values = space[name] as { low: number } | number[];
      return [name, "low" in values ? values.low : values[0]];
    }));
    const { architecture } = planOf(params, { clf }, { normalize: true }, 2).fit;
    const model = buildNetwork({ clf, architecture }, [SIDE, SIDE, 2], 1);
    const kernels = model.weights.filter(({ name }) => /kernel/.test(name)).map(({ shape }) => shape);
    model.dispose();
    // Every kernel is as small as may be: 1 × 1, of 12 filters; every dense layer has 128 units, but the last.
    const convolutions = kernels.filter((shape) => shape.length === 4).map((
      [height, , , filters],
    ) => [height, filters]);
    const units = kernels.filter((shape) => shape.length === 2).map((shape) => shape[1]);
    const count = { alexnet: 5, vgg16: 13, pybia_resnet18: 32, custom_cnn: 1 }[clf];
    assertEquals(convolutions, new Array(count).fill([1, 12]), clf);
    assertEquals(
      units,
      clf === "pybia_resnet18" ? [1] : clf === "custom_cnn" ? [128, 1] : [128, 128, 1],
      clf,
    );
  }
});

Deno.test("settings of layers that a network has not are refused", () => {
  const refuse = (settings: Parameters<typeof buildNetwork>[0], message: string) =>
    assertThrows(() => buildNetwork(settings, [SIDE, SIDE, 2], 1), RangeError, message);
  refuse(
    { clf: "pybia_resnet18", architecture: { stages: [] } },
    'stages of "pybia_resnet18": only alexnet, vgg16',
  );
  refuse(
    { clf: "alexnet", architecture: { blockKernel: 5 } },
    'blockKernel of "alexnet": only pybia_resnet18',
  );
});

Deno.test("a search without anything to try, or without a trial that is accepted, says so", async () => {
  const idle = new Classifier(both(), { ...quick, optimize: true, optModel: false });
  await assertRejects(() => idle.create(), RangeError, "nothing to try: set optModel or optAug");
  assertThrows(() => idle.plotHyperOpt(), Error, "there was none");
  const { positiveClass: testPositive, negativeClass: testNegative } = both();
  const strict = new Classifier({ ...both(), testPositive, testNegative }, {
    ...quick,
    ...{ optimize: true, optModel: false, optAug: true, nIter: 1, epochs: 1, testAccThreshold: 1.1 },
    ...{ imageSizeMin: 16, imageSizeMax: 16, shift: 0, batchMin: 1, batchMax: 2 },
  });
  await assertRejects(() => strict.create(), Error, "none of 1 trials was completed");
});

/** A search whose trials differ in nothing but their seeds. */
const ALIKE = {
  ...quick,
  ...{ optimize: true, optModel: false, optAug: true, nIter: 2, epochs: 0, trainEpochs: 4 },
  ...{ imageSizeMin: 16, imageSizeMax: 16, shift: 0, batchMin: 1, batchMax: 1 },
} as const;

Deno.test("a trial's value is 1 − loss over its epochs, or as good as its best, and half of it the test set's", async () => {
  const { positiveClass: testPositive, negativeClass: testNegative } = both();
  const found = async (settings: ClassifierSettings) => {
    const model = new Classifier({ ...both(), testPositive, testNegative }, { ...ALIKE, ...settings });
    await model.create();
    const [{ values, reports }] = model.optimization!.trials;
    return { value: values![0], losses: reports.map(({ values }) => values.loss) };
  };
  const mean = await found({ postMetric: false }), best = await found({ postMetric: false, average: false });
  assertEquals(mean.losses.length, 4);
  assertClose(mean.value, 1 - mean.losses.reduce((sum, loss) => sum + loss / 4, 0), 1e-6);
  assertClose(best.value, 1 - Math.min(...best.losses), 1e-6);
  const half = await found({}); // the test set is what was trained on: its loss is no larger than the mean over the epochs
  const tested = 2 * half.value - mean.value;
  assert(tested < 1 && tested > mean.value, `${tested} against ${mean.value}`);
});

Deno.test("metric2 ends a trial and does not judge it, and a pruner ends those that do badly", async () => {
  const search = async (settings: ClassifierSettings) => {
    const model = new Classifier(both(), { ...ALIKE, ...settings });
    await model.create();
    return model.optimization!.trials;
  };
  // At a rate of 1e-8 no answer changes, so neither does the accuracy: its patience of one ends the trial.
  const still = { rate: 1e-8, metric: "f1Score", patience: 1 } as const;
  const [{ reports, values }] = await search({ ...still, metric: "loss", metric2: "accuracy", nIter: 1 });
  assertEquals(reports.length, 2);
  assertClose(values![0], 1 - (reports[0].values.loss + reports[1].values.loss) / 2, 1e-6);
  const pruner = { name: "threshold", lower: 2 }; // 1 − loss is below 2
  await assertRejects(() => search({ pruner }), Error, "none of 2 trials was completed");
});

Deno.test("settings of a search that would do nothing are refused before it", async () => {
  const refuse = (settings: ClassifierSettings, message: string) =>
    assertRejects(() => new Classifier(both(), { ...ALIKE, ...settings }).create(), RangeError, message);
  await refuse(
    { optMaxMinPix: 50 },
    "optMaxMinPix and optMaxMaxPix must come together: got optMaxMinPix alone",
  );
  await refuse({ numMasks: 2 }, "maskSize and numMasks must come together: got numMasks alone");
  await refuse({ blendMax: 1 }, "blendMax must be 0 or at least 1.1: got 1");
  await refuse({ imageSizeMax: 21 }, "must fit images of 20 × 20: got 16 and 21");
  await refuse({ testAccThreshold: 0.5 }, "testAccThreshold as there is no test set");
  await refuse({ metric: "validationLoss" }, 'watch "validationLoss" as there is no validation set');
  await refuse({ metric2: "validationF1Score" }, 'watch "validationF1Score" as there is no validation set');
  const misspelt = { metric: "val_loss" as "loss" };
  await refuse(misspelt, 'Cannot watch "val_loss" as it must be one of loss, accuracy');
});

Deno.test("plotPerformance() draws one number of all models, with the validation's", async () => {
  const model = new Classifier(both(), { ...quick, epochs: 2, optCv: 2 });
  await model.create();
  const drawn = model.plotPerformance("all", "f1Score") as unknown as {
    data: { values: { curve: string; epoch: number; value: number }[] };
  };
  const [first, second] = model.histories.map(({ epochs }) => epochs);
  const of = (curve: string) =>
    drawn.data.values.filter((row) => row.curve === curve).map(({ value }) => value);
  assertEquals(of("training, model 0"), first.map(({ f1Score }) => f1Score));
  assertEquals(of("validation, model 1"), second.map(({ validationF1Score }) => validationF1Score));
  assertThrows(() => model.plotPerformance(2), RangeError, "no history of model 2");
  model.dispose();
});

Deno.test("a Classifier draws its augmentation anew for every batch", async () => {
  // Images that are blotted out whole tell nothing: the answers to both classes stay the same.
  const blot = { op: "cutout", shape: "square", size: 2 * SIDE } as const;
  const spread = async (augmentation?: ClassifierSettings["augmentation"]) => {
    const model = new Classifier(both(), { ...quick, epochs: 5, augmentation });
    await model.create();
    const all = await Promise.all([true, false].map((isRing) => model.predict(images(3, isRing))));
    model.dispose();
    const means = all.map((of) => of.reduce((sum, { probability }) => sum + probability / 3, 0));
    return means[0] - means[1];
  };
  const [plain, blotted] = [await spread(), await spread([blot])];
  assert(plain > 0.1 && Math.abs(blotted) < plain / 2, `${plain} ${blotted}`);
});

Deno.test("percentiles are fitted to each fold's training images, and stretched where that is asked for", async () => {
  const settings = { ...quick, epochs: 1, percentiles: [2, 98], stretch: "asinh" } as const;
  const model = new Classifier(both(), settings);
  await model.create({ overwriteTraining: true });
  const { data } = model.positiveClass, { data: others } = model.negativeClass;
  const values = [...data, ...others];
  assertEquals([Math.min(...values), Math.max(...values)], [0, 1]);
  // Of both classes in both bands 2 % are clipped at either end.
  for (const limit of [0, 1]) {
    const share = values.filter((value) => value === limit).length / values.length;
    assertClose(share, 0.02, 2e-3);
  }
  model.dispose();
  const wrong = new Classifier(both(), { ...quick, percentiles: [98, 2] });
  await assertRejects(() => wrong.create(), RangeError, "must go upwards from 0 to 100: got 98 and 2");
});

Deno.test("copies of an image are never judged by each other, and classes are balanced", () => {
  const sides = { positive: sideOf(images(6, true), "p"), negative: sideOf(images(12, false), "n") };
  const copied = {
    ...sides,
    positive: augmentSide(sides.positive, { batch: 3, rotation: true }, createRng(1)),
  };
  const folds = [...foldsOf(copied, 2, 5)];
  assertEquals(folds.length, 2);
  for (const { train, test } of folds) {
    const origins = ({ positive }: typeof train) => new Set(positive.origins.flat());
    assertEquals([...origins(train)].filter((origin) => origins(test).has(origin)), []);
    assertEquals([train.positive.images.shape[0], test.negative.images.shape[0]], [9, 6]);
  }
  assertEquals(balanced(sides, createRng(1)).negative.images.shape[0], 6);
});

Deno.test("a Classifier warns of data that are not normalised and of classes that look swapped", async () => {
  const lines: string[] = [];
  const swapped = { positiveClass: images(8, true), negativeClass: images(4, false) };
  const model = new Classifier(swapped, {
    ...quick,
    ...{ normalize: false, epochs: 1, onWarning: (line) => lines.push(line) },
  });
  await model.create();
  assertEquals(lines.map((line) => /swapped|explode or vanish/.exec(line)?.[0]), [
    "swapped",
    "explode or vanish",
  ]);
  assert(JSON.stringify(model.plotTsne({ steps: 10 })).includes("t-SNE"));
  model.dispose();
});

Deno.test("wrong settings of a Classifier are refused in one line", async () => {
  const create = (settings: ClassifierSettings) =>
    new Classifier(both(), { ...quick, epochs: 1, ...settings }).create();
  await assertRejects(
    () => create({ maxPixel: [100] }),
    RangeError,
    "2 bands as maxPixel needs a number for each: got [100]",
  );
  await assertRejects(
    () => create({ clf: "lens_net" }),
    RangeError,
    'Cannot change the architecture of "lens_net"',
  );
  const few = { positiveClass: images(3, true), negativeClass: images(16, false) };
  await assertRejects(
    () => new Classifier(few, { ...quick, smoteSampling: 1 }).create(),
    RangeError,
    "more examples than the 5 neighbours: got 3",
  );
  await assertRejects(
    () => new Classifier(few, { ...quick, optCv: 4 }).create(),
    RangeError,
    "has 3 different examples",
  );
  assertThrows(
    () => new Classifier({ ...both(), valPositive: { data: new Float32Array(400), shape: [1, 20, 20, 1] } }),
    RangeError,
    "positive validation set as it must have 2 bands: got 1",
  );
});
