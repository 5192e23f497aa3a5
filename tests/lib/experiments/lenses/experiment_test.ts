import { join } from "@std/path";
import { createRng } from "../../../../lib/base/rng.ts";
import { startEngine, tf } from "../../../../lib/engine/mod.ts";
import { type LensesData, onlineSteps } from "../../../../lib/experiments/lenses/data.ts";
import { lenses, lossOf } from "../../../../lib/experiments/lenses/experiment.ts";
import { layerSettings, NETWORKS } from "../../../../lib/experiments/lenses/networks.ts";
import { trainFold } from "../../../../lib/experiments/lenses/train_fold.ts";
import type { LensesOptions } from "../../../../lib/experiments/lenses/options.ts";
import {
  atPrior,
  centralBrightness,
  purityAt,
  skyCalibration,
} from "../../../../lib/experiments/lenses/report.ts";
import { parseCard } from "../../../../lib/card/card.ts";
import type { ProbabilityAnswer } from "../../../../lib/card/outputs/probability.ts";
import type { NdArray } from "../../../../lib/data/source.ts";
import { encodeFits } from "../../../../lib/io/fits.ts";
import { openFile } from "../../../../lib/io/formats.ts";
import { decodeNpy, encodeNpy } from "../../../../lib/io/npy.ts";
import { contactSheet, pictureOf } from "../../../../lib/run/contact_sheet.ts";
import { findExamples } from "../../../../lib/score/examples.ts";
import { rankArray } from "../../../../lib/score/rank.ts";
import type { Example } from "../../../../lib/score/raw_array.ts";
import { createScorer } from "../../../../lib/score/scorer.ts";
import { runExperiment } from "../../../../lib/run/run.ts";
import { optionsFor } from "../../../../lib/run/options_for.ts";
import { experimentObjective } from "../../../../lib/run/search_trial.ts";
import { search } from "../../../../lib/search/mod.ts";
import type { JointLoss, Loss } from "../../../../lib/train/mod.ts";
import { assert, assertClose, assertEquals, assertRejects, assertThrows } from "../../../assert.ts";
import { withFolder } from "../../../folder.ts";

await startEngine();

const SIDE = 24, BANDS = 5;
/** Ten rings and forty blobs in five bands, made once. */
const folder = await Deno.makeTempDir();
addEventListener("unload", () => Deno.removeSync(folder, { recursive: true }));

function cutouts(count: number, profile: (radius: number) => number) {
  const data = Float32Array.from({ length: count * SIDE * SIDE * BANDS }, (_, i) => {
    const at = Math.floor(i / BANDS) % (SIDE * SIDE), image = Math.floor(i / BANDS / SIDE / SIDE);
    const radius = Math.hypot(Math.floor(at / SIDE) - 11.5, at % SIDE - 11.5);
    return profile(radius) * (20 + image % 7 + i % BANDS) + Math.sin(i * 12.9898) ** 3;
  });
  return { data, shape: [count, SIDE, SIDE, BANDS] };
}
await Deno.writeFile(
  join(folder, "lenses.npy"),
  encodeNpy(cutouts(10, (r) => Math.exp(-((r - 5) ** 2)) + Math.exp(-r))),
);
await Deno.writeFile(join(folder, "other.npy"), encodeNpy(cutouts(40, (r) => Math.exp(-r))));

function options(changes: Partial<LensesOptions> = {}): LensesOptions {
  const values = Object.fromEntries(
    Object.entries(lenses.options).map((
      [name, spec],
    ) => [name, "default" in spec ? spec.default : undefined]),
  );
  const small = { crop: 16, shift: 2, maskSize: 2, numMasks: 1, copies: 4 };
  return { ...values, epochs: 1, batch: 16, seed: 1, data: folder, ...small, ...changes } as LensesOptions;
}

async function load(changes: Partial<LensesOptions> = {}): Promise<LensesData & { lines: string[] }> {
  const lines: string[] = [];
  const data = await lenses.load(options(changes), { dataFolder: folder, log: (line) => lines.push(line) });
  return { ...data, lines };
}

Deno.test("lenses.load() splits by lens, crops, and repeats lenses where copies are drawn anew", async () => {
  const { train, test, split, trainedPrior, bands, lines } = await load();
  assertEquals([train.size, test.size, bands], [8 * 4 + 32, 10, BANDS]);
  assertEquals([train.inputs.image.shape, test.inputs.image.shape], [[SIDE, SIDE, BANDS], [16, 16, BANDS]]);
  assertEquals(split.train.length, 40);
  assertEquals(trainedPrior, 0.5);
  assert(lines.some((line) => line.includes("10 lenses of 24 × 24 pixels and 5 bands")), lines.join("\n"));
});

Deno.test("lenses.load() makes the document's copies of the training side alone", async () => {
  const { train, test, crops, split } = await load({
    augmentation: "document",
    rotation: false,
    numMasks: 0,
  });
  assertEquals([train.size, test.size], [8 * 4 + 32, 10]);
  // Others are cropped and nothing else: the very crops of their rows.
  const others = split.train.filter((row) => row >= 10);
  const { inputs, targets } = await train.read(Uint32Array.of(31, 32));
  assertEquals([...targets.lens.data], [1, 0]);
  const size = 16 * 16 * BANDS, from = others[0] * size;
  assertEquals([...inputs.image.data.subarray(size)], [...crops.data.subarray(from, from + size)]);
});

Deno.test("lenses.load() oversamples normalised lenses by SMOTE", async () => {
  const { train, steps, trainedPrior } = await load({ augmentation: "none", smote: 1 });
  assertEquals([train.size, train.inputs.image.applied, trainedPrior], [64, steps.length, 0.5]);
  const { inputs } = await train.read(Uint32Array.from({ length: 64 }, (_, i) => i));
  assert(inputs.image.data.every((value) => value >= 0 && value <= 1));
});

Deno.test("lenses.load() refuses options that do not fit, in one line", async () => {
  await assertRejects(() => load({ crop: 30 }), RangeError, "as the smallest has 24 × 24: lower --crop");
  await assertRejects(() => load({ maxPixel: "100" }), RangeError, "--max-pixel needs a number for each");
  await assertRejects(() => load({ fold: 5 }), RangeError, "fold 5 as there are 5, from 0");
  await assertRejects(() => load({ smote: 1 }), RangeError, "by SMOTE what is drawn anew");
  await assertRejects(() => load({ blend: 2 }), RangeError, "--augmentation online");
  await assertRejects(() => load({ patience: 2 }), RangeError, "give --validation");
  await assertRejects(
    () => load({ augmentation: "document", numMasks: 1, maskSize: 9 }),
    RangeError,
  );
  const { lines } = await load({ normalize: false });
  assert(lines.some((line) => line.includes("explode or vanish")), lines.join("\n"));
});

Deno.test("lenses.load() shrinks, adds the residual of colour, and never parts copies for a search", async () => {
  const { train, test, steps, inputShape, folds, split } = await load({ shrink: 2, residual: true });
  assertEquals(steps.map(({ op }) => op), ["cropCenter", "resize", "colorResidual", "asinh", "bandLimits"]);
  assertEquals(inputShape, [8, 8, BANDS + 1]);
  assertEquals([train.inputs.image.shape, test.inputs.image.shape], [[12, 12, BANDS], [16, 16, BANDS]]);
  const parts = folds!(2, createRng(1)); // of 8 lenses four times over and 32 others
  for (const { train, validation } of parts) {
    assertEquals([train.size, validation.size], [4 * 4 + 16, 4 + 16]);
    assertEquals([train.inputs.image.shape, validation.inputs.image.shape], [[12, 12, BANDS], [
      16,
      16,
      BANDS,
    ]]);
    const { targets } = await validation.read(Uint32Array.from({ length: validation.size }, (_, i) => i));
    assertEquals(Array.from(targets.lens.data, Number).reduce((sum, label) => sum + label, 0), 4);
  }
  const document = await load({ augmentation: "document", blend: 1 }); // blends join their lenses
  assertEquals(split.train.length, document.split.train.length);
  assertThrows(() => document.folds!(5, createRng(1)), RangeError, "Cannot cut class 1 into 5 folds");
  const tiny = { inputShape: [8, 8, 3], seed: 1 };
  assertThrows(() => NETWORKS.lens_net(tiny), RangeError, "of less than 16 pixels: got 8 × 8");
  await assertRejects(() => load({ shrink: 3 }), RangeError, "16 pixels 3 times as the side must divide");
});

Deno.test("lenses.load() says that cutouts of one band have no residual of colour, and goes on", () =>
  withFolder(async (place) => {
    for (const [file, count] of [["lenses.npy", 6], ["other.npy", 12]] as const) {
      const data = Float32Array.from({ length: count * 400 }, (_, i) => Math.sin(i * 12.9898));
      await Deno.writeFile(join(place, file), encodeNpy({ data, shape: [count, 20, 20] }));
    }
    const { inputShape, steps, lines } = await load({ data: place, residual: true });
    assertEquals([inputShape, steps.map(({ op }) => op)], [[16, 16, 1], [
      "cropCenter",
      "asinh",
      "bandLimits",
    ]]);
    assert(lines.includes("There is one band only: no residual of colour is added"), lines.join("\n"));
  }));

Deno.test("lenses gives its own network its own crop, unless told otherwise", () => {
  const given = new Set(["crop"]), own = lenses.resolveOptions!(options({ crop: 67 }), given);
  assertEquals([own.crop, own.shrink, own.residual, own.numMasks], [67, 2, true, 0]);
  const alexnet = options({ model: "alexnet" });
  assertEquals(lenses.resolveOptions!(alexnet, new Set()), { ...alexnet, rate: 1e-4 });
  assertEquals(lenses.resolveOptions!(alexnet, new Set(["rate"])), alexnet);
});

Deno.test("a run learns rings from blobs, online, and is served as it was trained", async () => {
  const out = join(folder, "run");
  const result = await runExperiment(lenses, {
    folder: out,
    options: options({ epochs: 12, rotation: false, residual: true }),
    dataFolder: folder,
  });
  const { auc, expectedLensRatio } = result.metrics!;
  assertEquals([auc.value, auc.n], [1, 10]);
  assert(Number.isFinite(expectedLensRatio.value));
  assertEquals(result.card!.inputs[0].kind, "bands");
  for (const plot of ["completeness_purity", "sky_reliability"]) {
    assert((await Deno.stat(join(out, "plots", `${plot}.svg`))).isFile, plot);
  }

  const scorer = await createScorer({
    card: parseCard(JSON.parse(await Deno.readTextFile(join(out, "model.json")))),
    onnx: await Deno.readFile(join(out, "model.onnx")),
  });
  const path = join(folder, "other.npy"), npy = await Deno.readFile(path);
  const { data, shape: [count] } = decodeNpy(npy) as NdArray<Float32Array>;
  const planes = Float32Array.from(data, (_, i) => {
    const image = Math.floor(i / (SIDE * SIDE * BANDS)), within = i % (SIDE * SIDE * BANDS);
    const band = Math.floor(within / (SIDE * SIDE)), pixel = within % (SIDE * SIDE);
    return data[(image * SIDE * SIDE + pixel) * BANDS + band];
  });
  const fits = encodeFits([{ data: planes, shape: [count, BANDS, SIDE, SIDE] }]);
  const [fromNpy, fromFits] = await Promise.all([npy, fits].map(async (bytes) => {
    const found = await findExamples(bytes, { inputs: scorer.card.inputs });
    const results = await scorer.score(found.map((one) => (one as { arrays: Example }).arrays));
    return results.map(({ answers }) => (answers.lens as ProbabilityAnswer).probabilities.lens);
  }));
  assertEquals(fromFits, fromNpy);

  const file = await openFile(path);
  const ranking = await rankArray(scorer, file.arrays[0], { batch: 7 });
  assertEquals([ranking.scores, ranking.failed, ranking.of], [Float32Array.from(fromNpy), 0, "lens: lens"]);
  const sorted = [...fromNpy].sort((a, b) => b - a);
  assertEquals(Array.from(ranking.order, (row) => fromNpy[row]), sorted);
  assert(
    JSON.stringify(await contactSheet(file.arrays[0], ranking, { count: 3 })).includes("data:image/png"),
  );
  await assertRejects(
    () => rankArray(scorer, file.arrays[0], { label: "comet" }),
    TypeError,
    "its labels are other, lens",
  );
  const holed = {
    ...file.arrays[0],
    read: async (rows?: readonly [number, number]) => {
      const read = await file.arrays[0].read(rows);
      return { ...read, data: rows?.[0] === 0 ? (read.data as Float32Array).with(5, NaN) : read.data };
    },
  };
  const { scores, order, failed, reason } = await rankArray(scorer, holed);
  assertEquals([scores[0], order.length, failed], [NaN, count - 1, 1]);
  assert(reason!.startsWith("example 0: "), reason);
  file.close();
  await scorer.close();
});

Deno.test("layerSettings() sets layers of the document's networks, and refuses them of others in one line", () => {
  const inputShape = [16, 16, 3];
  const sizes = (text: string) => {
    const settings = layerSettings("custom_cnn", { stages: text, pooling: "min", activation: "elu" });
    const model = NETWORKS.custom_cnn({ inputShape, seed: 1, ...settings });
    const shapes = model.layers.flatMap((layer) =>
      layer.getClassName() === "Conv2D" ? [layer.outputShape] : []
    );
    const pools = model.layers.filter((layer) => layer.getClassName() === "MinPooling2D").length;
    model.dispose();
    return [shapes, pools];
  };
  assertEquals(sizes("4x5,6x3/2"), [[[null, 16, 16, 4], [null, 3, 3, 6]], 2]);
  const { stages } = layerSettings("alexnet", { stages: "2x5/2,3x3,4x3,5x3,6x3" });
  assertEquals(
    stages!.map(({ filters, kernel, strides, poolStrides }) => [filters, kernel, strides, poolStrides]),
    [
      ...[[2, 5, 2, 2], [3, 3, 1, 2], [4, 3, 1, undefined], [5, 3, 1, undefined], [6, 3, 1, 2]],
    ],
  );
  for (
    const [model, options, said] of [
      ["lens_net", { pooling: "max" }, 'Cannot set --pooling of "lens_net"'],
      ["alexnet", { stages: "4x5" }, '"alexnet" as --stages must have its 5 convolutions: got 1'],
      ["pybia_resnet18", { stages: "4x5" }, "only alexnet, vgg16, custom_cnn have them"],
      ["custom_cnn", { stages: "4x5,x3" }, 'got "x3"'],
    ] as const
  ) {
    assertThrows(() => layerSettings(model, options), RangeError, said);
    assertThrows(() => optionsFor(lenses, { model, ...options }), RangeError, said);
  }
  const { rate } = lenses.resolveOptions!(optionsFor(lenses, { model: "resnet18" }), new Set());
  assertEquals([rate, optionsFor(lenses, { model: "vgg16" }).rate], [1e-2, 1e-4]);
});

Deno.test("every network takes five bands and gives one probability", () => {
  for (const [name, build] of Object.entries(NETWORKS)) {
    if (name === "vgg16" || name === "alexnet") continue; // 100 MB of weights each; tests of lib/models build them
    const model = build({ inputShape: [32, 32, BANDS], seed: 1 });
    assertEquals([model.outputNames, model.outputs[0].shape], [["lens"], [null, 1]], name);
    model.dispose();
  }
});

Deno.test("every loss by name trains on the sigmoid", async () => {
  const { loss: { choices } } = lenses.options;
  const output = tf.tensor2d([[0.2], [0.9]]), targets = tf.tensor1d([1, 0]);
  for (const loss of choices) {
    const made = lossOf({ loss, weight: 2 }) as JointLoss | Loss;
    const value = "together" in made
      ? made.together({ lens: targets }, { lens: output }, {}) as tf.Tensor
      : made.perExample(targets, output, { logits: false });
    assert((await value.data()).every((x) => x > 0.05 && Number.isFinite(x)), loss);
  }
});

// By hand: even odds of a set with as many lenses as others become odds of 1 to 999.
Deno.test("atPrior() and purityAt() at a sky's share of lenses", () => {
  assertClose(atPrior(0.5, 0.5, 1e-3), 1e-3);
  assertClose(atPrior(0.3, 0.2, 0.2), 0.3);
  assertClose(purityAt(1e-3, 0.5, 0.01), 5e-4 / (5e-4 + 9.99e-3));
});

// By hand: 20 examples in two bins of ten; of 4 lenses the upper one has 3, and 7 of 16 others. In a sky of one in a hundred a
// lens weighs 0.01 / 0.2, another 0.99 / 0.8, so that the upper share is 3 · 0.05 / (3 · 0.05 + 7 · 1.2375).
Deno.test("skyCalibration() takes shares of lenses and their intervals to another sky", () => {
  const labels = new Float32Array(20),
    probabilities = Float32Array.from(labels, (_, i) => i < 10 ? 0.001 : 0.02);
  for (const lens of [4, 12, 15, 19]) labels[lens] = 1;
  const [lower, upper] = skyCalibration(probabilities, labels, 0.01);
  assertEquals([lower.lenses, lower.others, upper.lenses, upper.others], [1, 9, 3, 7]);
  assertClose([lower.predicted, upper.predicted], [0.001, 0.02], 1e-6);
  assertClose(lower.observed, 0.05 / (0.05 + 9 * 1.2375), 1e-9);
  assertClose(upper.observed, 0.15 / (0.15 + 7 * 1.2375), 1e-9);
  // SciPy's beta.ppf(0.025, 3, 8) and beta.ppf(0.975, 4, 7): the exact interval of 3 of 10.
  const odds = (share: number) => share / (1 - share) * (0.01 / 0.99) / (0.2 / 0.8);
  for (const [end, share] of [[upper.low, 0.06673951], [upper.high, 0.65245285]]) {
    assertClose(end, odds(share) / (1 + odds(share)), 1e-7);
  }
});

Deno.test("centralBrightness() is the mean of the middle, pictureOf() spans median − 3 to + 10 MAD", () => {
  const data = new Float32Array(9 * 9 * 2).fill(0);
  data[2 * 40] = 29; // 29 pixels lie within 3 of the middle
  assertClose(centralBrightness({ data, shape: [1, 9, 9, 2] }, [0]), [29 / 58]);
  // Half 0, half 2: median 1, MAD 1, so 0 lies at 2 / 13 of −2 … 11.
  const values = Float32Array.from({ length: 100 }, (_, i) => i % 2 * 2);
  const { data: shades } = pictureOf({ data: values, shape: [1, 10, 10, 1] }, 0);
  assertClose(Float32Array.from([shades[0], shades[1]]), [2 / 13, 4 / 13]);
});

Deno.test("--more-steps are drawn after the others, labels with them, and refused by name", async () => {
  const moreSteps = JSON.stringify([
    ...[{ op: "noise", law: "gaussian", sigma: [0, 1] }, { op: "blur", sigma: [0, 1] }, {
      op: "elastic",
      amplitude: 1,
      sigma: 4,
    }],
    ...[{ op: "channelDropout" }, { op: "mixup" }, { op: "cutmix" }, { op: "blend" }],
  ]);
  const wanted = options({ moreSteps, folds: 2, copies: 1 });
  assertEquals(onlineSteps(wanted).map(({ op }) => op).slice(-8), [
    ...["cutout", "noise", "blur", "elastic", "channelDropout", "mixup", "cutmix", "blend"],
  ]);
  const { model, scores } = await trainFold(wanted, { dataFolder: folder, log: () => {} });
  assert(scores.every((p) => p > 0 && p < 1));
  model.dispose();
  assertThrows(
    () => optionsFor(lenses, { moreSteps: "[{" }),
    SyntaxError,
    "Cannot read --more-steps as it must be JSON",
  );
  assertThrows(() => optionsFor(lenses, { moreSteps: '[{"op":"mixu"}]' }), TypeError, '(nearest: "mixup")');
  await assertRejects(
    () => load({ moreSteps, augmentation: "none" }),
    RangeError,
    "--more-steps with --augmentation none",
  );
});

Deno.test("onlineSteps() leaves out what is off", () => {
  const off = { shift: 0, flip: false, rotation: false, zoom: 0, skew: 0, numMasks: 0 };
  assertEquals(onlineSteps(options(off)), [{ op: "centerCrop", size: 16 }]);
  const all = onlineSteps(options({ skew: 5 }));
  const ops = all.map(({ op }) => op);
  assertEquals(ops, ["shift", "flip", "rotate", "zoom", "skew", "centerCrop", "cutout"]);
  // to either side, so that half a turn is every angle
  assertEquals(all.slice(1, 3), [
    { op: "flip", horizontal: true, vertical: true },
    { op: "rotate", degrees: 180, fill: "nearest" },
  ]);
  assertEquals(all[4], { op: "skew", degrees: 5, fill: "nearest" });
});

Deno.test("trainFold() scores the examples of its fold, and says nothing where it was stopped", async () => {
  const wanted = options({ epochs: 1, folds: 2, copies: 1 }), stop = new AbortController();
  const context = { dataFolder: folder, log: () => {}, signal: stop.signal };
  const { model, data, scores } = await trainFold(wanted, context);
  assertEquals([scores.length, data.split.test.length], [25, 25]);
  assert(scores.every((p) => p > 0 && p < 1));
  model.dispose();
  stop.abort(new Error("enough"));
  await assertRejects(() => trainFold(wanted, context), Error, "enough");
});

Deno.test("a search judges lenses by folds that no copy crosses, cropped and not augmented", async () => {
  using trials = experimentObjective(lenses, {
    options: options({ residual: true }),
    folds: 2,
    dataFolder: folder,
  });
  const space = { rate: [1e-2], skew: [0, 5], numMasks: [1] };
  const { trials: ended } = await search(space, trials.objective, {
    trials: 2,
    objectives: ["validationLoss"],
  });
  for (const { values, attempts } of ended) {
    assert(values?.every(Number.isFinite), JSON.stringify(attempts.at(-1)?.failure));
  }
});
