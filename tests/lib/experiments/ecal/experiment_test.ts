import { join } from "@std/path";
import { type CardMetric, parseCard } from "../../../../lib/card/card.ts";
import { ECAL_SHAPE } from "../../../../lib/data/ecal.ts";
import { startEngine, tf } from "../../../../lib/engine/mod.ts";
import type { EcalData } from "../../../../lib/experiments/ecal/data.ts";
import { ecal } from "../../../../lib/experiments/ecal/experiment.ts";
import { buildNetwork, NETWORKS, stepsFor } from "../../../../lib/experiments/ecal/networks.ts";
import { preprocess, primitiveOps } from "../../../../lib/image/preprocessing/mod.ts";
import { encodeHdf5 } from "../../../../lib/io/hdf5_write.ts";
import { encodeNpy } from "../../../../lib/io/npy.ts";
import type { LoadContext, Options } from "../../../../lib/run/experiment.ts";
import { runExperiment } from "../../../../lib/run/run.ts";
import { readRecord, type RunRecord } from "../../../../lib/run/run_folder.ts";
import { writeEcal } from "../../../../lib/simulate/ecal/set.ts";
import type { Blobs } from "../../../../lib/store/blobs.ts";
import type { Schedule } from "../../../../lib/train/mod.ts";
import { preprocessTensor } from "../../../../lib/train/preprocess_tensor.ts";
import { assert, assertClose, assertEquals, assertRejects, assertThrows } from "../../../assert.ts";
import { memoryStore, post, withHost } from "../../serve/_service.ts";

await startEngine();

/** A simulated pair for all tests here, made once. */
const folder = await Deno.makeTempDir();
await writeEcal(folder, { events: 60 }, { seed: 3, workers: 1 });
addEventListener("unload", () => Deno.removeSync(folder, { recursive: true }));

type EcalOptions = Options<typeof ecal.options>;

function options(changes: Partial<EcalOptions> = {}): EcalOptions {
  const values = Object.fromEntries(
    Object.entries(ecal.options).map(([name, spec]) => [name, "default" in spec ? spec.default : undefined]),
  );
  return { ...values, epochs: 1, batch: 16, seed: 1, data: [folder], ...changes } as EcalOptions;
}

async function withData(changes: Partial<EcalOptions>, body: (data: EcalData) => void | Promise<void>) {
  const lines: string[] = [], context: LoadContext = { dataFolder: folder, log: (line) => lines.push(line) };
  const data = await ecal.load(options(changes), context);
  try {
    await body(data);
  } finally {
    data.dispose();
  }
  return lines;
}

Deno.test("ecal.load() splits as the document does, photons first, no image in two parts", async () => {
  const lines = await withData({ test: 5 }, ({ parts, truths, shapes }) => {
    const { train, validation, test } = parts;
    assertEquals([train, validation, test].map(({ images }) => images.length), [76, 22, 10]);
    assertEquals([...test.labels], [0, 0, 0, 0, 0, 1, 1, 1, 1, 1]);
    const rows = [train, validation, test].flatMap((part) => [...part.rows]);
    assertEquals(new Set(rows).size, rows.length);
    assertEquals([truths!.convertedAt.length, shapes.test.length, shapes.train.length], [10, 10, 76]);
    assert(truths!.convertedAt.subarray(5).every((metres) => metres === 0), "electrons convert");
  });
  assert(lines[0].startsWith("60 photons and 60 electrons in "), lines[0]);
});

Deno.test("ecal.load() has another fingerprint for other images, and refuses an empty folder", async () => {
  const prints: string[] = [];
  for (const test of [5, 5, 6]) await withData({ test }, ({ fingerprint }) => void prints.push(fingerprint));
  assertEquals(prints[0], prints[1]);
  assert(prints[0] !== prints[2]);
  const empty = await Deno.makeTempDir();
  await assertRejects(() => withData({ data: [empty] }, () => {}), RangeError, "no HDF5 file");
  await Deno.remove(empty);
});

Deno.test("ecal.load() reads the files of a bucket in parts", async () => {
  const names = [...Deno.readDirSync(folder)].filter(({ isFile }) => isFile).map(({ name }) => `set/${name}`);
  const bytesOf = (key: string) => Deno.readFile(join(folder, key.slice(4)));
  let asked = 0;
  const bucket = {
    location: "s3://b",
    list: (prefix: string) =>
      Promise.resolve(
        ["set/readme.txt", ...names].filter((key) => key.startsWith(prefix)).map((key) => ({
          key,
          bytes: 1,
        })),
      ),
    async ranges(key: string) {
      const bytes = await bytesOf(key);
      return {
        name: `s3://b/${key}`,
        size: bytes.length,
        readRange(offset: number, length: number) {
          asked++;
          return Promise.resolve(bytes.slice(offset, offset + length));
        },
      };
    },
  } as unknown as Blobs;
  const load = (place: string, openBucket?: LoadContext["openBucket"]) =>
    ecal.load(options({ data: [place], test: 5 }), { dataFolder: folder, log: () => {}, openBucket });
  const data = await load("s3://b/set/Single", (location) => {
    assertEquals(location, "s3://b");
    return bucket;
  });
  assert(asked > 0);
  await withData({ test: 5 }, ({ fingerprint }) => assertEquals(data.fingerprint, fingerprint));
  data.dispose();
  await assertRejects(
    () => load("s3://b/other", () => bucket),
    RangeError,
    'on "s3://b/other" as it has no HDF5',
  );
  await assertRejects(() => load("s3://b/set"), TypeError, "access to buckets");
});

Deno.test("ecal.resolveOptions() makes the document's recipe of what was not given", () => {
  const resolved = ecal.resolveOptions!(
    options({ recipe: "document", epochs: 3 }),
    new Set(["recipe", "epochs"]),
  );
  const { model, time, like, order, rate, epochs, batch, train, validation } = resolved;
  assertEquals(
    { model, time, like, order, rate, epochs, batch, train, validation },
    {
      model: "conv3d",
      time: true,
      like: "document",
      order: "document",
      rate: 1e-5,
      epochs: 3,
      batch: 100,
      train: 10_000,
      validation: 10_000,
    },
  );
});

Deno.test("ecal.resolveOptions() makes ResNet-15's recipe, on energy alone", () => {
  const given = options({ recipe: "resnet15" });
  const { model, time, rate, epochs, batch } = ecal.resolveOptions!(given, new Set(["recipe"]));
  assertEquals({ model, time, rate, epochs, batch }, {
    model: "resnet15",
    time: false,
    rate: 1e-3,
    epochs: 20,
    batch: 256,
  });
  const { schedule, weightDecay } = ecal.recipe({ ...given, rate, epochs, batch }, {} as EcalData, {}) as {
    schedule: Schedule;
    weightDecay: number;
  };
  assertEquals([schedule.config, weightDecay], [{ name: "cosine", rate: 1e-3, warmUp: 0, end: 0 }, 1e-4]);
});

Deno.test("stepsFor() makes the film that the options say", () => {
  const film = {
    lowEnergy: 0,
    minTime: -0.5,
    maxTime: 0.5,
    frame: 0.25,
    cumulative: false,
    outside: "clamp",
  } as const;
  const [step] = stepsFor(options({ model: "conv3d", time: true, ...film }));
  const { lowEnergy, minTime, maxTime, outside } = film;
  const wanted = { lowEnergy, minTime, maxTime, outside, step: 0.25, cumulative: false, like: "right" };
  assertEquals(
    { ...step },
    { op: "timeOrder", ...wanted, removeEmpty: true, channels: "energy" } as typeof step,
  );
  assertThrows(
    () => stepsFor(options({ model: "conv3d", time: true, like: "document", outside: "clamp" })),
    TypeError,
    "cannot clamp",
  );
});

for (const model of NETWORKS) {
  for (const time of [true, false]) {
    Deno.test(`${model}'s steps fit it ${time ? "with" : "without"} times, in tensors as in JavaScript`, async () => {
      await withData({}, ({ parts }) => {
        const chosen = options({ model, time }),
          steps = stepsFor(chosen),
          { data } = parts.test.images.read([0]);
        const network = buildNetwork(chosen);
        const { data: wanted, shape } = preprocess(steps, { data, shape: ECAL_SHAPE }, { white: 1 });
        assertEquals([null, ...shape], network.inputs[0].shape);
        const found = tf.tidy(() =>
          preprocessTensor(primitiveOps(steps, ECAL_SHAPE, { white: 1 }), tf.tensor(data, [1, ...ECAL_SHAPE]))
            .dataSync()
        );
        assertClose(found, wanted, 1e-5);
        network.dispose();
        const { outputs, inputs } = ecal.card(chosen, {} as EcalData);
        assertEquals([outputs[0].kind, inputs[0].raw], ["probability", [32, 32, 2]]);
      });
    });
  }
}

Deno.test("stepsFor() gives conv3d without times a film that stands still, of as many frames, with every hit", () => {
  const steps = stepsFor(options({ model: "conv3d", time: false, like: "document", maxTime: 0 }));
  const image = new Float32Array(2048);
  // Before, in, and long after the film's times; below the energy cut.
  for (const [pixel, energy, time] of [[0, 0.5, -2.5], [1, 0.25, -0.05], [2, 0.125, 2.5], [3, 0.004, 0]]) {
    image.set([energy, time], 2 * pixel);
  }
  const { data, shape } = preprocess(steps, { data: image, shape: ECAL_SHAPE }, { white: 1 });
  assertEquals(shape, [11, 32, 32, 1]); // edges -0.1, -0.0901, …, -0.001: as many as the moving film has
  for (let frame = 0; frame < 11; frame++) {
    const own = data.subarray(frame * 1024, (frame + 1) * 1024);
    assertEquals([...own.subarray(0, 4)], [0.5, 0.25, 0.125, 0], `frame ${frame}`);
    assertEquals(own.reduce((a, b) => a + b), 0.875);
  }
});

Deno.test("ecal.resolveOptions() refuses options that would do nothing, and films that cannot be", () => {
  const resolve = (changes: Partial<EcalOptions>) =>
    ecal.resolveOptions!(options(changes), new Set(Object.keys(changes)));
  assertThrows(() => resolve({ outside: "clamp" }), RangeError, 'Cannot set "outside" of "small"');
  assertThrows(() => resolve({ order: "document", model: "resnet15" }), RangeError, 'Cannot set "order"');
  assertThrows(
    () => resolve({ minTime: 1, maxTime: -1, model: "conv3d" }),
    TypeError,
    "minTime must be below",
  );
  assertEquals(resolve({ outside: "drop" }).outside, "drop"); // as it is anyway
  assertEquals(resolve({ outside: "clamp", model: "conv3d" }).time, true);
  assertEquals(resolve({ recipe: "document", model: "small" }).model, "small");
  assertEquals(resolve({ recipe: "document" }).events, 56_000);
});

/** Trains for an epoch and gives the run's folder to a test. */
async function withRun(
  changes: Partial<EcalOptions>,
  body: (run: string, lines: readonly string[]) => Promise<void>,
) {
  const run = await Deno.makeTempDir(), lines: string[] = [];
  try {
    await runExperiment(ecal, {
      folder: run,
      options: options(changes),
      dataFolder: folder,
      shards: 2,
      log: (line) => lines.push(line),
    });
    await body(run, lines);
  } finally {
    await Deno.remove(run, { recursive: true });
  }
}

Deno.test("a run measures energy and time beside energy alone, draws movies, and is served from files as trained", () =>
  withRun({}, async (run) => {
    const { serving, metrics = {} } = (await readRecord(run))! as RunRecord & {
      metrics?: Record<string, CardMetric>;
    };
    assert(serving!.largest < 1e-4);
    for (
      const name of ["auc", "aucWithTime", "rejection90", "accuracy", "auc_unconverted", "auc_converted"]
    ) {
      const { value, low, high, baseline } = metrics[name];
      assert(low <= value && value <= high && baseline !== undefined, name);
    }
    assertEquals(metrics.aucWithTime.baseline!.value, metrics.auc.value);
    const plots = [...Deno.readDirSync(join(run, "plots"))].map(({ name }) => name);
    for (
      const name of [
        "movie_event.gif",
        "movie_photon.gif",
        "movie_electron.gif",
        "player_event.html",
        "space_time_turnable.html",
        "space_time.svg",
        "mean_images.svg",
      ]
    ) {
      assert(plots.includes(name), `${name} is not among ${plots}`);
    }
    const report = await Deno.readTextFile(join(run, "report.html"));
    assert(report.includes('<a href="plots/space_time_turnable.html">'), "the report leads to the pages");
    await checkFiles(run);
  }));

Deno.test("a run of the document's network is served from images of energy and time as trained", () =>
  withRun({
    recipe: "document",
    model: "conv3d",
    time: true,
    like: "document",
    order: "document",
    train: 8,
    validation: 4,
    test: 4,
  }, async (run, lines) => {
    assert(lines.includes("Training the same network on energy alone, to compare"), lines.join("\n"));
    assert(lines.some((line) => /^energy alone, epoch 1\/1 +loss \d/.test(line)), lines.join("\n"));
    const record = (await readRecord(run))!;
    assertEquals(record.parameters, 714_882); // of 715,074 all but the moments of batch normalisation
    assert(record.serving!.largest < 1e-4);
    const { preprocessing } = parseCard(await Deno.readTextFile(join(run, "model.json")));
    assertEquals(preprocessing[0].op, "timeOrder");
    const { metrics } = record as RunRecord & { metrics: Record<string, CardMetric> };
    assertEquals(metrics.aucEnergyAlone.baseline, { name: "energy and time", value: metrics.auc.value });
    await checkFiles(run);
  }));

/** Whether two images as .npy, and as HDF5 with labels beside them, get the same answers over HTTP. */
async function checkFiles(run: string): Promise<void> {
  const card = parseCard(await Deno.readTextFile(join(run, "model.json")));
  const store = memoryStore();
  store.add(await Deno.readFile(join(run, "model.onnx")), { ...card, files: {} });
  await withData({}, ({ parts }) =>
    withHost(
      async (host) => {
        const { data, shape } = parts.test.images.read([0, 12]);
        const files = [
          encodeNpy({ data, shape: [...shape] }),
          await encodeHdf5({
            X: { data, shape: [...shape] },
            y: { data: Float32Array.of(0, 1), shape: [2] },
          }),
        ];
        const scores: number[][] = [];
        for (const file of files) {
          const response = await post(host, "/score/ecal", file.slice());
          const { results, error } = await response.json();
          assertEquals(response.status, 200, error);
          scores.push(
            results.map((result: { answers: { particle: { probabilities: { electron: number } } } }) =>
              result.answers.particle.probabilities.electron
            ),
          );
        }
        assertEquals(scores[0].length, 2);
        assertClose(scores[1], scores[0], 1e-6);
        const wrong = await post(
          host,
          "/score/ecal",
          encodeNpy({ data: data.slice(0, 3072), shape: [32, 32, 3] }).slice(),
        );
        assertEquals(wrong.status, 400);
        assert((await wrong.json()).error.includes("[32, 32, 2]"));
      },
      {},
      store,
    ));
}
