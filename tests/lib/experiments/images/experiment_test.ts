/** Sets of every kind through load, fit, evaluate, report and export; a run fails by itself if serving differs from training. */
import { join } from "@std/path";
import { startEngine } from "../../../../lib/engine/mod.ts";
import { images } from "../../../../lib/experiments/images/experiment.ts";
import { binnedUncertainty } from "../../../../lib/experiments/images/measure.ts";
import { createRng } from "../../../../lib/base/rng.ts";
import { encodeFits } from "../../../../lib/io/fits.ts";
import { encodeNpy } from "../../../../lib/io/npy.ts";
import { encodeNpz } from "../../../../lib/io/npz.ts";
import { decodePng, encodePng } from "../../../../lib/io/png.ts";
import { runExperiment } from "../../../../lib/run/run.ts";
import { readRecord } from "../../../../lib/run/run_folder.ts";
import { findExamples } from "../../../../lib/score/examples.ts";
import { createScorer } from "../../../../lib/score/scorer.ts";
import { assert, assertClose, assertEquals, assertRejects } from "../../../assert.ts";
import { withFolder } from "../../../folder.ts";
import { testWith } from "../../../needs.ts";
import { pythonFolder } from "../../io/_python.ts";

await startEngine({ backend: "tensorflow" });

type OwnOptions = Parameters<typeof images.load>[0];

/** Every option by its default, and some others. */
function optionsFor(more: Record<string, unknown>): OwnOptions {
  const defaults = Object.entries(images.options).map(([name, spec]) => {
    const fallback = spec.type === "list" ? [] : undefined;
    return [name, "default" in spec ? spec.default : fallback];
  });
  return { ...Object.fromEntries(defaults), epochs: 2, batch: 8, seed: 1, ...more } as unknown as OwnOptions;
}

const context = { dataFolder: "data", log: () => {} };

/** Trains, and gives card, metrics and what the log said. */
async function train(folder: string, more: Record<string, unknown>) {
  const said: string[] = [];
  const result = await runExperiment(images, {
    folder: join(folder, "run"),
    options: optionsFor(more),
    shards: 1,
    log: (line) => said.push(line),
  });
  const { serving } = (await readRecord(result.folder))!;
  return { card: result.card!, metrics: result.metrics!, said: said.join("\n"), serving: serving! };
}

/** Values of a bar across (0) or up (1), of some size, as floats from 0 to 1 with noise. */
function bar(kind: number, height: number, width: number, rng: () => number): Float32Array {
  const middle = kind === 0 ? height >> 1 : width >> 1;
  return Float32Array.from({ length: height * width }, (_, i) => {
    const at = kind === 0 ? Math.floor(i / width) : i % width;
    return (at === middle ? 0.8 : 0.1) + 0.1 * rng();
  });
}

async function writeClasses(
  folder: string,
  file: (kind: number, i: number) => [string, Uint8Array],
  count = 12,
) {
  for (const [kind, name] of ["across", "up"].entries()) {
    await Deno.mkdir(join(folder, name), { recursive: true });
    for (let i = 0; i < count; i++) {
      const [ending, bytes] = file(kind, i);
      await Deno.writeFile(join(folder, name, `${i}.${ending}`), bytes);
    }
  }
}

Deno.test("images trains on mixed sizes, grey beside RGBA, and answers for the files themselves as in training", () =>
  withFolder(async (folder) => {
    const rng = createRng(1), data = join(folder, "set");
    await writeClasses(data, (kind, i) => {
      const height = 12 + i % 3, width = 14, grey = bar(kind, height, width, rng);
      const counts = Uint8Array.from(grey, (value) => 255 * value);
      if (i % 4 > 0) return ["png", encodePng({ data: counts, height, width })];
      const rgba = Uint8Array.from(
        { length: counts.length * 4 },
        (_, k) => k % 4 === 3 ? 200 : counts[k >> 2],
      );
      return ["png", encodePng({ data: rgba, height, width, channels: 4 })];
    });
    const { card, metrics, said, serving } = await train(folder, { data });
    assertEquals(card.inputs[0].shape, [12, 14, 1]);
    assertEquals(card.outputs, [{ name: "class", kind: "classes", labels: ["across", "up"] }]);
    assertEquals(card.preprocessing.map(({ op }) => op), ["grey", "resize", "scale"]);
    assertEquals(metrics.accuracy.n, 4);
    assert(serving.largest < 1e-4 && serving.examples === 4);
    for (const words of ["24 images", "3 sizes", "taken as grey", "across 12, up 12", "resized to 12 × 14"]) {
      assert(said.includes(words), said);
    }
    const scorer = await createScorer({
      card,
      onnx: await Deno.readFile(join(folder, "run", "model.onnx")),
      runtime: "native",
      threads: 1,
    });
    const loaded = await images.load(optionsFor({ data }), context);
    try {
      const [raw] = await loaded.raw!([0]);
      const { name } = loaded.set.images[loaded.rows.test[0]];
      const [found] = await findExamples(await Deno.readFile(join(data, name)), {
        inputs: card.inputs,
        name,
      });
      assert("png" in found);
      const image = decodePng(found.png);
      const [ofFile] = await scorer.score([image]);
      const [ofRaw] = await scorer.score([raw.image as typeof image]);
      assertEquals(ofFile.answers, ofRaw.answers);
    } finally {
      loaded.dispose();
      await scorer.close();
    }
    assert((await Deno.readTextFile(join(folder, "run", "report.html"))).includes("Images of each label"));
  }));

Deno.test("images takes 16 bits as counts by the full scale that the training images reach", () =>
  withFolder(async (folder) => {
    const rng = createRng(2), data = join(folder, "set");
    await writeClasses(data, (kind) => {
      const counts = Uint16Array.from(bar(kind, 10, 10, rng), (value) => 4000 * value);
      return ["png", encodePng({ data: counts, height: 10, width: 10 })];
    });
    const { card, said } = await train(folder, { data });
    assertEquals(card.preprocessing, [{ op: "scale", factor: 1 / 4095, offset: 0 }]);
    assertEquals([card.inputs[0].range, card.inputs[0].units], [undefined, "counts of 16 bits"]);
    assert(said.includes("white is 4095"), said);
  }));

Deno.test("images learns a value from FITS files with a table, in the value's own units", () =>
  withFolder(async (folder) => {
    const rng = createRng(3), data = join(folder, "set");
    await Deno.mkdir(data);
    const rows = ["file,flux"];
    for (let i = 0; i < 100; i++) {
      const flux = 500 + 4 * i;
      const values = Float32Array.from({ length: 100 }, () => flux / 1000 + 0.01 * rng() - 3);
      await Deno.writeFile(join(data, `${i}.fits`), encodeFits([{ data: values, shape: [10, 10] }]));
      rows.push(`${i}.fits,${flux}.5`);
    }
    await Deno.writeTextFile(join(data, "labels.csv"), rows.join("\n"));
    const { card, metrics, said } = await train(folder, { data, epochs: 12, augment: false });
    const [flux] = card.outputs;
    assert(flux.kind === "value" && flux.name === "flux" && flux.factor === 1);
    assert(flux.uncertainty && "edges" in flux.uncertainty && flux.uncertainty.sigma.length === 1);
    assertEquals(card.preprocessing.map(({ op }) => op), ["bandLimits"]);
    const { value, baseline } = metrics.rms;
    assert(value < baseline!.value, `${value} against ${baseline!.value}`);
    assert(said.includes('"flux" is a value from 500.5 to 896.5'), said);
  }));

Deno.test("images learns several labels from bands in arrays, limits found from training images alone", () =>
  withFolder(async (folder) => {
    const rng = createRng(4), count = 60, bands = 5, size = 9 * 9;
    const x = new Float32Array(count * size * bands), y = new Uint8Array(count * 2);
    for (let i = 0; i < count; i++) {
      for (let label = 0; label < 2; label++) y[2 * i + label] = rng() < 0.5 ? 1 : 0;
      for (let p = 0; p < size; p++) {
        for (let b = 0; b < bands; b++) {
          x[(i * size + p) * bands + b] = 100 * b + 10 * rng() + (b < 2 && y[2 * i + b] ? 50 : 0);
        }
      }
    }
    const data = join(folder, "set.npz");
    await Deno.writeFile(
      data,
      encodeNpz({ x: { data: x, shape: [count, 9, 9, bands] }, y: { data: y, shape: [count, 2] } }),
    );
    const { card, metrics } = await train(folder, {
      data,
      names: ["first", "second"],
      epochs: 6,
      axes: "nhwc",
    });
    assertEquals([card.inputs[0].kind, card.inputs[0].shape], ["bands", [9, 9, 5]]);
    assertEquals(card.outputs[0], { name: "labels", kind: "labels", labels: ["first", "second"] });
    assertEquals(Object.keys(metrics), ["allLabelsRight", "auc first", "auc second"]);
    const loaded = await images.load(
      optionsFor({ data, names: ["first", "second"], axes: "nhwc" }),
      context,
    );
    const [step] = loaded.plan.values;
    assert(step.op === "bandLimits");
    // Of 42 images of 81 values a band, a thousandth is left out at either end: 3 of 3,402.
    const band = (b: number) => {
      const own: number[] = [];
      for (const row of loaded.rows.train) {
        for (let p = 0; p < size; p++) own.push(x[(row * size + p) * bands + b]);
      }
      return own.sort((a, b) => a - b);
    };
    assertEquals(loaded.rows.train.length, 42);
    assertClose(step.min, Array.from({ length: bands }, (_, b) => band(b)[3]), 1e-6);
    assertClose(step.max, Array.from({ length: bands }, (_, b) => band(b)[3402 - 4]), 1e-6);
    loaded.dispose();
  }));

Deno.test("binnedUncertainty() gives the root mean square of each bin, by hand", () => {
  // Two bins of 12: off by 1, then by 2 and 4 in turn, whose mean square is 10.
  const predicted = Float32Array.from({ length: 24 }, (_, i) => (i * 7) % 24);
  const truth = predicted.map((value) => value + (value < 12 ? 1 : value % 2 === 0 ? 2 : -4));
  const { edges, sigma } = binnedUncertainty(predicted, truth)!;
  assertEquals(edges, [0, 12, 23]);
  assertClose(sigma, [1, Math.sqrt(10)], 1e-12);
  assertEquals(binnedUncertainty(predicted.subarray(0, 11), truth.subarray(0, 11)), undefined);
});

Deno.test("images trains a 3-D network on volumes", () =>
  withFolder(async (folder) => {
    const rng = createRng(5),
      size = 12 ** 3,
      volume = (kind: number) => {
        const data = new Float32Array(10 * size);
        for (let i = 0; i < data.length; i++) {
          data[i] = rng() + (Math.floor(i / 144) % 12 < 6 === (kind === 0) ? 1 : 0);
        }
        return { data, shape: [10, 12, 12, 12] };
      };
    const data = join(folder, "set.npz");
    await Deno.writeFile(data, encodeNpz({ early: volume(0), late: volume(1) }));
    const { card, serving } = await train(folder, { data, epochs: 1 });
    assertEquals([card.inputs[0].kind, card.inputs[0].shape], ["volume", [12, 12, 12, 1]]);
    assert(serving.largest < 1e-4);
  }));

/** Trains an epoch, then holds the answers for each test file against those for the run's own raw examples. */
async function checkFiles(folder: string, data: string, more: Record<string, unknown>): Promise<string> {
  const run = await Deno.makeTempDir({ dir: folder }), options = { data, epochs: 1, ...more };
  const { card } = await train(run, options);
  const onnx = await Deno.readFile(join(run, "run", "model.onnx"));
  const scorer = await createScorer({ card, onnx, runtime: "native", threads: 1 });
  const loaded = await images.load(optionsFor(options), context);
  try {
    for (const [i, row] of [...loaded.rows.test].entries()) {
      const { name } = loaded.set.images[row], [{ image: raw }] = await loaded.raw!([i]);
      const found = await findExamples(await Deno.readFile(join(data, name)), { inputs: card.inputs, name });
      assertEquals(found.length, 1, `${name} is ${found.length} examples to score`);
      const [one] = found;
      assert(!("fault" in one), name);
      const ofFile = "png" in one ? decodePng(one.png) : one.arrays;
      const ofRaw = "depth" in raw ? raw : { image: { ...raw, dtype: "f4" } };
      const [said] = await scorer.score([ofFile]);
      const [expected] = await scorer.score([ofRaw as typeof ofFile]);
      assertEquals(said.answers, expected.answers, name);
    }
    const { kind, shape } = card.inputs[0];
    return `${kind} ${shape}`;
  } finally {
    loaded.dispose();
    await scorer.close();
  }
}

Deno.test("images answers for files of every kind as in training: bands of FITS, 16-bit colours, .npy", () =>
  withFolder(async (folder) => {
    const rng = createRng(8);
    const write = async (
      name: string,
      encode: (values: Float32Array) => [string, Uint8Array],
      values: number,
    ) => {
      await writeClasses(join(folder, name), (kind) => {
        const one = bar(kind, 10, 11, rng);
        return encode(Float32Array.from({ length: 110 * values }, (_, i) => one[i % 110] + 0.1 * rng()));
      }, 8);
      return join(folder, name);
    };
    const cube = (planes: number) => (data: Float32Array): [string, Uint8Array] => [
      "fits",
      encodeFits([{ data, shape: [planes, 10, 11] }]),
    ];
    const check = (data: string, more = {}) => checkFiles(folder, data, more);
    assertEquals(await check(await write("five", cube(5), 5), { axes: "chw" }), "bands 10,11,5");
    assertEquals(await check(await write("three", cube(3), 3), { axes: "chw" }), "bands 10,11,3");
    assertEquals(await check(await write("depth", cube(9), 9), { axes: "dhw" }), "volume 9,10,11,1");
    const npy = (
      data: Float32Array,
    ): [string, Uint8Array] => ["npy", encodeNpy({ data, shape: [10, 11, 3] })];
    assertEquals(await check(await write("npy", npy, 3)), "bands 10,11,3");
    const png = (values: Float32Array): [string, Uint8Array] => {
      const data = Uint16Array.from(values, (value) => 20_000 * value);
      return ["png", encodePng({ data, height: 10, width: 11, channels: 4 })];
    };
    assertEquals(await check(await write("rgba", png, 4)), "picture 10,11,3");
    const small = await write("small", cube(5), 5);
    assertEquals(await check(small, { axes: "chw", size: 8, fit: "crop" }), "bands 8,8,5");
  }));

const TIFFS = `
import numpy as np, tifffile, os
rng = np.random.default_rng(1)
for k, kind in enumerate(("a", "b")):
    os.makedirs(f"set/{kind}", exist_ok=True)
    for i in range(8):
        x = rng.integers(0, 100, (9, 10, 11)) + 100 * k
        tifffile.imwrite(f"set/{kind}/{i}.tif", x.astype(np.uint8), photometric="minisblack")
`;

testWith(
  "formats",
  "images answers for stacks of pages as in training, as frames and as bands",
  async (python) => {
    await using folder = await pythonFolder(python, TIFFS);
    const data = folder.path("set");
    assertEquals(await checkFiles(folder.path("."), data, { axes: "dhw" }), "volume 9,10,11,1");
    assertEquals(await checkFiles(folder.path("."), data, { axes: "chw" }), "bands 10,11,9");
  },
);

Deno.test("images refuses in one line what it cannot learn from", () =>
  withFolder(async (folder) => {
    const load = (more: Record<string, unknown>) => images.load(optionsFor(more), context);
    await assertRejects(() => load({}), RangeError, "say --data FOLDER, ZIP or FILE");
    const mixed = join(folder, "mixed"), rng = createRng(6);
    await writeClasses(mixed, (kind, i) => {
      const values = bar(kind, 10, 10, rng);
      const counts = i === 0
        ? Uint16Array.from(values, (v) => 999 * v)
        : Uint8Array.from(values, (v) => 255 * v);
      return ["png", encodePng({ data: counts, height: 10, width: 10 })];
    });
    await assertRejects(() => load({ data: mixed }), TypeError, "there are 22 8-bit, 2 16-bit images");
    const few = join(folder, "few");
    await writeClasses(few, (kind) => {
      const counts = Uint8Array.from(bar(kind, 10, 10, rng), (v) => 255 * v);
      return ["png", encodePng({ data: counts, height: 10, width: 10 })];
    }, 2);
    await assertRejects(
      () => load({ data: few }),
      RangeError,
      'class "across" into training, validation and test as it has 2',
    );
    const blank = join(folder, "blank");
    await writeClasses(blank, (kind, i) => {
      const values = bar(kind, 10, 10, rng);
      if (i === 3) values[7] = NaN;
      return ["fits", encodeFits([{ data: values, shape: [10, 10] }])];
    });
    await assertRejects(() => load({ data: blank }), TypeError, '"across/3.fits" as its value 7 is NaN');
  }));

Deno.test("images splits the same for a seed, each class in proportion, and respects the parts of a place", () =>
  withFolder(async (folder) => {
    const rng = createRng(7), data = join(folder, "set");
    for (const part of ["train", "test"]) {
      await writeClasses(join(data, part), (kind) => {
        const counts = Uint8Array.from(bar(kind, 10, 10, rng), (v) => 255 * v);
        return ["png", encodePng({ data: counts, height: 10, width: 10 })];
      }, part === "train" ? 20 : 5);
    }
    const load = (seed: number) => images.load(optionsFor({ data, seed }), context);
    const [first, again, other] = [await load(1), await load(1), await load(2)];
    assertEquals(first.rows, again.rows);
    assert(String(first.rows.validation) !== String(other.rows.validation));
    assertEquals([first.train.size, first.validation!.size, first.test.size], [34, 6, 10]);
    const classes = (rows: Uint32Array) =>
      Array.from(rows, (row) => first.labels.values[row]).filter((c) => c === 0);
    assertEquals([classes(first.rows.train).length, classes(first.rows.validation).length], [17, 3]);
    assert([...first.rows.test].every((row) => first.set.images[row].name.startsWith("test/")));
    for (const loaded of [first, again, other]) loaded.dispose();
  }));
