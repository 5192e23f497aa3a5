import { join } from "@std/path";
import { startEngine, tf } from "../../../../lib/engine/mod.ts";
import {
  superNemo3d,
  superNemoCombined,
  superNemoFront,
  superNemoPoints,
  superNemoSide,
  superNemoTop,
} from "../../../../lib/experiments/supernemo/experiment.ts";
import { classesOf } from "../../../../lib/experiments/supernemo/counts.ts";
import { guessByHitCount, learnHitCounts } from "../../../../lib/experiments/supernemo/hit_count.ts";
import { readSuperNemo } from "../../../../lib/data/supernemo.ts";
import { openHdf5 } from "../../../../lib/io/hdf5.ts";
import type { Options } from "../../../../lib/run/experiment.ts";
import { fineTune } from "../../../../lib/run/fine_tune.ts";
import { runExperiment } from "../../../../lib/run/run.ts";
import { createUnit } from "../../../../lib/score/compute.ts";
import { findExamples } from "../../../../lib/score/examples.ts";
import { writeSuperNemo } from "../../../../lib/simulate/supernemo/set.ts";
import { assert, assertEquals, assertRejects } from "../../../assert.ts";

await startEngine();

const folder = await Deno.makeTempDir();
addEventListener("unload", () => Deno.removeSync(folder, { recursive: true }));

type Counting = Options<typeof superNemoTop.options>;

function options(changes: Partial<Counting> = {}): Counting {
  const values = Object.fromEntries(
    Object.entries(superNemoTop.options).map(([name, spec]) => [name, "default" in spec ? spec.default : []]),
  );
  return { ...values, epochs: 1, batch: 32, seed: 1, ...changes } as Counting;
}

const context = { dataFolder: folder, log: () => {} };

Deno.test("supernemo-top simulates events once, trains, and serves as trained", async () => {
  const run = join(folder, "run"), lines: string[] = [];
  const result = await runExperiment(superNemoTop, {
    folder: run,
    options: options({ events: 160, testEvents: 80 }),
    dataFolder: folder,
    log: (line) => lines.push(line),
  });
  const { accuracy, recallOf4 } = result.metrics!;
  assertEquals([accuracy.n, recallOf4.n, accuracy.split], [80, 20, "test"]);
  assert(
    accuracy.baseline!.value > 0.3 && accuracy.baseline!.value < 0.9,
    "the number of hits says something",
  );
  assertEquals(result.card!.outputs[0].kind, "classes");
  assert(lines.some((line) => line.startsWith("Served as trained: 16 raw test examples")), lines.join("\n"));
  const plots = Array.from(Deno.readDirSync(join(run, "plots")), ({ name }) => name);
  for (const name of ["events", "confusion", "bad_events"]) {
    assert(plots.some((plot) => plot.startsWith(name)), `${name} among ${plots}`);
  }
  const file = join(folder, "supernemo", "document_1234_20_seed2", "my_generator_t1_0.h5");
  const found = await findExamples(await Deno.readFile(file), { inputs: result.card!.inputs });
  const onnx = await Deno.readFile(join(run, "model.onnx"));
  const unit = createUnit();
  await unit.load("m", { card: result.card!, onnx });
  const items = found.map((one) => ({ arrays: "arrays" in one ? one.arrays : {}, view: true }));
  const { results: [scored] } = await unit.run("m", items.slice(0, 1));
  assert("answers" in scored && scored.hits, JSON.stringify(scored));
  assertEquals(found.length, 20);
  assertEquals(scored.hits.side.length, scored.view![0].reduce((sum, pixel) => sum + pixel, 0));
  await unit.close();
  const again: string[] = [];
  const data = await superNemoTop.load(options({ events: 160, testEvents: 80 }), {
    ...context,
    log: (line) => again.push(line),
  });
  assert(!again.some((line) => line.startsWith("Simulating")), again.join("\n"));
  data.dispose();
});

Deno.test("supernemo-front learns of files with sides apart and hits filtered, and measures on others", async () => {
  const files = join(folder, "hard");
  await writeSuperNemo(files, { law: "detector", tracks: [1, 2], events: 40 }, { seed: 5, workers: 1 });
  const given = {
    data: [join(files, "*.h5")],
    sides: "apart",
    isolated: "drop",
    missingHeight: "nearest",
  } as const;
  const data = await superNemoFront.load(options({ ...given, data: [...given.data] }), context);
  assertEquals([data.train.size, data.validation?.size, data.test.size], [60, 8, 12]);
  assertEquals(data.train.inputs.image.shape, [30, 9, 2]);
  const model = superNemoFront.build(options({ sides: "apart" }), data) as tf.LayersModel;
  assertEquals(model.inputs[0].shape, [null, 30, 9, 2]);
  const other = await superNemoFront.load(
    options({ data: [...given.data], testData: [join(files, "*_t2_0.h5")] }),
    context,
  );
  assertEquals([other.train.size, other.test.size], [72, 40]);
  assert(data.fingerprint !== other.fingerprint);
});

Deno.test("supernemo experiments refuse events of more tracks than they tell apart", async () => {
  const files = join(folder, "five");
  await writeSuperNemo(files, { law: "document", tracks: [5], events: 40 }, { seed: 5, workers: 1 });
  const load = () => superNemoTop.load(options({ data: [join(files, "*.h5")] }), context);
  await assertRejects(load, RangeError, "must have 1 to 4 tracks: got 5");
});

Deno.test("supernemo-top --count segments counts a kinked track twice", async () => {
  const files = join(folder, "kinked");
  const settings = { law: "detector", tracks: [2, 4], events: 60 } as const;
  const { files: paths } = await writeSuperNemo(files, settings, { seed: 6, workers: 1 });
  const events = await readSuperNemo(paths), rows = Uint32Array.from({ length: 120 }, (_, i) => i);
  const labels = classesOf({ events, rows }, "segments");
  const byHand: number[] = [];
  for (const [index, path] of paths.entries()) {
    await using file = await openHdf5(path);
    const read = async (name: string) => Array.from((await file.read(name)).data, Number);
    const layers = await read("truth/kink_layer"), offsets = await read("track_offsets");
    for (let event = 0; event < 60; event++) {
      const kinks = layers.slice(offsets[event], offsets[event + 1]).filter((layer) => layer !== -1);
      byHand.push([2, 4][index] + kinks.length - 1);
    }
  }
  assertEquals([...labels], byHand);
  assert(new Set(labels).size > 3, `${[...new Set(labels)]}`);
  const run = join(folder, "segments");
  const result = await runExperiment(superNemoTop, {
    folder: run,
    options: options({ data: paths, count: "segments" }),
    dataFolder: folder,
    log: () => {},
  });
  const [output] = result.card!.outputs;
  assertEquals([output.name, "labels" in output && output.labels.at(-1)], ["segments", "8 segments"]);
  const straight = join(folder, "straight");
  await writeSuperNemo(straight, { law: "document", tracks: [2], events: 40 }, { seed: 6, workers: 1 });
  await assertRejects(
    () => superNemoTop.load(options({ count: "segments", data: [join(straight, "*.h5")] }), context),
    TypeError,
    "Cannot count segments as the files do not say which tracks are kinked",
  );
  const unwritten = { ...context, dataFolder: join(folder, "nowhere") };
  await assertRejects(
    () => superNemoTop.load(options({ count: "segments" }), unwritten),
    RangeError,
    "Cannot count segments of --generator document",
  );
  assertEquals(await Deno.stat(unwritten.dataFolder).catch(() => "nothing"), "nothing");
  const { generator } = superNemoTop.resolveOptions!(options({ count: "segments" }), new Set());
  assertEquals(generator, "hard");
});

Deno.test("the published networks train as published unless told otherwise", () => {
  const resolve = superNemoTop.resolveOptions!;
  const { batch, epochs } = resolve(options({ model: "document" }), new Set());
  assertEquals([batch, epochs], [1024, 8]);
  assertEquals(resolve(options({ model: "document" }), new Set(["epochs"])).epochs, 1);
  assertEquals(resolve(options(), new Set()).batch, 32);
});

Deno.test("learnHitCounts() takes the most frequent class, and the next smaller number's where there is none", () => {
  const guess = learnHitCounts([2, 2, 2, 5, 5, 5], [0, 0, 1, 1, 1, 0], 2);
  assertEquals([...guessByHitCount(guess, [0, 2, 3, 5, 99])], [0, 0, 0, 1, 1]);
});

for (const experiment of [superNemo3d, superNemoPoints]) {
  Deno.test(`${experiment.name} trains, and serves as trained`, async () => {
    const lines: string[] = [];
    const { metrics } = await runExperiment(experiment as typeof superNemo3d, {
      folder: join(folder, experiment.name),
      options: { ...options({ events: 160, testEvents: 80 }), ...{ hits: 32 } },
      dataFolder: folder,
      log: (line) => lines.push(line),
    });
    assertEquals(metrics!.accuracy.n, 80);
    assert(lines.some((line) => line.startsWith("Served as trained")), lines.join("\n"));
    const plots = Array.from(Deno.readDirSync(join(folder, experiment.name, "plots")), ({ name }) => name);
    for (const name of ["events.svg", "bad_events.svg"]) {
      assert(plots.includes(name), `${name} among ${plots}`);
    }
  });
}

Deno.test("supernemo-combined takes over a view's network, keeps it frozen, and serves as trained", async () => {
  const settings = { options: options({ events: 160, testEvents: 80 }), dataFolder: folder };
  const from = join(folder, "front");
  await runExperiment(superNemoFront, { ...settings, folder: from });
  const kernels: Float32Array[] = [], lines: string[] = [];
  const { metrics, folder: run } = await runExperiment(superNemoCombined, {
    ...settings,
    folder: join(folder, "combined"),
    log: (line) => lines.push(line),
    prepareModels: async (models) => {
      await fineTune(models, { from: `front_=${from}`, freeze: ["front_*"] });
      const [kernel] = Object.values(models)[0].getLayer("front_conv1").getWeights();
      kernels.push(kernel.dataSync<"float32">().slice());
    },
  });
  assertEquals(metrics!.accuracy.n, 80);
  assert(lines.some((line) => line.startsWith("Served as trained")), lines.join("\n"));
  const small = superNemoFront.build(options(), {} as never) as tf.LayersModel;
  await fineTune({ model: small }, { from });
  assertEquals(small.getLayer("conv1").getWeights()[0].dataSync(), kernels[0]);
  const trained = superNemoCombined.build(options(), {} as never) as tf.LayersModel;
  await fineTune({ model: trained }, { from: run });
  assertEquals(trained.getLayer("front_conv1").getWeights()[0].dataSync(), kernels[0]);
});

for (
  const [view, experiment] of Object.entries({
    top: superNemoTop,
    side: superNemoSide,
    front: superNemoFront,
  })
) {
  Deno.test(`supernemo-${view} builds capsules, whose lengths are in 0 to 1`, () => {
    const model = experiment.build(options({ model: "capsnet" }), {} as never) as tf.LayersModel;
    const x = tf.ones([1, ...model.inputs[0].shape.slice(1) as number[]]);
    const lengths = (model.predict(x) as tf.Tensor).dataSync();
    assertEquals(lengths.length, 4);
    assert(lengths.every((length) => length > 0 && length < 1), lengths.join());
    model.dispose();
  });
}

Deno.test("supernemo-front trains capsules, and serves as trained", async () => {
  const lines: string[] = [];
  const { metrics } = await runExperiment(superNemoFront, {
    folder: join(folder, "capsules"),
    options: options({ events: 160, testEvents: 80, model: "capsnet" }),
    dataFolder: folder,
    log: (line) => lines.push(line),
  });
  assertEquals(metrics!.accuracy.n, 80);
  assert(lines.some((line) => line.startsWith("Served as trained")), lines.join("\n"));
});
