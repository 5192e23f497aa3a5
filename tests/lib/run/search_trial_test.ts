import { fromArrays } from "../../../lib/data/source.ts";
import { startEngine, tf } from "../../../lib/engine/mod.ts";
import { type Data, defineExperiment } from "../../../lib/run/experiment.ts";
import {
  checkComparable,
  checkJudged,
  checkSpaceOf,
  experimentObjective,
  searchedByDefault,
} from "../../../lib/run/search_trial.ts";
import { createRng } from "../../../lib/base/rng.ts";
import { search } from "../../../lib/search/search.ts";
import * as train from "../../../lib/train/mod.ts";
import { assert, assertClose, assertEquals, assertRejects, assertThrows } from "../../assert.ts";
import { withFolder } from "../../folder.ts";

const OPTIONS = {
  rate: { type: "number", default: 0.1, range: [0.001, 1], log: true, help: "Learning rate." },
  examples: { type: "integer", default: 60, min: 1, help: "Examples to draw." },
  validated: { type: "boolean", default: true, help: "Whether to keep validation examples." },
} as const;

let loads = 0;
const dataFolder = await Deno.makeTempDir();
addEventListener("unload", () => Deno.removeSync(dataFolder, { recursive: true }));

/** Learns which side of a line a point is on. */
const sides = defineExperiment<typeof OPTIONS, Data>({
  name: "sides",
  summary: "Sides of a line",
  options: OPTIONS,
  defaults: { epochs: 4, batch: 10 },
  load({ examples, validated, seed }) {
    loads++;
    const draw = (size: number, stream: number) => {
      const rng = createRng(seed, stream);
      const data = Float32Array.from({ length: 2 * size }, () => rng() - 0.5);
      const labels = Int32Array.from({ length: size }, (_, i) => data[2 * i] > data[2 * i + 1] ? 1 : 0);
      return fromArrays({ data, shape: [size, 2] }, { data: labels, shape: [size] });
    };
    return Promise.resolve({
      train: draw(examples, 1),
      validation: validated ? draw(40, 2) : undefined,
      test: draw(40, 3),
      fingerprint: `${seed}`,
      dispose: () => {},
    });
  },
  build: ({ seed }) =>
    tf.sequential({
      layers: [tf.layers.dense({
        units: 2,
        inputShape: [2],
        name: "side",
        kernelInitializer: tf.initializers.glorotUniform({ seed }),
      })],
    }),
  recipe: ({ rate }) => ({
    loss: train.crossEntropy(),
    metrics: [train.accuracy()],
    optimizer: train.adam(),
    schedule: train.constant(rate),
  }),
  evaluate: () => {
    throw new Error("a trial measured the test examples");
  },
  card: () => {
    throw new Error("a trial made a card");
  },
  figures: () => [],
});

const options = {
  rate: 0.1,
  examples: 60,
  validated: true,
  epochs: 4,
  batch: 10,
  seed: 3,
} as const;
const space = { rate: { low: 0.01, high: 1, log: true, float: true } };
const objectives = ["validationLoss"];

await startEngine({ backend: "cpu" });

Deno.test("experimentObjective() trains trials on data that are loaded once, and never measures the test examples", async () => {
  loads = 0;
  using trials = experimentObjective(sides, { dataFolder, options });
  const tensors = tf.memory().numTensors;
  const result = await search(space, trials.objective, { trials: 4, objectives });
  assertEquals(result.trials.map(({ state }) => state), new Array(4).fill("complete"));
  assertEquals(loads, 1);
  assertEquals(tf.memory().numTensors, tensors);
  for (const { reports, values, metrics } of result.trials) {
    assertEquals(reports.map(({ step }) => step), [1, 2, 3, 4]);
    assertEquals(values, [reports[3].values.validationLoss]);
    assert(metrics!.validationAccuracy > 0.3 && metrics!.parameters === 6);
  }
});

Deno.test("experimentObjective() loads again only where a trial changes what loading reads", async () => {
  loads = 0;
  using trials = experimentObjective(sides, { dataFolder, options });
  const both = { examples: [40, 60], rate: [0.1, 0.2] };
  await search(both, trials.objective, { trials: 4, sampler: "grid", objectives });
  assertEquals(loads, 2);
});

Deno.test("experimentObjective() goes on from a trial's checkpoint and ends as one that was never stopped", () =>
  withFolder(async (folder) => {
    const run = async (folder: string, stopAfter?: number, shards = 1) => {
      const controller = new AbortController();
      using trials = experimentObjective(sides, { dataFolder, options, shards });
      return await search(space, (params, trial) =>
        trials.objective(params, {
          ...trial,
          report: async (step, values) => {
            if (step === stopAfter) controller.abort();
            await trial.report(step, values);
          },
        }), { trials: 1, folder, signal: controller.signal, objectives });
    };
    const undisturbed = await run(`${folder}/a`);
    assertEquals((await run(`${folder}/b`, 2)).trials[0].state, "waiting");
    const resumed = await run(`${folder}/b`, undefined, 2); // as on a machine with more threads
    assertEquals(resumed.trials[0].attempts.map(({ failure }) => failure?.message), [
      "InterruptedError: this process has to make room",
      undefined,
    ]);
    const last = (result: typeof resumed) =>
      result.trials[0].reports.map(({ step, values }) => [step, values.validationLoss]);
    assertEquals(last(resumed), last(undisturbed));
    assertEquals(resumed.trials[0].values, undisturbed.trials[0].values);
  }));

Deno.test("experimentObjective() judges by folds of the training examples where it is asked to", async () => {
  const unvalidated = { ...options, validated: false };
  using folds = experimentObjective(sides, {
    options: unvalidated,
    folds: 3,
    metrics: ["validationAccuracy"],
  });
  const { trials } = await search({ rate: [0.5] }, folds.objective, {
    trials: 1,
    direction: "maximize",
    objectives: ["validationAccuracy"],
  });
  assert(trials[0].values![0] > 0.6, JSON.stringify(trials[0]));
  const context = { number: 0, seed: trials[0].seed, attempt: 1, folder: dataFolder };
  const again = await folds.objective({ rate: 0.5 }, {
    ...context,
    signal: new AbortController().signal,
    report: () => Promise.resolve(),
    log: () => {},
  }) as { values: Record<string, number>; folds: number[] };
  assertEquals(again.folds.length, 3);
  assertClose(again.folds.reduce((a, b) => a + b) / 3, again.values.validationAccuracy, 1e-12);
  using none = experimentObjective(sides, { dataFolder, options: unvalidated });
  const refused = await search({ rate: [0.5] }, none.objective, { trials: 1, objectives });
  assert(
    refused.trials[0].attempts[0].failure!.message.includes(
      "no validation examples: keep some, or ask for folds",
    ),
  );
});

Deno.test("experimentObjective() cuts into no more folds than examples, and checkJudged() wants something to judge by", async () => {
  for (const folds of [1, 2.5, 61]) {
    using trials = experimentObjective(sides, { dataFolder, options, folds });
    const { trials: [failed] } = await search({ rate: [0.5] }, trials.objective, { trials: 1 });
    const { message } = failed.attempts[0].failure!;
    assert(message.includes(`Cannot cut 60 training examples into ${folds} folds`), message);
  }
  assertThrows(
    () => checkJudged("sides", { validation: 0 }),
    RangeError,
    'Cannot judge trials of "sides" as no examples are kept for validation: give --folds K, or --validation',
  );
  checkJudged("sides", { validation: 0 }, 2);
  checkJudged("sides", { validation: 1 });
  checkJudged("sides", {});
});

Deno.test("experimentObjective() and checkSpaceOf() name the nearest of what is not there", async () => {
  using trials = experimentObjective(sides, { dataFolder, options, metrics: ["validationLos"] });
  const { trials: [failed] } = await search({ rate: [0.5] }, trials.objective, { trials: 1, objectives });
  assert(failed.attempts[0].failure!.message.includes('(nearest: "validationLoss")'));
  assertThrows(() => checkSpaceOf(sides, ["raet"]), RangeError, '(nearest: "rate")');
  checkSpaceOf(sides, ["rate", "batch", "epochs"]);
  await assertRejects(() => search({ rate: [] }, trials.objective), SyntaxError, "the list is empty");
});

Deno.test("checkComparable() refuses to rank trials by a loss that is not the same for all, and none is searched by default", () => {
  const weight = { type: "number", default: 1, range: [0, 2], changesLoss: true, help: "" } as const;
  const weighted = { name: "weighted", options: { ...OPTIONS, weight } };
  const judge = (searched: string[], metrics: string[]) => checkComparable(weighted, searched, metrics);
  for (const metric of ["validationLoss", "loss", "generatorLoss"]) {
    assertThrows(
      () => judge(["rate", "weight"], ["parameters", metric]),
      RangeError,
      `Cannot judge trials of "weighted" by ${metric} where "weight" is searched, as it changes what the loss is`,
    );
  }
  judge(["rate", "weight", "epochs"], ["validationAccuracy"]);
  judge(["rate", "epochs"], ["validationLoss"]);
  assertEquals(searchedByDefault(weighted.options, ["validationLoss"]), ["rate"]);
  assertEquals(searchedByDefault(weighted.options, ["validationAccuracy"]), ["rate", "weight"]);
});
