import { assert, assertClose, assertEquals, assertRejects } from "../../../assert.ts";
import { join } from "@std/path";
import { startEngine, tf } from "../../../../lib/engine/mod.ts";
import { cygno, cygnoEnergy } from "../../../../lib/experiments/cygno/experiment.ts";
import { type CygnoData, SIDE } from "../../../../lib/experiments/cygno/data.ts";
import { runExperiment } from "../../../../lib/run/run.ts";
import type { Experiment, LoadContext, LoadProgress, Options } from "../../../../lib/run/experiment.ts";
import { writeSet } from "../../../../lib/simulate/cygno_set.ts";

await startEngine();

/** A simulated set for all tests here, made once. */
const folder = await Deno.makeTempDir();
const set = join(folder, "set.zip");
await writeSet(set, { events: 60, energiesKeV: [4, 12, 30], seed: 5 });
addEventListener("unload", () => Deno.removeSync(folder, { recursive: true }));

type CygnoOptions = Options<typeof cygno.options>;

function options(changes: Partial<CygnoOptions> = {}): CygnoOptions {
  const values = Object.fromEntries(
    Object.entries(cygno.options).map(([name, spec]) => [name, "default" in spec ? spec.default : undefined]),
  );
  return { ...values, epochs: 1, batch: 16, seed: 1, data: set, ...changes } as CygnoOptions;
}

async function withData(
  changes: Partial<CygnoOptions>,
  body: (data: CygnoData) => void | Promise<void>,
  experiment = cygno,
) {
  const lines: string[] = [];
  const data = await experiment.load(options(changes), {
    dataFolder: folder,
    log: (line) => lines.push(line),
  });
  try {
    await body(data);
  } finally {
    data.dispose();
  }
  return lines;
}

Deno.test("cygno.load() splits a set in three without an event in two of them", async () => {
  await withData(
    { validation: 0.1, test: 20 },
    ({ splits, train, validation, test, measuredOn, clusters }) => {
      assertEquals([train.size, validation?.size, test.size, measuredOn], [34, 6, 20, "test"]);
      const names = Object.values(splits).flatMap(({ names }) => names);
      assertEquals(new Set(names).size, 60);
      const nuclear = splits.test.labels.reduce((sum, label) => sum + label, 0);
      assertEquals(nuclear, 10, "both kinds alike");
      assertEquals([clusters.test.length, clusters.train.length], [20, 34]);
    },
  );
});

Deno.test("cygno.load() streams a set beyond its memory, with the same examples", async () => {
  let held: number[] = [];
  await withData({ validation: 0 }, async ({ crops }) => {
    held = Array.from(await crops("train", [3, 1]));
  });
  const lines = await withData({ validation: 0, memory: 1 / 16 as never }, async ({ train, splits }) => {
    assert(train.kind === "stream");
    assertEquals([train.xShape, train.yShape], [[SIDE, SIDE, 1], [2]]);
    const { x, y } = await train.read(Uint32Array.of(3, 1));
    assertEquals(Array.from(x), held);
    const { labels, energies } = splits.train;
    assertClose(Array.from(y), [labels[3], energies[3] / 30, labels[1], energies[1] / 30]);
  });
  assert(lines.some((line) => line.includes("more than --memory")), lines.join("\n"));
});

Deno.test("cygno.settle() gives the course's recipe its own batch, epochs and validation, unless they were given", () => {
  const settled = cygno.settle!(
    options({ recipe: "course", batch: 32, epochs: 3 }),
    new Set(["recipe", "epochs"]),
  );
  assertEquals([settled.batch, settled.epochs, settled.validation], [10, 3, 50]);
  assertEquals(cygno.settle!(options(), new Set()), options());
});

Deno.test("cygno.recipe() prepares counts as the card says", () => {
  const counts = tf.tensor4d([60, 95, 130, 255], [1, 2, 2, 1]);
  const windowed = cygno.recipe(options({ recipe: "course" }), undefined as never).prepare!(counts, {
    training: false,
  });
  assertClose(windowed.dataSync(), [0, 0.5, 1, 1], 1e-6);
  const scaled = cygno.recipe(options(), undefined as never).prepare!(counts, { training: false });
  const step = cygno.card(options(), {} as CygnoData).preprocessing!.at(-1)!;
  assert(step.op === "scale");
  assertClose(scaled.dataSync(), [60, 95, 130, 255].map((v) => v * step.factor + step.offset!), 1e-6);
  tf.dispose([counts, windowed, scaled]);
});

Deno.test("cygno.evaluate() measures a perfect and a blind model as such", async () => {
  await withData({ test: 30 }, (data) => {
    const { labels, energies } = data.splits.test;
    const perfect = cygno.evaluate([labels, energies.map((keV) => keV / 30)], data, options());
    assertEquals([perfect.auc.value, perfect.auc_0to5keV.value, perfect.rejection90.value], [1, 1, 1]);
    assertClose([perfect.energyResolution.value, perfect.energyBias_15to35keV.value], [0, 0], 1e-6, "", 1);
    assert(perfect.auc.baseline!.value < 1 && perfect.energyResolution.baseline!.value > 0.1);
    assertEquals(perfect.auc.split, "test");
    const blind = cygno.evaluate([labels.map(() => 0.5), energies.map(() => 0.5)], data, options());
    assertEquals([blind.auc.value, blind.rejection90.value], [0.5, 0]);
    assertClose(blind.energyBias_15to35keV.value, -15, 1e-6);
  });
});

Deno.test("cygno.load() names a run that it cannot start from", async () => {
  await assertRejects(
    () => withData({ from: join(folder, "nowhere") }, () => {}),
    Error,
    "Cannot start from the run",
  );
});

/** Runs an experiment for an epoch in a folder of its own. */
async function run(experiment: Experiment, name: string, changes: Partial<CygnoOptions>) {
  const place = join(folder, name);
  return {
    place,
    ...await runExperiment(experiment, {
      folder: place,
      options: options(changes) as unknown as Options,
      dataFolder: folder,
      shards: 1,
    }),
  };
}

Deno.test("cygno trains from a zip to a card with both outputs, and its weights start the energy's", async () => {
  const { place, card, metrics, history } = await run(cygno as unknown as Experiment, "joint", { test: 20 });
  assertEquals(card!.outputs.map(({ name, kind }) => [name, kind]), [["nuclear", "probability"], [
    "energy",
    "value",
  ]]);
  assertEquals(history.firstLosses.length, Math.ceil(34 / 16));
  assert(Object.values(metrics!).every(({ baseline, n }) => baseline && n > 0));
  const plots = Array.from(Deno.readDirSync(join(place, "plots")), ({ name }) => name);
  for (
    const name of [
      "energies",
      "images",
      "first_epoch",
      "loss",
      "response",
      "response_by_energy",
      "roc",
      "worst_events",
      "predicted_energy",
    ]
  ) {
    assert(plots.includes(`${name}.svg`), `${name} of ${plots}`);
  }
  await withData({ from: place }, (data) => {
    const model = cygnoEnergy.build(options(), data);
    for (const layer of model.layers) {
      const donor = data.donors!.get(layer.name);
      if (donor) {
        assertEquals(
          layer.getWeights().map((w) => w.dataSync()),
          donor.map(({ values }) => values),
          layer.name,
        );
      }
    }
    assertEquals(model.outputs.length, 1);
    model.dispose();
  }, cygnoEnergy as unknown as typeof cygno);
});

Deno.test("cygno trains by the course's recipe, with no test split measured on the validation images", async () => {
  const { card, metrics } = await run(cygno as unknown as Experiment, "course", {
    recipe: "course",
    test: 0,
    validation: 20,
  });
  assertEquals(card!.outputs.map(({ name }) => name), ["nuclear"]);
  assertEquals(card!.preprocessing.at(-1), { op: "window", low: 60, high: 130 });
  assertEquals([metrics!.auc.split, metrics!.auc.n], ["validation", 20]);
});

Deno.test("cygno.load() simulates a set where none is given, once, and says how far it is", async () => {
  const seen: LoadProgress[] = [], lines: string[] = [];
  const context: LoadContext = {
    dataFolder: join(folder, "simulated"),
    log: (line) => lines.push(line),
    onProgress: (part) => seen.push(part),
  };
  for (let time = 0; time < 2; time++) {
    const data = await cygno.load(options({ data: undefined, events: 40 }), context);
    assertEquals(data.train.size + data.validation!.size + data.test.size, 40);
    data.dispose();
  }
  assertEquals(seen.map(({ done }) => done), Array.from({ length: 40 }, (_, i) => i + 1));
  assertEquals(seen.at(-1), { label: "simulating", done: 40, total: 40, unit: "events" });
  assertEquals(lines.filter((line) => line.startsWith("Simulating")).length, 1);
});
