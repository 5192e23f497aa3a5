/**
 * The CYGNO course against its own way (Pillow, dask, Keras), and the networks against analyses without one. @module
 */
import { join } from "@std/path";
import { openCygno } from "../../lib/data/cygno.ts";
import { mixedPrecisionRefusal, type Precision, startEngine, tf } from "../../lib/engine/mod.ts";
import { fromArrays } from "../../lib/data/source.ts";
import {
  auc,
  calibration,
  type Estimate,
  meanOf,
  proportion,
  regression,
  regressionByBin,
} from "../../lib/evaluate/mod.ts";
import { cygno } from "../../lib/experiments/cygno/experiment.ts";
import {
  CROP_STEPS,
  ENERGY_EDGES,
  ENERGY_UNIT,
  measureCrops,
  SIDE,
} from "../../lib/experiments/cygno/data.ts";
import { type ClusterFeatures, fitQuadratic } from "../../lib/experiments/cygno/features.ts";
import { allEnergies, energyBins, type EnergyRange, lightCut } from "../../lib/experiments/cygno/report.ts";
import { optionsFor } from "../../lib/run/options_for.ts";
import { decodeKeras } from "../../lib/export/keras_read.ts";
import { createRng } from "../../lib/base/rng.ts";
import { buildCourseCnn } from "../../lib/models/course_cnn.ts";
import { writeSet } from "../../lib/simulate/cygno_set.ts";
import * as train from "../../lib/train/mod.ts";
import {
  alternate,
  type BenchContext,
  type BenchRow,
  type BenchTable,
  measureProgram,
  median,
  memoryBeside,
  Peer,
  type ProgramCost,
  readProgram,
  runParts,
} from "./_bench.ts";
import { peakMebibytes } from "./_memory.ts";
import { stepGflop } from "./_work.ts";

export const name = "cygno";
export const summary =
  "The CYGNO course: simulation, decoding, steps, 50 epochs, quality beside baselines (parts: simulate, decode, step, epochs, quality)";

/** Events of a simulation that is timed: 5 s, of which starting the threads is little. */
const SIMULATED = 4000;
/** Images of the timed set, as many as the course's epoch of a few seconds suggests; and of the set for quality. */
const TIMED = 300, UNSEEN = 1000, TRAINED = 20_000, TESTED = 10_000;

/** Runs the chosen parts, all where none is chosen. */
export function run(context: BenchContext): Promise<BenchTable[]> {
  return runParts(name, context, { simulate, decode, step, epochs, quality });
}

/** A simulated archive in the bench's folder, made once. */
async function archive({ folder, say }: BenchContext, events: number, seed: number): Promise<string> {
  const path = join(folder, `set_${events}_${seed}.zip`);
  if (await Deno.stat(path).then(() => true, () => false)) return path;
  say(`simulating ${events} events`);
  await writeSet(path, { events, seed });
  return path;
}

async function simulate({ folder, rounds }: BenchContext): Promise<BenchTable> {
  const { ours } = await alternate(rounds, {
    async ours() {
      const path = join(folder, "timed.zip"), start = performance.now();
      const { truth } = await writeSet(path, { events: SIMULATED, seed: 11 });
      const rate = SIMULATED / ((performance.now() - start) / 1000);
      for (const file of [path, truth]) await Deno.remove(file);
      return rate;
    },
  });
  const memory = { ours: peakMebibytes(Deno.pid) };
  return {
    title: "Simulation of recoils into a zip of PNGs, all threads",
    rows: [{ what: "simulate", unit: "events/s", better: "higher", ours, limit: 700, memory }],
    notes: [`${SIMULATED} events of 576 × 576 pixels, through all energies and both kinds.`],
  };
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
      bar: 3.5,
      memory: memoryBeside(peer),
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
  const recipe = recipeOf("course", model);
  if ("step" in recipe) throw new Error("The course's recipe is supervised");
  const indices = tf.tensor1d(Int32Array.from({ length: rows }, (_, i) => i), "int32");
  const trainStep = train.supervised({ ...recipe, metrics: [] }).create({ model }, source);
  const steps = 30, gflop = stepGflop(model, rows), precisions: Precision[] = ["float32"];
  if (!mixedPrecisionRefusal()) precisions.push("mixed");
  const measures: Record<string, () => Promise<number>> = {};
  for (const precision of precisions) {
    const time = await fastestStep(trainStep, indices, precision);
    measures[`ours ${precision}`] = () => time(steps);
    measures[`theirs ${precision}`] = async () => {
      const policy = precision === "mixed" ? "mixed_bfloat16" : "float32";
      const { graph, train_on_batch } = await peer.ask({ do: "step", steps, policy } as never);
      return 1000 * Math.min(graph, train_on_batch);
    };
  }
  const values = await alternate(context.rounds, measures);
  const faster = (side: string) =>
    precisions.reduce((a, b) => median(values[`${side} ${b}`]) < median(values[`${side} ${a}`]) ? b : a);
  const row = (what: string, own: Precision, other: Precision, bar: number) => ({
    ...{ what, unit: "ms", peer: `Keras, ${other}`, bar, work: { gflop, precision: own } },
    ...{ ours: values[`ours ${own}`], theirs: values[`theirs ${other}`], memory: memoryBeside(peer) },
  });
  const both = precisions.length > 1
    ? [row("step, best of each", faster("ours"), faster("theirs"), 0.6)]
    : [];
  return {
    title: "Training step of the course's network, batch 10, data in memory",
    rows: [row("step", "float32", "float32", 0.8), ...both], // the first is named as older trees name it
    notes: [
      "Ours gathers, windows and converts the batch from bytes within the step; theirs is given floats.",
    ],
  };
}

/** The step in as many shards as `fit` would choose; gives the mean of so many steps, ms. */
async function fastestStep(trainStep: train.TrainStep, indices: tf.Tensor, precision: Precision) {
  const times = [1, 2].map((shards) => {
    const compiled = trainStep.compile(shards, precision);
    return async (count: number) => {
      const start = performance.now();
      for (let i = 0; i < count; i++) {
        compiled.run([indices], { learningRate: 1e-3 });
        await compiled.totals.read(); // as Keras gives its loss back
      }
      return (performance.now() - start) / count;
    };
  });
  const first: number[] = [];
  for (const time of times) {
    await time(3);
    first.push(await time(10));
  }
  return times[first.indexOf(Math.min(...first))];
}

/** The experiment's way of training. */
function recipeOf(recipe: "best" | "course", model: tf.LayersModel) {
  return cygno.recipe(optionsFor(cygno, { recipe }), undefined as never, { model });
}

/** Runs `deno task train` in a process of its own and gives what it took. */
function trainProcess(options: Readonly<Record<string, string | number>>): Promise<ProgramCost> {
  const script = new URL("../train.ts", import.meta.url).pathname;
  const flags = Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)]);
  return measureProgram(Deno.execPath(), ["run", "--allow-all", "--no-prompt", script, "cygno", ...flags]);
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
    applied: { image: CROP_STEPS.length },
  });
  const steps = recipeOf(recipe, model);
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
  const memory = { ours: 0, theirs: 0 };
  let low = 0, high = 1;
  for (let round = 0; round < Math.min(context.rounds, 2); round++) {
    say(`50 epochs, round ${round + 1}: ours`);
    const out = join(folder, `run_${round}`);
    const cost = await trainProcess({ recipe: "course", data: zip, test: 0, out, seed: round });
    ours.push(cost.seconds);
    memory.ours = Math.max(memory.ours, cost.mebibytes);
    oursAuc.push(auc((await predictRun(out, unseen.crops, "course"))[0], unseen.labels).value);
    say(`${ours.at(-1)!.toFixed(1)} s; theirs`);
    await using peer = course({ ...context, folder: join(folder, `theirs_${round}`) }, zip);
    const { seconds, start } = await peer.ask({ do: "epochs", epochs: 50 });
    theirs.push(seconds + start);
    memory.theirs = Math.max(memory.theirs, peer.mebibytes ?? 0);
    const answer = await peer.ask({ do: "score", images: raw, shape: [UNSEEN, SIDE, SIDE] });
    const estimate = auc(answer.scores as unknown as number[], unseen.labels);
    theirsAuc.push(estimate.value);
    [low, high] = [estimate.low, estimate.high];
  }
  return {
    title: "50 epochs of the course's recipe from the zip, batch 10",
    rows: [
      {
        what: "wall time, start to end",
        unit: "s",
        peer: "Pillow, dask, Keras",
        bar: 0.25,
        ours,
        theirs,
        memory,
      },
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

/** Seeds of the trainings whose quality is told, and of the events, each of another camera: none that the recipe was tuned on. */
const QUALITY_SEEDS = [0, 1, 2], KNOWN_SEED = 141, UNSEEN_SEED = 142;

/** What one training says of the unseen events. */
interface Verdict {
  scores: Float32Array;
  /** keV. */
  energies: Float32Array;
  /** Stated σ, keV. */
  sigmas: Float32Array;
}

async function quality(context: BenchContext): Promise<BenchTable> {
  const zip = await archive(context, TRAINED, KNOWN_SEED);
  const testZip = await archive(context, TESTED, UNSEEN_SEED);
  const seconds = await trainSeeds(context, zip);
  const [known, unseen] = [await readAll(zip), await readAll(testZip)];
  const verdicts = await askNetworks(context, unseen.crops);
  context.say("measuring tracks for the baselines");
  const measured = measureTracks(known, unseen), trees = await askTrees(context, measured);
  return {
    title: `Quality on ${TESTED} unseen events`,
    rows: [...rankingRows(verdicts, trees, measured), ...energyRows(verdicts, measured)],
    notes: [
      `${TESTED} events of another seed. Trained by the default recipe on ${TRAINED}, a tenth of them to calibrate by, from ` +
      `seeds ${QUALITY_SEEDS.join(", ")}, in ${
        seconds.map((s) => s.toFixed(0)).join(", ")
      } s; the trees on the same.`,
      ...rankingNotes(verdicts, trees, measured),
      ...reliabilityNotes(verdicts, measured),
      ...energyNotes(verdicts, trees, measured),
    ],
  };
}

/** Trains on the same events from each seed, and says how long each took. */
async function trainSeeds({ folder, say }: BenchContext, zip: string): Promise<number[]> {
  const seconds: number[] = [];
  for (const seed of QUALITY_SEEDS) {
    say(`training on ${TRAINED} events, seed ${seed}`);
    const cost = await trainProcess({ data: zip, test: 200, seed, out: join(folder, `best_${seed}`) });
    seconds.push(cost.seconds);
  }
  return seconds;
}

/** What each seed's network says of some events. */
async function askNetworks({ folder }: BenchContext, crops: Uint8Array): Promise<Verdict[]> {
  const verdicts: Verdict[] = [];
  for (const seed of QUALITY_SEEDS) {
    const [scores, both] = await predictRun(join(folder, `best_${seed}`), crops, "best");
    const column = (c: number) => scores.map((_, i) => ENERGY_UNIT * both[2 * i + c]);
    verdicts.push({ scores, energies: column(0), sigmas: column(1) });
  }
  return verdicts;
}

/** Events and what a classical analysis measures of them. */
interface Measured {
  known: Awaited<ReturnType<typeof readAll>>;
  unseen: Awaited<ReturnType<typeof readAll>>;
  before: ClusterFeatures[];
  after: ClusterFeatures[];
}

function measureTracks(known: Measured["known"], unseen: Measured["unseen"]): Measured {
  const [before, after] = [known, unseen].map(({ crops, labels }) => measureCrops(crops, labels.length));
  return { known, unseen, before, after };
}

/** What boosted trees say of the unseen events: the kind from three measures and from all ten, the energy from the ten. */
interface Trees {
  three: number[];
  ten: number[];
  energies: number[];
}

/** Ten measures of a track, the first three those that tell the kinds apart by eye. */
function measures({ length, width, density, light, area }: ClusterFeatures): number[] {
  const [along, across] = [length + 1e-3, width + 1e-3];
  const shares = [
    along / across,
    light / along,
    light / across ** 2,
    density / across,
    area / (along * across),
  ];
  return [length, width, density, light, area, ...shares];
}

async function askTrees({ folder, need }: BenchContext, { known, unseen, before, after }: Measured) {
  const save = async (file: string, clusters: ClusterFeatures[], events: Measured["known"]) => {
    const rows = clusters.flatMap((cluster, i) => [
      ...measures(cluster),
      events.labels[i],
      events.energies[i],
    ]);
    await Deno.writeFile(join(folder, file), new Uint8Array(Float32Array.from(rows).buffer));
    return join(folder, file);
  };
  const files = [await save("known.f32", before, known), await save("unseen.f32", after, unseen)];
  const script = new URL("./peers/cygno_trees.py", import.meta.url).pathname;
  return JSON.parse(await readProgram(need("trees"), [script, ...files])) as Trees;
}

/** The unseen events by true energy, then all of them. */
const binsOf = (energies: ArrayLike<number>) => [...energyBins(energies), allEnergies(energies)];

const pick = (values: ArrayLike<number>, members: ArrayLike<number>) => Array.from(members, (i) => values[i]);

/** The cut on light density, its side chosen by the known events of the same energies. */
function densityScores({ known, before, after }: Measured, range: EnergyRange): number[] {
  return after.map(lightCut({ clusters: before, ...known }, range));
}

/** AUC beside the analyses without a network. The bar over all energies is 0.005 above the trees. */
function rankingRows(verdicts: readonly Verdict[], trees: Trees, measured: Measured): BenchRow[] {
  const { labels, energies } = measured.unseen;
  return binsOf(energies).flatMap(({ title, members, ...range }) => {
    const peers = {
      "light density cut": densityScores(measured, range),
      "trees, 3 measures": trees.three,
      "trees, 10 measures": trees.ten,
    };
    const truth = pick(labels, members),
      ours = verdicts.map(({ scores }) => auc(pick(scores, members), truth).value);
    return Object.entries(peers).map(([peer, scores]) => {
      const theirs = auc(pick(scores, members), truth).value;
      const ahead = title === "all energies" && peer.startsWith("trees") ? 0.005 : 0;
      return {
        what: `AUC, ${title}`,
        unit: "",
        better: "higher" as const,
        peer,
        bar: (theirs + ahead) / theirs,
        ours,
        theirs: [theirs],
      };
    });
  });
}

const interval = ({ value, low, high }: Estimate, digits: number) =>
  `${value.toFixed(digits)} (95 % ${low.toFixed(digits)} to ${high.toFixed(digits)})`;

function rankingNotes(verdicts: readonly Verdict[], trees: Trees, measured: Measured): string[] {
  const { labels, energies } = measured.unseen;
  return binsOf(energies).map(({ title, members, ...range }) => {
    const density = densityScores(measured, range);
    const of = (scores: ArrayLike<number>) => interval(auc(pick(scores, members), pick(labels, members)), 3);
    const ours = verdicts.map(({ scores }) => of(scores)).join(", ");
    return `AUC ${title}: CNN ${ours}; cut ${of(density)}; trees ${of(trees.three)}, ${of(trees.ten)}.`;
  });
}

/** How well P(NR) means what it says: over all events, and among those that are said to be below 5 keV. */
function reliabilityNotes(verdicts: readonly Verdict[], { unseen: { labels } }: Measured): string[] {
  const of = ({ scores, energies }: Verdict, most: number) => {
    const members = Array.from(scores.keys()).filter((i) => energies[i] < most);
    return { members, ...calibration(pick(scores, members), pick(labels, members)) };
  };
  const errors = (most: number) =>
    verdicts.map((verdict) => of(verdict, most).expectedError.toFixed(3)).join(", ");
  const first = verdicts[0], low = of(first, ENERGY_EDGES[1]);
  const said = pick(first.scores, low.members).sort((a, b) => a - b);
  const table = of(first, Infinity).bins.map(({ predicted, observed }) =>
    `${predicted.toFixed(2)}: ${observed.value.toFixed(2)} (${observed.low.toFixed(2)} to ${
      observed.high.toFixed(2)
    })`
  );
  return [
    `P(NR) off by ${errors(Infinity)} on average over all events, ${
      errors(ENERGY_EDGES[1])
    } among those said to be below ` +
    `${ENERGY_EDGES[1]} keV, where it goes from ${said[0].toFixed(2)} to ${
      said[said.length - 1].toFixed(2)
    }.`,
    `Predicted P(NR): share of nuclear recoils, first seed: ${table.join(", ")}.`,
  ];
}

/** Resolution by true energy beside the summed light's, and how often the truth lies within one stated σ. */
function energyRows(verdicts: readonly Verdict[], { known, unseen, before, after }: Measured): BenchRow[] {
  const estimate = fitQuadratic(before.map(({ light }) => light), known.energies);
  const fromLight = after.map(({ light }) => estimate(light)), options = { rng: createRng(1), resamples: 2 };
  const byBin = (values: ArrayLike<number>) =>
    regressionByBin(values, unseen.energies, ENERGY_EDGES, options);
  const ours = verdicts.map(({ energies }) => byBin(energies));
  return byBin(fromLight).map(({ low, high, resolution }, bin) => ({
    what: `energy resolution, ${low} to ${high} keV`,
    unit: "keV",
    peer: "summed light",
    bar: 1,
    ours: ours.map((bins) => bins[bin].resolution.value),
    theirs: [resolution.value],
  }));
}

/** Bias by bin and kind, beside that of trees, whose best mean too is drawn to the middle; and the coverage of σ by bin. */
function energyNotes(verdicts: readonly Verdict[], trees: Trees, { unseen }: Measured): string[] {
  const options = { rng: createRng(2), resamples: 400 };
  const truth = Float32Array.from(unseen.energies);
  const bias = (values: ArrayLike<number>, members: Uint32Array, digits = 2) =>
    interval(regression(pick(values, members), pick(truth, members), options).bias, digits);
  const bins = energyBins(truth), all = allEnergies(truth);
  const byKind = bins.flatMap(({ title, members }) =>
    ["ER", "NR"].map((kind, label) => {
      const own = members.filter((i) => unseen.labels[i] === label);
      const ours = verdicts.map(({ energies }) => meanOf(pick(energies, own)) - meanOf(pick(truth, own)));
      const theirs = meanOf(pick(trees.energies, own)) - meanOf(pick(truth, own));
      return `Bias, ${title}, ${kind}: ${ours.map((b) => b.toFixed(2)).join(", ")} keV; of the trees ${
        theirs.toFixed(2)
      }.`;
    })
  );
  const byPrediction = energyBins(verdicts[0].energies).map(({ title, members }) =>
    `${title}: ${bias(verdicts[0].energies, members)}`
  );
  const covered = ({ energies, sigmas }: Verdict, members: Uint32Array) => {
    const inside = members.filter((i) => Math.abs(energies[i] - truth[i]) <= sigmas[i]).length;
    return interval(proportion(inside, members.length), 3);
  };
  return [
    `Mean of predicted − true: ${
      verdicts.map(({ energies }) => bias(energies, all.members, 3)).join(", ")
    } keV.`,
    `The same in bins of the predicted energy, first seed: ${byPrediction.join("; ")} keV.`,
    ...byKind,
    ...[...bins, all].map(({ title, members }) =>
      `One σ covers, ${title}: ${verdicts.map((verdict) => covered(verdict, members)).join(", ")}.`
    ),
  ];
}
