/** What the loop round a step does, whatever the step: checkpoints, resuming, schedules, callbacks, reports, failures. */
import { join } from "@std/path";
import { random, startEngine, tf } from "../../../lib/engine/mod.ts";
import { readCheckpoint } from "../../../lib/train/checkpoint.ts";
import { runEpoch, takeUp } from "../../../lib/train/loop.ts";
import {
  type BatchReport,
  type Callback,
  constant,
  csvLog,
  earlyStopping,
  epochOrder,
  fit,
  type FitEnds,
  type FitOptions,
  type LoopOptions,
  reduceOnPlateau,
  type RunInfo,
  type Schedule,
  stepwise,
  type Workers,
} from "../../../lib/train/mod.ts";
import { assert, assertClose, assertEquals, assertRejects } from "../../assert.ts";
import { diskError, withFileSystem } from "../../file_system.ts";
import { withFolder } from "../../folder.ts";
import { counting, type CountingOptions, idleModel, numbered } from "./_counting_step.ts";

await startEngine({ backend: "cpu" });

type Options = Partial<LoopOptions & FitEnds> & { size?: number };

/** Trains by a counting step: five batches of two an epoch, unless something else is said. */
function train(step: ReturnType<typeof counting>, options: Options = {}) {
  const { size = 10, ...rest } = options;
  return fit(idleModel(), numbered(size), {
    epochs: 3,
    batch: 2,
    schedule: constant(1),
    shards: 1,
    step,
    ...rest,
  } as FitOptions);
}

/** Lets a test say what time it is, in seconds. */
async function withClock(use: (pass: (seconds: number) => void) => Promise<void>): Promise<void> {
  const { now } = performance;
  let ms = 1000;
  performance.now = () => ms;
  try {
    await use((seconds) => ms += 1000 * seconds);
  } finally {
    performance.now = now;
  }
}

/** How often the checkpoint was put in place. */
const saves = (calls: string[]) => calls.filter((call) => call.startsWith("rename state")).length;

Deno.test("fit() saves after every so many epochs, and always at the end", () =>
  withFolder(async (folder) => {
    const path = join(folder, "state.safetensors");
    for (
      const [every, epochs, expected] of [[undefined, 3, 3], [1, 3, 3], [2, 5, 3], [2, 4, 2], [
        9,
        2,
        1,
      ]] as const
    ) {
      await withFileSystem(async (calls) => {
        await train(counting(), { epochs, checkpoint: { path, every } });
        assertEquals(saves(calls), expected, `every ${every} of ${epochs} epochs`);
      });
      const { state, arrays } = (await readCheckpoint(path))!;
      assertEquals([state.epoch, state.batch, state.step], [epochs, 0, 5 * epochs]);
      assertEquals([...arrays.weights[0].data], [5 * epochs]);
    }
    await withFileSystem(async (calls) => {
      await train(counting());
      assertEquals(calls, [], "nothing is written where no checkpoint is asked for");
    });
  }));

Deno.test("fit() saves in the middle of an epoch when the last save is two minutes old", () =>
  withFolder((folder) =>
    withClock(async (pass) => {
      const path = join(folder, "state.safetensors");
      const savesAt = async (everySeconds?: number, secondsOfStep = 50) => {
        let count = 0;
        await withFileSystem(async (calls) => {
          await train(counting({ onStep: () => pass(secondsOfStep) }), {
            epochs: 2,
            checkpoint: { path, everySeconds },
          });
          count = saves(calls);
        });
        return count;
      };
      // 50 s a step, two epochs of five steps, each saved at its end
      assertEquals(await savesAt(), 4, "also after the third step");
      assertEquals(await savesAt(100), 6, "also after the second and the fourth");
      assertEquals(await savesAt(100.1), 4);
      assertEquals(await savesAt(50), 12, "after every step");
      assertEquals(await savesAt(1e6), 2);
      assertEquals(await savesAt(undefined, 60), 6, "after the second and the fourth, at two minutes sharp");
    })
  ));

Deno.test("fit() rejects when any checkpoint could not be written, the last one too", () =>
  withFolder(async (folder) => {
    const path = join(folder, "state.safetensors");
    for (const failing of [0, 1, 2]) {
      let renames = 0;
      const before = tf.memory().numTensors;
      await withFileSystem(
        async () => {
          const { message } = await assertRejects(() => train(counting(), { checkpoint: { path } }));
          assertEquals(message, `Cannot write "${path}": it failed (ENOSPC)`);
        },
        (call) => call.startsWith("rename state") && renames++ === failing ? diskError("ENOSPC") : undefined,
      );
      assert(tf.memory().numTensors - before <= 2, "only the model's own weights are left");
      const left = await readCheckpoint(path);
      assertEquals(left?.state.epoch, failing === 0 ? undefined : failing, "the one before is whole");
      await Deno.remove(path).catch(() => {});
    }
  }));

Deno.test("fit() saves nothing of an epoch whose loss was no number", () =>
  withFolder(async (folder) => {
    const path = join(folder, "state.safetensors");
    for (const bad of [NaN, Infinity, -Infinity]) {
      const step = counting({ loss: (step) => step === 8 ? bad : 1 });
      const { message } = await assertRejects(
        () => train(step, { seed: 4, checkpoint: { path, everySeconds: 0 } }),
        RangeError,
        "the loss is no finite number at epoch 2, batch 3 of 5",
      );
      const [a, b] = epochOrder(10, { seed: 4, epoch: 1 }).subarray(4);
      assert(message.includes(`(examples ${a}, ${b})`), message);
      assertEquals((await readCheckpoint(path))!.state.step, 7);
      assertEquals([...(await readCheckpoint(path))!.arrays.weights[0].data], [7]);
    }
  }));

Deno.test("fit() shows five examples of a bad batch and says that there are more", async () => {
  const bad = () => counting({ loss: () => NaN });
  const words = async (batch: number) => (await assertRejects(() => train(bad(), { batch }))).message;
  assert(/\(examples \d+, \d+, \d+, \d+, \d+\)/.test(await words(5)));
  assert(/\(examples \d+, \d+, \d+, \d+, \d+, …\)/.test(await words(6)));
});

/** What a run leaves that must not depend on how often it was interrupted. */
async function trace(
  folder: string,
  make: () => { step: ReturnType<typeof counting>; options: Options },
  stops: readonly number[],
): Promise<unknown> {
  const name = `${stops.join("_")}`, path = join(folder, `${name}.safetensors`);
  const told: unknown[] = [];
  for (let part = 0;; part++) {
    const stop = new AbortController(), { step, options } = make();
    const history = await train(step, {
      ...options,
      checkpoint: { path },
      resume: true,
      reportMs: 0,
      signal: stop.signal,
      onBatch: ({ step }) => void (step === stops[part] && stop.abort()),
      onEpoch: ({ epoch }) => void told.push(epoch),
    });
    if (history.ending === "interrupted") continue;
    const epochs = history.epochs.map(({ seconds: _, examplesPerSecond: __, ...numbers }) => numbers);
    const { ending, steps, weightsOf, states: { earlyStopping } } = history;
    const { arrays, state } = (await readCheckpoint(path))!;
    const kept = arrays.kept?.map(({ data }) => [...data]), drawn = [...arrays.optimizer[1].data];
    return {
      epochs,
      ending,
      steps,
      weightsOf,
      earlyStopping,
      told,
      kept,
      drawn,
      random: state.random,
      weight: step.weight(),
    };
  }
}

/** Validation losses by epoch that wait, drop, wait again and stop. */
const LOSSES = [5, 4, 4, 4, 3, 3, 3, 3, 3, 3];
const validation = (steps: number) => LOSSES[steps / 5 - 1];

Deno.test("fit() resumed keeps what schedules and callbacks remember, and the weights that were kept", () =>
  withFolder(async (folder) => {
    const make = () => ({
      step: counting({ validation }),
      options: {
        epochs: 10,
        validation: numbered(2),
        schedule: reduceOnPlateau(1, { patience: 2, factor: 0.5, minDelta: 0 }),
        callbacks: [earlyStopping({ patience: 4 }), csvLog(join(folder, "h.csv"))],
      },
    });
    const whole = await trace(folder, make, []) as Record<string, unknown>;
    assertEquals([whole.ending, whole.steps, whole.weightsOf], ["stopped early", 45, 5]);
    assertEquals(whole.told, [1, 2, 3, 4, 5, 6, 7, 8, 9]);
    const rates = (whole.epochs as { learningRate: number }[]).map(({ learningRate }) => learningRate);
    assertEquals(rates, [1, 1, 1, 1, 0.5, 0.5, 0.5, 0.25, 0.25]);
    assertEquals([whole.kept, whole.weight], [[[22.5]], 22.5]); // 20 steps at 1 and 5 at 0.5
    const csv = await Deno.readTextFile(join(folder, "h.csv"));
    assertEquals(csv.split("\n").length, 11);
    for (const stops of [[1], [5], [13, 14, 20], [17, 18, 21, 33, 34, 35, 44]]) {
      assertEquals(await trace(folder, make, stops), whole, `stopped at ${stops}`);
    }
  }));

Deno.test("fit() resumed after its end says how it ended, and takes no step", () =>
  withFolder(async (folder) => {
    const path = join(folder, "state.safetensors");
    const options = () => ({
      epochs: 10,
      validation: numbered(2),
      callbacks: [earlyStopping({ patience: 2 })],
      checkpoint: { path },
      resume: true,
    });
    const first = await train(counting({ validation }), options());
    assertEquals([first.ending, first.steps, first.weightsOf], ["stopped early", 20, 2]);
    let steps = 0;
    const again = counting({ validation, onStep: () => void steps++ });
    const second = await train(again, options());
    assertEquals([second.ending, second.steps, second.weightsOf, steps], ["stopped early", 20, 2, 0]);
    assertEquals([second.epochs.length, second.states, again.weight()], [4, first.states, 10]);
  }));

Deno.test("fit() goes on from a checkpoint only where it is told to", () =>
  withFolder(async (folder) => {
    const path = join(folder, "state.safetensors");
    const fresh = await train(counting(), { checkpoint: { path }, resume: true });
    assertEquals(fresh.steps, 15, "there was none");
    let steps = 0;
    await train(counting({ onStep: () => void steps++ }), { checkpoint: { path } });
    assertEquals(steps, 15, "begun anew");
    await train(counting({ onStep: () => void steps++ }), { checkpoint: { path }, resume: true });
    assertEquals(steps, 15, "finished already");
  }));

Deno.test("fit() refuses a checkpoint of another run, naming what differs", () =>
  withFolder(async (folder) => {
    const path = join(folder, "state.safetensors");
    const resume = (step: CountingOptions, options: Options) =>
      train(counting(step), { checkpoint: { path }, resume: true, ...options });
    await resume({}, { settings: { data: "a" } });
    const cases: [CountingOptions, Options, string][] = [
      [{}, { settings: { data: "b" } }, 'as its run had data "a": got "b"'],
      [{}, {}, 'as its run had data "a": got undefined'],
      [{}, { settings: { data: "a", more: 1 } }, "as its run had more undefined: got 1"],
      [{}, { settings: { data: "a" }, seed: 1 }, "as its run had seed 0: got 1"],
      [{}, { settings: { data: "a" }, batch: 3 }, "as its run had batch 2: got 3"],
      [{}, { settings: { data: "a" }, epochs: 4 }, "as its run had epochs 3: got 4"],
      [{}, { settings: { data: "a" }, size: 12 }, "as its run had examples 10: got 12"],
      [{}, { settings: { data: "a" }, schedule: constant(2) }, 'as its run had schedule {"learningRate"'],
      [
        { config: { step: "other" } },
        { settings: { data: "a" } },
        'as its run had step "counting": got "other"',
      ],
      [{}, { settings: { data: "a" }, shards: 2 }, "Cannot resume as the run had 1 shards: got 2"],
    ];
    for (const [step, options, words] of cases) {
      await assertRejects(() => resume(step, options), Error, words);
    }
    await resume({}, { settings: { data: "a" }, shards: "auto" });
  }));

Deno.test("takeUp() refuses arrays that are not the run's, naming their role", () =>
  withFolder(async (folder) => {
    const path = join(folder, "state.safetensors");
    await train(counting(), { checkpoint: { path } });
    const saved = (await readCheckpoint(path))!;
    const step = counting().create({ model: idleModel() }, numbered(4)), compiled = step.compile(1);
    const run = { step, compiled, schedules: {}, callbacks: [], kept: [] } as unknown as Parameters<
      typeof takeUp
    >[0];
    const without = (role: string, list: typeof saved.arrays[string]) =>
      takeUp(run, { ...saved, arrays: { ...saved.arrays, [role]: list } });
    await assertRejects(
      async () => await without("optimizer", []),
      Error,
      "has 2 arrays of optimizer: found 0",
    );
    await assertRejects(async () => await without("sums", []), Error, "has 2 arrays of sums: found 0");
    takeUp(run, { ...saved, state: { ...saved.state, random: { seed: 3, counter: 9 } } });
    assertEquals([random.getState(), step.weights[0].dataSync()[0]], [{ seed: 3, counter: 9 }, 15]);
    compiled.dispose();
    step.dispose();
  }));

Deno.test("fit() interrupted while it validates goes on with the validation", () =>
  withFolder(async (folder) => {
    const path = join(folder, "state.safetensors"), stop = new AbortController();
    let steps = 0;
    const options = { validation: numbered(2), checkpoint: { path }, resume: true };
    const first = await train(
      counting({
        onStep: () => void steps++,
        validation(done) {
          if (done === 10) stop.abort();
          stop.signal.throwIfAborted();
          return 1;
        },
      }),
      { ...options, signal: stop.signal },
    );
    assertEquals([first.ending, first.epochs.length, steps], ["interrupted", 1, 10]);
    const second = await train(counting({ onStep: () => void steps++, validation: () => 1 }), options);
    assertEquals([second.ending, second.epochs.length, second.steps, steps], ["finished", 3, 15, 15]);
    await assertRejects(
      () =>
        train(
          counting({
            validation() {
              throw new TypeError("a fault of its own");
            },
          }),
          { validation: numbered(2) },
        ),
      TypeError,
      "a fault of its own",
    );
  }));

Deno.test("fit() validates and keeps the averages, trains the weights, and ends with the averages", async () => {
  const validated: number[] = [], trained: number[] = [];
  const step = counting({
    averaged: true,
    validation: (_, weight) => (validated.push(weight), weight === 50 ? NaN : weight),
    onStep: () => void trained.push(validated.length),
  });
  await assertRejects(
    () => train(step, { epochs: 1, validation: numbered(2) }),
    RangeError,
    "after epoch 1: look at these examples",
  );
  assertEquals([validated, step.weight()], [[50], 5], "put back though it failed");
  const good = counting({ averaged: true, validation: (_, weight) => weight });
  const { epochs } = await train(good, { validation: numbered(2) });
  assertEquals(epochs.map(({ validationLoss }) => validationLoss), [50, 100, 150]);
  assertEquals([good.weight(), epochs[0].validationScore], [150, 7]);
  const best = counting({ averaged: true, validation: (steps) => steps });
  const kept = await train(
    best,
    { validation: numbered(2), callbacks: [earlyStopping({ patience: 5 })] },
  );
  assertEquals([best.weight(), kept.weightsOf, kept.ending], [50, 1, "finished"]);
});

Deno.test("fit() visits what its seed and epoch say, and steps at the rate of the schedule", async () => {
  const seen: number[][] = [], rates: number[] = [];
  const onStep = (_: number, rows: number[], { learningRate }: Readonly<Record<string, number>>) => {
    seen.push(rows);
    rates.push(learningRate);
  };
  await train(counting({ onStep }), {
    epochs: 2,
    batch: 4,
    seed: 3,
    schedule: stepwise(1, { every: 1, factor: 0.5 }),
  });
  const orders = [0, 1].map((epoch) => [...epochOrder(10, { seed: 3, epoch })]);
  assertEquals(seen, orders.flatMap((rows) => [rows.slice(0, 4), rows.slice(4, 8), rows.slice(8)]));
  assertEquals(rates, [1, 1, 1, 0.5, 0.5, 0.5]);
  const progress: unknown[] = [];
  const schedule: Schedule = { config: { name: "x" }, rate: (p) => (progress.push(p), 1) };
  await train(counting({}), { epochs: 2, batch: 4, schedule });
  assert(progress.every((p) => (p as { steps: number }).steps === 6), "steps of the whole run");
  assertEquals(new Set(progress.map((p) => (p as { stepsPerEpoch: number }).stepsPerEpoch)), new Set([3]));
});

Deno.test("fit() takes a schedule for every rate, one for all or one each, and names them in the history", async () => {
  const rates = ["generator", "discriminator"];
  const one = await train(counting({ rates }), { epochs: 1, schedule: constant(0.5) });
  assertEquals([one.epochs[0].generatorLearningRate, one.epochs[0].discriminatorLearningRate], [0.5, 0.5]);
  const schedule = { generator: constant(0.25), discriminator: constant(2) };
  const each = await train(counting({ rates }), { epochs: 1, schedule });
  assertEquals([each.epochs[0].generatorLearningRate, each.epochs[0].discriminatorLearningRate], [0.25, 2]);
  assertEquals(each.epochs[0].learningRate, undefined);
  const wrong = { ...schedule, judge: constant(1) };
  await assertRejects(
    () => train(counting({ rates }), { schedule: wrong }),
    TypeError,
    "each of generator, discriminator: got generator, discriminator, judge",
  );
  const { epochs } = await train(counting(), { epochs: 1, schedule: undefined });
  assertEquals(epochs[0].learningRate, 1e-3, "the rate where nothing is said");
});

Deno.test("fit() counts seconds and examples a second, over all sessions", () =>
  withFolder((folder) =>
    withClock(async (pass) => {
      const path = join(folder, "state.safetensors"), stop = new AbortController();
      const step = (done: () => void = () => {}) =>
        counting({
          onStep: () => {
            pass(2);
            done();
          },
          validation: () => (pass(5), 1),
        });
      const options = { epochs: 2, validation: numbered(2), checkpoint: { path }, resume: true };
      let steps = 0;
      const first = await train(step(() => ++steps === 7 && stop.abort()), {
        ...options,
        signal: stop.signal,
      });
      assertEquals([first.ending, first.seconds, first.epochs[0].seconds], ["interrupted", 19, 15]);
      assertEquals(first.epochs[0].examplesPerSecond, 1, "ten in ten seconds: validation does not count");
      pass(1000);
      const second = await train(step(), options);
      assertEquals([second.seconds, second.epochs[1].seconds, second.epochs[1].examplesPerSecond], [
        30,
        15,
        1,
      ]);
    })
  ));

Deno.test("fit() reports at most five times a second, and at the end of every epoch", () =>
  withClock(async (pass) => {
    const run = async (reportMs?: number) => {
      const reports: BatchReport[] = [];
      const step = counting({ onStep: () => pass(0.15), loss: (step) => step });
      await train(step, { epochs: 2, reportMs, onBatch: (report) => void reports.push(report) });
      return reports;
    };
    assertEquals((await run()).map(({ step }) => step), [2, 4, 5, 7, 9, 10]);
    assertEquals((await run(1000)).map(({ step }) => step), [5, 10]);
    assertEquals(
      (await run(300)).map(({ step }) => step),
      [2, 4, 5, 7, 9, 10],
      "300 ms are over after two steps",
    );
    const [first, , third] = await run();
    assertEquals({ ...first, examplesPerSecond: Math.round(first.examplesPerSecond) }, {
      epoch: 1,
      epochs: 2,
      batch: 2,
      batches: 5,
      step: 2,
      steps: 10,
      means: { loss: 1.5, score: 1.5 },
      learningRate: 1,
      examplesPerSecond: 13, // four in 0.3 s
    });
    assertEquals([third.batch, third.means.loss], [5, 3]);
  }));

Deno.test("fit() tells the other workers of its settings and of every step, and reports what each has done", async () => {
  const told: unknown[] = [];
  const workers: Workers = {
    rank: 0,
    size: 1,
    agree: (topic, facts) => Promise.resolve(void told.push([topic, facts.steps])),
    mark: (step, doing) => void told.push([step, doing]),
    explain: (error) => Promise.resolve(new Error(`explained: ${(error as Error).message}`)),
  };
  const { workers: reports } = await train(counting(), { epochs: 1, batch: 4, workers });
  assertEquals(told, [
    ["the run", 0],
    ...[[0, "stepping"], [1, "reading"], [1, "stepping"], [2, "reading"], [2, "stepping"], [3, "reading"]],
  ]);
  assertEquals(reports?.map(({ examples, exchangeSeconds }) => [examples, exchangeSeconds]), [[10, 0]]);
  assert(reports![0].seconds > 0);
  const bad = counting({
    onStep: () => {
      throw new Error("gone");
    },
  });
  await assertRejects(() => train(bad, { workers }), Error, "explained: gone");
});

Deno.test("fit() tells callbacks of the run, every batch and every epoch, and keeps what they have to tell", async () => {
  const told: unknown[] = [];
  const listener: Callback = {
    name: "listener",
    begin: ({ epochs, better }: RunInfo) => void told.push({ epochs, better }),
    async onBatch({ epoch, batch, examples, read }) {
      told.push([epoch, batch, examples, (await read()).means.score]);
    },
    onEpoch: (numbers, control) => {
      told.push(numbers.loss);
      if (numbers.epoch === 2) control.stop();
    },
    state: () => ({ told: told.length }),
  };
  const step = counting({ validation: () => 1, loss: () => 3 });
  const { ending, states, epochs } = await train(step, {
    batch: 4,
    callbacks: [listener],
    validation: numbered(2),
  });
  assertEquals(told, [
    {
      epochs: 3,
      better: { loss: "lower", score: "higher", validationLoss: "lower", validationScore: "higher" },
    },
    [1, 1, 4, 1],
    [1, 2, 4, 1.5],
    [1, 3, 2, 1.8],
    3,
    [2, 1, 4, 4],
    [2, 2, 4, 4.5],
    [2, 3, 2, 4.8],
    3,
  ]);
  assertEquals([ending, states, epochs.length], ["stopped early", { listener: { told: 9 } }, 2]);
});

Deno.test("fit() hands the optimizer's state over at the end, with the last rate, and not when interrupted", async () => {
  const given: number[] = [], stop = new AbortController();
  const options = {
    schedule: stepwise(1, { every: 2, factor: 0.5 }),
    onEnd: ({ rate }: { rate: number }) => void given.push(rate),
  };
  await train(counting(), options);
  assertEquals(given, [0.5]);
  await train(
    counting({ onStep: () => stop.abort() }),
    { ...options, signal: stop.signal },
  );
  assertEquals(given, [0.5]);
});

Deno.test("fit() interrupted ends after the step at hand, with a checkpoint, and the weights of that step", () =>
  withFolder(async (folder) => {
    const path = join(folder, "state.safetensors"), stop = new AbortController();
    const step = counting({ onStep: (step) => void (step === 3 && stop.abort()) });
    const { ending, steps, weightsOf } = await train(step, { checkpoint: { path }, signal: stop.signal });
    assertEquals([ending, steps, weightsOf, step.weight()], ["interrupted", 3, 0, 3]);
    const { state } = (await readCheckpoint(path))!;
    assertEquals([state.epoch, state.batch, state.step], [0, 3, 3]);
    // raised between two epochs: saved though `every` does not divide
    const later = new AbortController();
    const between = await train(counting(), {
      checkpoint: { path, every: 9 },
      signal: later.signal,
      onEpoch: ({ epoch }) => void (epoch === 2 && later.abort()),
    });
    assertEquals([between.ending, between.epochs.length], ["interrupted", 2]);
    assertEquals((await readCheckpoint(path))!.state.epoch, 2);
    const last = new AbortController();
    const over = await train(counting(), {
      signal: last.signal,
      onEpoch: ({ epoch }) => void (epoch === 3 && last.abort()),
    });
    assertEquals(over.ending, "finished", "nothing is left to do");
  }));

Deno.test("fit() begins each run at its seed, whatever was drawn before", async () => {
  const draws: { seed: number; counter: number }[] = [];
  const onStep = () => void draws.push(random.getState());
  for (const seed of [5, 5, undefined]) {
    random.uniform([3]).dispose();
    await train(counting({ onStep }), { epochs: 1, batch: 10, seed });
  }
  assertEquals(draws.map(({ seed }) => seed), [5, 5, 0]);
  assertEquals(draws[0], draws[1]);
});

Deno.test("fit() refuses numbers that make no sense, naming them", async () => {
  const cases: [Options, string][] = [
    [{ epochs: 0 }, "epochs must be a whole number of at least 1: got 0"],
    [{ epochs: 1.5 }, "epochs must be a whole number of at least 1: got 1.5"],
    [{ batch: 0 }, "batch must be a whole number of at least 1: got 0"],
    [{ shards: 0 }, "shards must be a whole number of at least 1: got 0"],
    [
      { checkpoint: { path: "x", every: 0 } },
      "epochs between checkpoints must be a whole number of at least 1: got 0",
    ],
    [{ validation: { ...numbered(1), size: 0 } }, "the number of validation examples must be"],
    [{ size: 0 }, "the number of examples must be a whole number of at least 1: got 0"],
  ];
  for (const [options, words] of cases) {
    await assertRejects(() => train(counting(), options), RangeError, words);
  }
  await assertRejects(
    () => fit(idleModel(), numbered(2), { epochs: 1 } as unknown as FitOptions),
    TypeError,
    "Cannot train without a loss",
  );
});

Deno.test("fit() leaves no tensor behind, however it ends", async () => {
  const model = idleModel(), source = numbered(10);
  const before = tf.memory().numTensors;
  const run = (step: CountingOptions, options: Options = {}) =>
    fit(model, source, { epochs: 2, batch: 2, shards: 1, step: counting(step), ...options } as FitOptions);
  const stop = new AbortController();
  await run(
    { validation: () => 1 },
    { validation: source, callbacks: [earlyStopping()] },
  );
  await run({ onStep: () => stop.abort() }, { signal: stop.signal });
  await assertRejects(() => run({ loss: () => NaN }));
  await assertRejects(
    () => run({}, { callbacks: [earlyStopping()] }),
    RangeError,
    'Cannot watch "validationLoss"',
  );
  assertEquals(tf.memory().numTensors, before);
  assertEquals(typeof runEpoch, "function");
});

Deno.test("fit() means over an epoch count every example once, a resumed epoch's too", () =>
  withFolder(async (folder) => {
    const path = join(folder, "state.safetensors"), stop = new AbortController();
    const options = { epochs: 1, batch: 4, checkpoint: { path }, resume: true };
    const loss = (step: number) => [8, 2, 5][step - 1];
    await train(counting({ loss, onStep: () => stop.abort() }), { ...options, signal: stop.signal });
    const { epochs } = await train(counting({ loss }), options);
    assertClose(epochs[0].loss, (4 * 8 + 4 * 2 + 2 * 5) / 10, 1e-6);
  }));
