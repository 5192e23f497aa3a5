/** What a run does round its training: what it refuses, writes in which order, checks at its end, and leaves when it fails. */
import { join } from "@std/path";
import { acquireLock } from "../../../lib/base/lock.ts";
import { fromArrays, subset } from "../../../lib/data/source.ts";
import { engineReport, startEngine, tf } from "../../../lib/engine/mod.ts";
import { decodeKeras } from "../../../lib/export/keras_read.ts";
import { encodeKeras } from "../../../lib/export/keras_write.ts";
import { parsePreprocessing } from "../../../lib/image/preprocessing/mod.ts";
import { checkCard } from "../../../lib/run/check_card.ts";
import { checkServing } from "../../../lib/run/check_serving.ts";
import type {
  CardParts,
  Data,
  Experiment,
  LoadContext,
  Options,
  Recipe,
} from "../../../lib/run/experiment.ts";
import { completeParts } from "../../../lib/run/export_model.ts";
import { adoptModel } from "../../../lib/run/adopt_model.ts";
import { fineTune } from "../../../lib/run/fine_tune.ts";
import { runExperiment, type RunOptions } from "../../../lib/run/run.ts";
import { readRecord } from "../../../lib/run/run_folder.ts";
import {
  adagrad,
  adam,
  adamax,
  lion,
  meanSquaredError,
  type Models,
  nadam,
  sgd,
  type StepProfile,
  stepwise,
} from "../../../lib/train/mod.ts";
import { assert, assertClose, assertEquals, assertRejects, assertThrows } from "../../assert.ts";
import { withFileSystem } from "../../file_system.ts";
import { withFolder } from "../../folder.ts";

await startEngine({ backend: "cpu" });

/** Twelve examples of two numbers and their sum; the first four are tested. */
function sums() {
  const x = Float32Array.from({ length: 24 }, (_, i) => (i * 7 % 24) / 24);
  const y = Float32Array.from({ length: 12 }, (_, i) => x[2 * i] + x[2 * i + 1]);
  const source = fromArrays({ data: x, shape: [12, 2] }, { data: y, shape: [12] });
  const rows = (from: number, to: number) => Uint32Array.from({ length: to - from }, (_, i) => from + i);
  return { x, source, rows };
}

interface Made {
  experiment: Experiment;
  disposed: () => number;
  contexts: LoadContext[];
}

/** A model of one layer that learns to add, with what a test wants otherwise. */
function adding(options: Partial<Experiment> & { data?: Partial<Data>; metric?: number } = {}): Made {
  const { data: other, metric = 0.5, ...rest } = options;
  const { x, source, rows } = sums();
  let disposed = 0;
  const contexts: LoadContext[] = [];
  const experiment: Experiment = {
    name: "adding",
    summary: "Adds",
    options: {},
    defaults: { epochs: 2, batch: 4 },
    load(_, context) {
      contexts.push(context);
      return Promise.resolve({
        train: subset(source, rows(4, 12)),
        test: subset(source, rows(0, 4)),
        fingerprint: "one-and-the-same",
        raw: (wanted) =>
          Promise.resolve(
            wanted.map((row) => ({ image: { data: x.slice(2 * row, 2 * row + 2), shape: [2] } })),
          ),
        dispose: () => void disposed++,
        ...other,
      });
    },
    build: () =>
      tf.sequential({
        layers: [tf.layers.dense({ units: 1, inputShape: [2], name: "sum", kernelInitializer: "ones" })],
      }),
    recipe: () => ({
      loss: meanSquaredError(),
      optimizer: sgd(),
      schedule: stepwise(0.1, { every: 1, factor: 0.5 }),
    }),
    card: () => PARTS,
    evaluate: () => ({ metrics: { error: { value: metric, low: 0, high: 1, n: 4, split: "test" } } }),
    figures: () => [],
    ...rest,
  };
  return { experiment, disposed: () => disposed, contexts };
}

const PARTS: CardParts = {
  inputs: [{ name: "image", shape: [2], dtype: "float32", units: "mm" }],
  outputs: [{ name: "total", kind: "value", units: "mm" }],
};

const run = (made: Made, folder: string, options: Partial<RunOptions> = {}) =>
  runExperiment(made.experiment, {
    folder,
    options: { epochs: 2, batch: 4, seed: 3 } as unknown as Options,
    shards: 1,
    ...options,
  });

const namesIn = (folder: string) => [...Deno.readDirSync(folder)].map(({ name }) => name).sort();

Deno.test("runExperiment() fills a folder, the card before the last word, and says what it did", () =>
  withFolder(async (parent) => {
    const folder = join(parent, "run"), lines: string[] = [], made = adding();
    await withFileSystem(async (calls) => {
      const { history, metrics, card } = await run(made, folder, { log: (line) => lines.push(line) });
      assertEquals([history.ending, history.steps, metrics!.error.value], ["finished", 4, 0.5]);
      assertEquals([card!.name, card!.metrics.error.n, card!.training!.epochs], ["adding", 4, 2]);
      const renamed = calls.filter((call) => call.startsWith("rename")).map((call) =>
        call.slice(7).split(".*")[0]
      );
      assertEquals(renamed.slice(-5), [
        "model.keras",
        "model.onnx",
        "report.html",
        "model.json",
        "run.json",
      ]);
    }, (call) => {
      const isOfReport = call.includes("report.html") && !call.startsWith("rename");
      return isOfReport ? new Promise<void>((resolve) => setTimeout(resolve, 20)) : undefined; // a slow disk
    });
    const record = (await readRecord(folder))!;
    assertEquals([record.state, record.weightsOf, record.parameters, record.dataFingerprint], [
      "finished",
      2,
      3,
      "one-and-the-same",
    ]);
    assertEquals(record.examples, { train: 8, validation: 0, test: 4 });
    assertEquals([record.engine!.backend, record.engine!.shards], ["cpu", 1]);
    assertEquals(record.learningRates, { learningRate: { first: 0.1, highest: 0.1, last: 0.05 } });
    assertEquals(record.schedule, { name: "stepwise", rate: 0.1, every: 1, factor: 0.5 });
    assertEquals(record.serving!.examples, 4);
    assert(record.serving!.largest < 1e-6);
    assert(
      lines.some((line) => line.startsWith("Served as trained: 4 raw test examples differ by at most ")),
    );
    assert(Date.parse(record.finished!) >= Date.parse(record.started));
    assertEquals(made.disposed(), 1);
    assertEquals(made.contexts[0].dataFolder, "data");
    assert(!namesIn(folder).includes("run.lock"), "the lock is let go");
  }));

Deno.test("runExperiment() refuses a folder that holds a run, another experiment's, or other data", () =>
  withFolder(async (folder) => {
    const stop = new AbortController();
    stop.abort();
    const first = await run(adding(), folder, { signal: stop.signal });
    assertEquals([first.history.ending, first.metrics, (await readRecord(folder))!.state], [
      "interrupted",
      undefined,
      "interrupted",
    ]);
    await assertRejects(
      () => run(adding(), folder),
      Error,
      "as it holds one: resume it, or give another folder",
    );
    await assertRejects(
      () => run(adding({ name: "other" }), folder, { resume: true }),
      Error,
      `Cannot resume "${folder}" as "other": it holds a run of "adding"`,
    );
    const changed = adding({ data: { fingerprint: "another-set-of-examples" } });
    await assertRejects(
      () => run(changed, folder, { resume: true }),
      Error,
      "their fingerprint was one-and-the-…, now it is another-set-…",
    );
    assertEquals(changed.disposed(), 1, "freed though it failed");
    const { history } = await run(adding(), folder, { resume: true });
    assertEquals([history.ending, history.steps, (await readRecord(folder))!.state], [
      "finished",
      4,
      "finished",
    ]);
    await assertRejects(() => run(adding(), folder, { resume: true }), Error, "its run is finished");
  }));

Deno.test("runExperiment() stopped and resumed leaves the same model as one that was not", () =>
  withFolder(async (parent) => {
    const weights = async (folder: string, stops: boolean) => {
      const stop = new AbortController();
      const models: tf.LayersModel[] = [];
      const keep = (all: Readonly<Record<string, tf.LayersModel>>) => void models.push(Object.values(all)[0]);
      if (stops) {
        await run(adding(), folder, {
          signal: stop.signal,
          onEpoch: () => stop.abort(),
          prepareModels: keep,
        });
      }
      const { history } = await run(adding(), folder, { resume: true, prepareModels: keep });
      assertEquals([history.epochs.length, models.length], [2, stops ? 2 : 1]);
      return models.at(-1)!.getWeights().flatMap((weight) => [...weight.dataSync()]);
    };
    const whole = await weights(join(parent, "whole"), false);
    assertEquals(await weights(join(parent, "broken"), true), whole);
    const [one, two] = await Promise.all(
      ["whole", "broken"].map((name) => Deno.readTextFile(join(parent, name, "history.csv"))),
    );
    assertEquals(one.split("\n").length, two.split("\n").length);
  }));

Deno.test("runExperiment() stopped while it measures or draws ends there, and is measured when it goes on", () =>
  withFolder(async (parent) => {
    const stages = ["evaluate", "figures"] as const;
    for (const stage of stages) {
      const folder = join(parent, stage), stop = new AbortController(), plain = adding().experiment;
      const stopping = (...given: never[]) => {
        stop.abort();
        return (plain[stage] as (...given: never[]) => never)(...given);
      };
      const first = await run(adding({ [stage]: stopping }), folder, { signal: stop.signal });
      assertEquals([first.history.ending, first.metrics], ["finished", undefined], stage);
      assertEquals([(await readRecord(folder))!.state, namesIn(folder).includes("model.json")], [
        "interrupted",
        false,
      ]);
      const { history, metrics } = await run(adding(), folder, { resume: true });
      assertEquals([history.ending, history.steps, Object.keys(metrics!).length > 0], ["finished", 4, true]);
    }
    const failing = adding({ evaluate: () => Promise.reject(new Error("no more memory")) });
    const stop = new AbortController();
    await assertRejects(
      () => run(failing, join(parent, "fails"), { signal: stop.signal }),
      Error,
      "no more memory",
    );
  }));

Deno.test("runExperiment() waits for models to be prepared before it asks how to train them", () =>
  withFolder(async (parent) => {
    const order: string[] = [], plain = adding().experiment;
    const recipe: Experiment["recipe"] = (...given) => (order.push("recipe"), plain.recipe(...given));
    await run(adding({ recipe }), join(parent, "run"), {
      prepareModels: async () => {
        await new Promise((resolve) => setTimeout(resolve, 20));
        order.push("prepared");
      },
    });
    assertEquals(order, ["prepared", "recipe"]);
  }));

Deno.test("runExperiment() keeps off a folder where another process is at work", () =>
  withFolder(async (folder) => {
    const lock = await acquireLock(join(folder, "run.lock"));
    try {
      const { message } = await assertRejects(() => run(adding(), folder));
      assert(
        message.startsWith(`Cannot train into "${folder}" as another process is at work there: `),
        message,
      );
      assertEquals(namesIn(folder), ["checkpoint", "run.lock"]); // the other one's, who may be about to write there
    } finally {
      lock.release();
    }
  }));

Deno.test("runExperiment() takes its folder away again where loading fails, unless it was there", () =>
  withFolder(async (parent) => {
    const failing = adding({ load: () => Promise.reject(new Error("no such data")) });
    const folder = join(parent, "run");
    await assertRejects(() => run(failing, folder), Error, "no such data");
    assertEquals(namesIn(parent), []);
    await Deno.mkdir(folder);
    await assertRejects(() => run(failing, folder), Error, "no such data");
    assertEquals([namesIn(parent), namesIn(folder)], [["run"], []]);
  }));

Deno.test("runExperiment() finds a card that does not fit before it trains", () =>
  withFolder(async (parent) => {
    const wrong: [CardParts, string][] = [
      [{ ...PARTS, inputs: [{ ...PARTS.inputs[0], shape: [3] }] }, 'takes [2] as "image": its card says [3]'],
      [
        { ...PARTS, outputs: [...PARTS.outputs, { name: "b", kind: "value", units: "mm" }] },
        "1 outputs: its card describes 2",
      ],
      [
        { ...PARTS, inputs: [...PARTS.inputs, { ...PARTS.inputs[0], name: "c" }] },
        "1 inputs: its card describes 2",
      ],
    ];
    for (const [parts, words] of wrong) {
      const made = adding({ card: () => parts });
      await assertRejects(() => run(made, join(parent, "run")), TypeError, words);
      assertEquals([namesIn(parent), made.disposed()], [[], 1], "nothing was begun");
    }
  }));

Deno.test("checkCard() holds preprocessing against what the examples are and the model takes", () => {
  const model = tf.sequential({
    layers: [
      tf.layers.flatten({ inputShape: [2, 2, 1] }),
      tf.layers.dense({ units: 1 }),
    ],
  });
  const parts = (preprocessing: unknown[], shape = [2, 2, 1]): CardParts => ({
    inputs: [{ name: "image", shape, dtype: "float32", units: "counts" }],
    preprocessing: parsePreprocessing(preprocessing),
    outputs: PARTS.outputs,
  });
  const source = (shape: number[], applied?: number) => {
    const size = shape.reduce((product, side) => product * side, 1);
    const options = applied === undefined ? {} : { applied: { image: applied } };
    return fromArrays({ image: { data: new Float32Array(size), shape: [1, ...shape] } }, {}, options);
  };
  const crop = { op: "cropCenter", size: 2 };
  assertEquals(checkCard("x", parts([crop]), model, source([4, 4, 1])).inputs[0].shape, [2, 2, 1]);
  checkCard("x", parts([crop]), model, source([2, 2, 1], 1));
  assertThrows(
    () => checkCard("x", parts([]), model, source([4, 4, 1])),
    TypeError,
    'its preprocessing makes [4,4,1] of [4,4,1]: input "image" is [2,2,1]',
  );
});

Deno.test("runExperiment() fails where serving would say something else, before there is a card", () =>
  withFolder(async (folder) => {
    const raw = (rows: readonly number[]) =>
      Promise.resolve(rows.map((row) => ({ image: { data: Float32Array.of(row, 9), shape: [2] } })));
    const { message } = await assertRejects(() => run(adding({ data: { raw } }), folder));
    assert(message.includes('output "total" of test example 0 differs by'), message);
    assertEquals([namesIn(folder).includes("model.json"), (await readRecord(folder))!.state], [
      false,
      "running",
    ]);
  }));

Deno.test("runExperiment() needs no raw examples, and takes 16 spread over the test examples where there are more", () =>
  withFolder(async (parent) => {
    const without = await run(adding({ data: { raw: undefined } }), join(parent, "a"));
    assertEquals((await readRecord(without.folder))!.serving, undefined);
    const asked: (readonly number[])[] = [], { source } = sums();
    const test = subset(source, Uint32Array.from({ length: 40 }, (_, i) => i % 12)), { x } = sums();
    const raw = (rows: readonly number[]) => {
      asked.push(rows);
      return Promise.resolve(
        rows.map((row) => ({ image: { data: x.slice(2 * (row % 12), 2 * (row % 12) + 2), shape: [2] } })),
      );
    };
    await run(adding({ data: { raw, test } }), join(parent, "b"));
    assertEquals(asked, [[0, 2, 5, 7, 10, 12, 15, 17, 20, 22, 25, 27, 30, 32, 35, 37]]);
  }));

Deno.test("runExperiment() exports what any optimizer has trained, and says whose state a Keras file cannot hold", async () => {
  const optimizers = {
    nadam: nadam(),
    adamax: adamax(),
    lion: lion(),
    adagrad: adagrad(),
    amsgrad: adam({ amsgrad: true }),
    sgd: sgd(),
  };
  for (const [name, optimizer] of Object.entries(optimizers)) {
    await withFolder(async (folder) => {
      const recipe = () => ({
        loss: meanSquaredError(),
        optimizer,
        schedule: stepwise(0.01, { every: 1, factor: 0.5 }),
      });
      const lines: string[] = [];
      await run(adding({ recipe }), folder, { log: (line) => lines.push(line) });
      const { model, optimizer: read } = await decodeKeras(await Deno.readFile(join(folder, "model.keras")));
      assertEquals(model.countParams(), 3);
      assertEquals(read !== undefined, name === "sgd", name);
      assertEquals(lines.some((line) => line.includes("its format cannot say")), name !== "sgd", name);
    });
  }
});

Deno.test("runExperiment() says which metric is no number, and leaves it off the card", () =>
  withFolder(async (folder) => {
    const lines: string[] = [];
    const { card, metrics } = await run(adding({ metric: NaN }), folder, { log: (line) => lines.push(line) });
    assert(lines.includes("Could not measure error on 4 examples: it is not a number"), String(lines));
    assertEquals([card!.metrics, metrics!.error.value], [{}, NaN]);
  }));

Deno.test("runExperiment() hands data, shards and savings on to training", () =>
  withFolder(async (folder) => {
    const seen: Partial<LoadContext>[] = [], made = adding();
    const openBucket = () => Promise.reject(new Error("none"));
    await withFileSystem(async (calls) => {
      await run(made, folder, { dataFolder: "elsewhere", openBucket, shards: 2, saveEvery: 9 });
      assertEquals(calls.filter((call) => call.startsWith("rename state")).length, 1, "only at the end");
    });
    seen.push(made.contexts[0]);
    assertEquals([seen[0].dataFolder, seen[0].openBucket], ["elsewhere", openBucket]);
    assertEquals((await readRecord(folder))!.engine!.shards, 2);
    const recipe: Recipe = { loss: meanSquaredError(), shards: 2 };
    await withFolder(async (other) => {
      await run(adding({ recipe: () => recipe }), other, { shards: undefined });
      assertEquals((await readRecord(other))!.engine!.shards, 2, "the recipe's own");
    });
  }));

Deno.test("runExperiment() keeps where a step's time goes, or says that nobody can tell", () =>
  withFolder(async (folder) => {
    const refused = run(adding(), join(folder, "cpu"), { onProfile: () => {} });
    await assertRejects(() => refused, Error, "Cannot profile on the cpu backend");
    await startEngine({ backend: "tensorflow" });
    try {
      const told: StepProfile[] = [], native = join(folder, "native");
      const { history } = await run(adding(), native, { onProfile: (profile) => told.push(profile) });
      const { traceEvents } = JSON.parse(await Deno.readTextFile(join(native, "trace.json")));
      const xplane = join(native, "plugins", "profile", "steps", "run.xplane.pb");
      assert((await Deno.stat(xplane)).size > 1000);
      assert(traceEvents.some(({ name }: { name: string }) => name.startsWith("sum: ")), "ops of the layer");
      assertEquals([told.length, told[0].parts.some(({ part }) => part === "sum")], [1, true]);
      const { profile, tuning, engine } = (await readRecord(native))!, { shards, precision } = history;
      assertEquals([profile, tuning], [told[0], history.tuning]);
      const { threads } = engineReport(), chosen = { shards, precision, threads };
      assertEquals({ ...engine, ...chosen }, engine, "what was chosen is named");
    } finally {
      await startEngine({ backend: "cpu" });
    }
  }));

Deno.test("runExperiment() takes mixed precision by itself only with evidence, and says so", () =>
  withFolder(async (folder) => {
    const lines: string[] = [], log = (line: string) => lines.push(line);
    const before = join(folder, "before"), after = join(folder, "after");
    const { history } = await run(adding(), before, { precision: "auto", log });
    const said = "float32, as no measurement shows yet that adding learns as much in mixed precision";
    assertEquals([history.precision, lines.includes(said)], ["float32", true], String(lines));
    assertEquals((await readRecord(before))!.engine!.precision, "float32");
    const evidence = { metric: "error", float32: [1], mixed: [1], difference: [0, 0] as const };
    const shown = adding({ mixedPrecision: { measured: "2026-11-27", ...evidence } });
    lines.length = 0;
    const options = { epochs: 2, batch: 4, seed: 3 } as unknown as Options;
    await run(shown, after, { precision: "auto", log, options });
    assertEquals(lines.includes(said), false, "it is the machine's turn to say");
    assertEquals((await readRecord(after))!.engine!.precision, "float32", "which on cpu has none");
    const asked = run(adding(), join(folder, "asked"), { precision: "mixed" });
    await assertRejects(() => asked, Error, "Cannot train in mixed precision: the cpu backend multiplies");
  }));

Deno.test("checkServing() compares every value, relative to large ones and absolute to small ones", async () => {
  await withFolder(async (folder) => {
    const { card } = await run(adding(), folder);
    const onnx = await Deno.readFile(join(folder, "model.onnx")), { x } = sums();
    const raw = [0, 1].map((row) => ({ image: { data: x.slice(2 * row, 2 * row + 2), shape: [2] } }));
    const ask = async (change: (values: Float32Array) => void, rows = [0, 1]) => {
      const model = (values: readonly number[]) => Float32Array.from(values);
      const exact = await checkServing({
        card: card!,
        onnx,
        raw,
        rows: [0, 1],
        predictions: { total: { data: await answers(), shape: [2, 1] } },
      });
      assert(exact.largest < 1e-6);
      const values = model([...await answers()]);
      change(values);
      return await checkServing({
        card: card!,
        onnx,
        raw,
        rows,
        predictions: { total: { data: values, shape: [2, 1] } },
      });
    };
    const answers = async (): Promise<Float32Array> => {
      const { openSession } = await import("../../../lib/score/session.ts");
      const session = await openSession(onnx), out: number[] = [];
      for (const { image } of raw) {
        const [{ data }] = await session.run([{
          name: "image",
          type: "FP32",
          shape: [1, 2],
          data: image.data as Float32Array,
        }]);
        out.push(Number(data[0]));
      }
      await session.close();
      return Float32Array.from(out);
    };
    const [, large] = await answers();
    assert(large > 1);
    assertClose((await ask((values) => values[1] += 5e-5)).largest, 5e-5 / large, 0.01);
    await assertRejects(
      () => ask((values) => values[1] += 2e-4),
      Error,
      'output "total" of test example 1 differs by 0.0001',
    );
    await assertRejects(() => ask((values) => values[0] = NaN), Error, "test example 0 differs by NaN");
    await assertRejects(() => ask(() => {}, [1, 0]), Error, "test example 1 differs");
  });
});

Deno.test("completeParts() adds what was measured to the outputs of those names", () => {
  const measured = { metrics: {}, outputs: { total: { uncertainty: { edges: [0, 1], sigma: [0.5] } } } };
  const { outputs, inputs } = completeParts(PARTS, measured);
  assertEquals(outputs[0], { ...PARTS.outputs[0], ...measured.outputs.total });
  assertEquals(inputs, PARTS.inputs);
  assertEquals(completeParts(PARTS, { metrics: {} }), PARTS);
  assertThrows(
    () => completeParts(PARTS, { metrics: {}, outputs: { other: {} } }),
    TypeError,
    'it has no output "other"',
  );
});

Deno.test("a run trains a foreign network with a head of its own", () =>
  withFolder(async (parent) => {
    // Its features are made of what it has learned; its own head answers three things, ours one.
    const foreign = tf.sequential({
      layers: [
        tf.layers.dense({ units: 3, inputShape: [2], name: "dense", activation: "relu" }),
        tf.layers.dense({ units: 3, name: "top", activation: "softmax" }),
      ],
    });
    const from = join(parent, "foreign.keras"), folder = join(parent, "run"), lines: string[] = [];
    await Deno.writeFile(from, await encodeKeras(foreign));
    const prepareModels = (models: Models) =>
      fineTune(models, { from, freeze: ["dense"], log: (line) => lines.push(line) });
    const { card } = await run(adding(), folder, { prepareModels });
    assertEquals([card!.outputs[0].name, lines.length], ["total", 2]);
    const { model } = await decodeKeras(await Deno.readFile(join(folder, "model.keras")));
    assertEquals(model.layers.map(({ name }) => name).filter((name) => !/input/.test(name)), [
      "dense",
      "sum",
    ]);
    assertEquals(
      model.layers.at(-2)!.getWeights()[0].dataSync(),
      foreign.layers[0].getWeights()[0].dataSync(),
    );
    const wide = tf.sequential({ layers: [tf.layers.dense({ units: 1, inputShape: [5], name: "other" })] });
    await Deno.writeFile(from, await encodeKeras(wide));
    await assertRejects(
      () => run(adding(), join(parent, "second"), { prepareModels }),
      Error,
      "it takes [5]: the experiment gives [2]",
    );
  }));

Deno.test("adoptModel() pools features of any size, and keeps a head that fits", () => {
  const image = (sides: (number | null)[]) => tf.input({ shape: [...sides, 1] });
  const input = image([null, null]);
  const features = tf.layers.conv2d({ filters: 3, kernelSize: 2 }).apply(input) as tf.SymbolicTensor;
  const foreign = tf.model({ inputs: input, outputs: features, name: "foreign" });
  const own = tf.sequential({
    layers: [
      tf.layers.flatten({ inputShape: [4, 5, 1] }),
      tf.layers.dense({ units: 2, activation: "softmax", name: "kind" }),
    ],
  });
  const made = adoptModel(own, foreign);
  assertEquals([made.outputNames, made.outputs[0].shape, made.inputs[0].shape], [
    ["kind"],
    [null, 2],
    [null, 4, 5, 1],
  ]);
  const again = adoptModel(own, own), [kernel] = again.layers.at(-1)!.getWeights();
  assertEquals(kernel.dataSync(), own.layers.at(-1)!.getWeights()[0].dataSync());
});

Deno.test("fineTune() takes what fits by the layer's name, lets the rest begin anew, and freezes what is named", () =>
  withFolder(async (folder) => {
    await run(adding(), folder);
    const model = (name: string, units = 1) =>
      tf.sequential({
        layers: [
          tf.layers.dense({ units, inputShape: [2], name, kernelInitializer: "zeros" }),
          tf.layers.dense({ units: 1, name: "head" }),
        ],
      });
    const lines: string[] = [], fits = model("sum"), log = (line: string) => void lines.push(line);
    await fineTune({ model: fits }, { from: folder, freeze: ["s*m"], log });
    assert([...fits.layers[0].getWeights()[0].dataSync()].every((value) => value !== 0), "taken over");
    assertEquals(fits.layers.map(({ trainable }) => trainable), [false, true]);
    assertEquals(lines, [`Took 1 layers from ${folder}; head start anew`, "Froze sum"]);
    await fineTune({ model: model("sum") }, { from: join(folder, "model.keras") });
    for (const wrong of [model("other"), model("sum", 3)]) {
      await assertRejects(
        () => fineTune({ model: wrong }, { from: folder }),
        Error,
        "no layer of its model fits: it has sum",
      );
    }
    const prefixed = model("a_sum");
    await fineTune({ model: prefixed }, { from: `a_=${folder},b_=${join(folder, "model.keras")}` });
    assertEquals(
      [...prefixed.layers[0].getWeights()[0].dataSync()],
      [...fits.layers[0].getWeights()[0].dataSync()],
    );
    await assertRejects(
      () => fineTune({ model: model("sum") }, { from: folder, freeze: ["su"] }),
      RangeError,
      `Cannot freeze "su" as the model's layers are sum, head`,
    );
    await assertRejects(
      () => fineTune({ model: model("sum") }, { from: "nowhere" }),
      Error,
      'Cannot start from "nowhere": ',
    );
  }));
