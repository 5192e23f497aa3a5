/**
 * The CYGNO course against its own way (Pillow, dask, Keras), and the networks against analyses without one. @module
 */
import { join } from "@std/path";
import { openCygno } from "../../lib/data/cygno.ts";
import { startEngine, tf } from "../../lib/engine/mod.ts";
import { fromArrays } from "../../lib/data/source.ts";
import { auc, regressionByBin } from "../../lib/evaluate/mod.ts";
import { cygno } from "../../lib/experiments/cygno/experiment.ts";
import { ENERGY_EDGES, measureCrops, SIDE } from "../../lib/experiments/cygno/data.ts";
import { fitQuadratic } from "../../lib/experiments/cygno/features.ts";
import type { Options } from "../../lib/run/experiment.ts";
import { decodeKeras } from "../../lib/export/keras_read.ts";
import { createRng } from "../../lib/base/rng.ts";
import { buildCourseCnn } from "../../lib/models/course_cnn.ts";
import { writeSet } from "../../lib/simulate/cygno_set.ts";
import * as train from "../../lib/train/mod.ts";
import { CliError } from "../_cli.ts";
import { alternate, type BenchContext, type BenchRow, type BenchTable, Peer } from "./_bench.ts";

export const name = "cygno";
export const summary =
  "The CYGNO course: decoding, steps, 50 epochs, quality beside baselines (parts: decode, step, epochs, quality)";

/** Images of the timed set, as many as the course's epoch of a few seconds suggests; and of the set for quality. */
const TIMED = 300, UNSEEN = 1000, TRAINED = 40_000, TESTED = 10_000;

/** Runs the chosen parts, all where none is chosen. */
export async function run(context: BenchContext): Promise<BenchTable[]> {
  const parts: Record<string, (context: BenchContext) => Promise<BenchTable>> = {
    decode,
    step,
    epochs,
    quality,
  };
  const unknown = context.parts.find((part) => !Object.hasOwn(parts, part));
  if (unknown) {
    throw new CliError(`No part of the bench is named "${unknown}": ${Object.keys(parts).join(", ")}`);
  }
  const tables: BenchTable[] = [];
  for (const [part, measure] of Object.entries(parts)) {
    if (context.parts.length === 0 || context.parts.includes(part)) tables.push(await measure(context));
  }
  return tables;
}

/** A simulated archive in the bench's folder, made once. */
async function archive({ folder, say }: BenchContext, events: number, seed: number): Promise<string> {
  const path = join(folder, `set_${events}_${seed}.zip`);
  if (await Deno.stat(path).then(() => true, () => false)) return path;
  say(`simulating ${events} events`);
  await writeSet(path, { events, seed });
  return path;
}

function course({ folder, need }: BenchContext, zip: string): Peer {
  const script = new URL("./peers/cygno_course.py", import.meta.url).pathname;
  return new Peer(need("keras"), [script, zip, join(folder, "unpacked")]);
}

async function decode(context: BenchContext): Promise<BenchTable> {
  const zip = await archive(context, TIMED, 11);
  await using peer = course(context, zip);
  const { images } = await openCygno(zip);
  const crops = images.cropCenter(SIDE / 2);
  await crops.read([0]); // both sides have started their threads and unpacked before the clock runs
  await peer.ask({ do: "decode" });
  const values = await alternate(context.rounds, {
    async ours() {
      const start = performance.now();
      await crops.read();
      return TIMED / ((performance.now() - start) / 1000);
    },
    async theirs() {
      return TIMED / (await peer.ask({ do: "decode" })).seconds;
    },
  });
  images.close();
  return {
    title: "Zip to cropped uint8 arrays",
    rows: [{
      what: "decode and crop",
      unit: "images/s",
      better: "higher",
      peer: "dask, Pillow",
      bar: 3,
      ...values,
    }],
    notes: [`${TIMED} images of 576 × 576; ours straight from the zip, theirs from files unpacked before.`],
  };
}

async function step(context: BenchContext): Promise<BenchTable> {
  const zip = await archive(context, TIMED, 11);
  await using peer = course(context, zip);
  await startEngine();
  const model = buildCourseCnn({ seed: 1 });
  const rng = createRng(1), rows = 10;
  const image = Uint8Array.from({ length: rows * SIDE * SIDE }, () => 60 + 70 * rng());
  const nuclear = Float32Array.from({ length: rows }, (_, i) => i % 2);
  const source = fromArrays(
    { image: { data: image, shape: [rows, SIDE, SIDE, 1] } },
    { nuclear: { data: nuclear, shape: [rows] } },
    { applied: { image: 2 } },
  );
  const recipe = cygno.recipe({ ...defaults(), recipe: "course" }, undefined as never, { model });
  if ("step" in recipe) throw new Error("The course's recipe is supervised");
  const indices = tf.tensor1d(Int32Array.from({ length: rows }, (_, i) => i), "int32");
  const trainStep = train.supervised({ ...recipe, metrics: [] }).create({ model }, source);
  const steps = 30, times: ((count: number) => Promise<number>)[] = [];
  for (const shards of [1, 2]) {
    const compiled = trainStep.compile(shards);
    times.push(async (count) => {
      const start = performance.now();
      for (let i = 0; i < count; i++) {
        compiled.run([indices], { learningRate: 1e-3 });
        await compiled.totals.read(); // as Keras gives its loss back
      }
      return (performance.now() - start) / count;
    });
  }
  const first: number[] = [];
  for (const time of times) {
    await time(3);
    first.push(await time(10));
  }
  const best = times[first.indexOf(Math.min(...first))]; // as fit chooses
  const answers: Record<string, number>[] = [];
  const values = await alternate(context.rounds, {
    ours: () => best(steps),
    async theirs() {
      answers.push(await peer.ask({ do: "step", steps }));
      return 1000 * Math.min(answers.at(-1)!.graph, answers.at(-1)!.train_on_batch);
    },
  });
  return {
    title: "Training step of the course's network, batch 10, data in memory",
    rows: [{ what: "step", unit: "ms", peer: "Keras, graph", bar: 0.8, ...values }],
    notes: [
      "Ours gathers, windows and converts the batch from bytes within the step; theirs is given floats.",
    ],
  };
}

/** The experiment's options at their defaults. */
function defaults(): Options<typeof cygno.options> {
  const values = Object.fromEntries(
    Object.entries(cygno.options).map(([name, spec]) => [name, "default" in spec ? spec.default : undefined]),
  );
  return { ...values, ...cygno.defaults, seed: 0 } as Options<typeof cygno.options>;
}

/** Runs `deno task train` in a process of its own and gives its wall time in seconds. */
async function trainProcess(args: string[]): Promise<number> {
  const script = new URL("../train.ts", import.meta.url).pathname, start = performance.now();
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--allow-all", "--no-prompt", script, "cygno", ...args],
    stdout: "null",
    stderr: "piped",
  }).output();
  if (!success) {
    throw new CliError(`Training failed: ${new TextDecoder().decode(stderr).trim().split("\n").at(-1)}`);
  }
  return (performance.now() - start) / 1000;
}

/** Outputs of a run's model for raw crops. */
async function predictRun(
  folder: string,
  crops: Uint8Array,
  recipe: "best" | "course",
): Promise<Float32Array[]> {
  await startEngine();
  const { model } = await decodeKeras(await Deno.readFile(join(folder, "model.keras")));
  const size = crops.length / (SIDE * SIDE);
  const source = fromArrays({ image: { data: crops, shape: [size, SIDE, SIDE, 1] } }, {}, {
    applied: { image: 2 },
  });
  const steps = cygno.recipe({ ...defaults(), recipe }, undefined as never, { model });
  const preprocessing = "preprocessing" in steps ? steps.preprocessing : [];
  return Object.values(await train.predict(model, source, { preprocessing })).map(({ data }) => data);
}

/** Crops, labels and energies of an archive, in order of the names. */
async function readAll(zip: string) {
  const { images, labels, energies } = await openCygno(zip);
  const crops = await images.cropCenter(SIDE / 2).read();
  images.close();
  return { crops, labels: labels.values, energies: energies.values };
}

async function epochs(context: BenchContext): Promise<BenchTable> {
  const { folder, say } = context;
  const zip = await archive(context, TIMED, 11), unseen = await readAll(await archive(context, UNSEEN, 12));
  const raw = join(folder, "unseen.raw");
  await Deno.writeFile(raw, unseen.crops);
  const ours: number[] = [], theirs: number[] = [], oursAuc: number[] = [], theirsAuc: number[] = [];
  let low = 0, high = 1;
  for (let round = 0; round < Math.min(context.rounds, 2); round++) {
    say(`50 epochs, round ${round + 1}: ours`);
    const out = join(folder, `run_${round}`);
    ours.push(
      await trainProcess([
        "--recipe",
        "course",
        "--data",
        zip,
        "--test",
        "0",
        "--out",
        out,
        "--seed",
        String(round),
      ]),
    );
    oursAuc.push(auc((await predictRun(out, unseen.crops, "course"))[0], unseen.labels).value);
    say(`${ours.at(-1)!.toFixed(1)} s; theirs`);
    await using peer = course({ ...context, folder: join(folder, `theirs_${round}`) }, zip);
    const { seconds, start } = await peer.ask({ do: "epochs", epochs: 50 });
    theirs.push(seconds + start);
    const answer = await peer.ask({ do: "score", images: raw, shape: [UNSEEN, SIDE, SIDE] });
    const estimate = auc(answer.scores as unknown as number[], unseen.labels);
    theirsAuc.push(estimate.value);
    [low, high] = [estimate.low, estimate.high];
  }
  return {
    title: "50 epochs of the course's recipe from the zip, batch 10",
    rows: [
      { what: "wall time, start to end", unit: "s", peer: "Pillow, dask, Keras", bar: 0.3, ours, theirs },
      {
        what: `AUC on ${UNSEEN} unseen events`,
        unit: "",
        better: "higher",
        peer: "Keras",
        ours: oursAuc,
        theirs: theirsAuc,
      },
    ],
    notes: [
      `${TIMED} images, 50 of them for validation. Ours includes evaluation, plots and the report. ` +
      `Their last AUC has a 95 % interval of ${low.toFixed(3)} to ${high.toFixed(3)}.`,
    ],
  };
}

/** Seeds of the trainings whose quality is told, and of the events: none that the recipe was tuned on. */
const QUALITY_SEEDS = [0, 1, 2], KNOWN_SEED = 121, UNSEEN_SEED = 122;

async function quality(context: BenchContext): Promise<BenchTable> {
  const { folder, need, say } = context;
  const zip = await archive(context, TRAINED, KNOWN_SEED);
  const testZip = await archive(context, TESTED, UNSEEN_SEED);
  const [known, unseen] = [await readAll(zip), await readAll(testZip)];
  const runs: { seconds: number; scores: Float32Array; energies: Float32Array }[] = [];
  for (const seed of QUALITY_SEEDS) {
    say(`training on ${TRAINED} events, seed ${seed}`);
    const out = join(folder, `best_${seed}`);
    const options = { data: zip, validation: 0, test: 200, epochs: 14, seed, out };
    const seconds = await trainProcess(
      Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)]),
    );
    const [scores, units] = await predictRun(out, unseen.crops, "best");
    runs.push({ seconds, scores, energies: units.map((value) => 30 * value) });
  }

  say("measuring tracks for the baselines");
  const [before, after] = [known, unseen].map(({ crops, labels }) => measureCrops(crops, labels.length));
  const save = async (file: string, clusters: typeof before, labels: Float32Array) => {
    const rows = Float32Array.from(
      clusters.flatMap(({ length, width, density }, i) => [length, width, density, labels[i]]),
    );
    await Deno.writeFile(join(folder, file), new Uint8Array(rows.buffer));
    return join(folder, file);
  };
  const files = [
    await save("known.f32", before, known.labels),
    await save("unseen.f32", after, unseen.labels),
  ];
  const script = new URL("./peers/cygno_trees.py", import.meta.url).pathname;
  const { success, stdout, stderr } = await new Deno.Command(need("trees"), { args: [script, ...files] })
    .output();
  if (!success) {
    throw new CliError(`The trees failed: ${new TextDecoder().decode(stderr).trim().split("\n").at(-1)}`);
  }
  const trees = JSON.parse(new TextDecoder().decode(stdout)).scores as number[];
  const density = after.map(({ density }) => density);
  const side = auc(before.map(({ density }) => density), known.labels).value >= 0.5 ? 1 : -1;
  const light = fitQuadratic(before.map(({ light }) => light), known.energies);
  const fromLight = after.map((cluster) => light(cluster.light));

  const seconds = runs.map(({ seconds }) => seconds.toFixed(0)).join(", ");
  const rows: BenchRow[] = [],
    notes: string[] = [
      `${TESTED} events of another seed; trained on ${TRAINED} from seeds ${
        QUALITY_SEEDS.join(", ")
      }, in ${seconds} s.`,
    ];
  for (let bin = 0; bin < ENERGY_EDGES.length; bin++) { // the last one is all energies
    const [from, to] = bin < 3 ? [ENERGY_EDGES[bin], ENERGY_EDGES[bin + 1]] : [0, Infinity];
    const members = Array.from(unseen.energies.keys()).filter((i) =>
      unseen.energies[i] >= from && unseen.energies[i] < to
    );
    const labels = members.map((i) => unseen.labels[i]),
      pick = (values: ArrayLike<number>) => members.map((i) => values[i]);
    const title = bin < 3 ? `${from} to ${to} keV` : "all energies";
    const ours = runs.map(({ scores }) => auc(pick(scores), labels)),
      cut = auc(pick(density).map((d) => side * d), labels).value;
    const boosted = auc(pick(trees), labels).value;
    const each = ours.map(({ value, low, high }) =>
      `${value.toFixed(4)} (95 % ${low.toFixed(4)} to ${high.toFixed(4)})`
    );
    notes.push(
      `AUC ${title}: ${each.join(", ")}; the cut with its side turned round has ${(1 - cut).toFixed(4)}.`,
    );
    for (const [peer, value] of [["light density cut", cut], ["boosted trees", boosted]] as const) {
      rows.push({
        what: `AUC, ${title}`,
        unit: "",
        better: "higher",
        peer,
        bar: 1,
        ours: ours.map(({ value }) => value),
        theirs: [value],
      });
    }
  }
  const options = { rng: createRng(1), resamples: 2 };
  const byBin = (values: ArrayLike<number>) =>
    regressionByBin(values, unseen.energies, ENERGY_EDGES, options);
  const ours = runs.map(({ energies }) => byBin(energies));
  byBin(fromLight).forEach(({ low, high, resolution }, bin) => {
    rows.push({
      what: `energy resolution, ${low} to ${high} keV`,
      unit: "keV",
      peer: "summed light",
      bar: 1,
      ours: ours.map((bins) => bins[bin].resolution.value),
      theirs: [resolution.value],
    });
  });
  return { title: `Quality on ${TESTED} unseen events`, rows, notes };
}
