/**
 * The search for lenses: ways to learn from few of them, steps of the document's networks, scoring a survey.
 * @module
 */
import { join } from "@std/path";
import { createRng } from "../../lib/base/rng.ts";
import { startEngine } from "../../lib/engine/mod.ts";
import { lenses } from "../../lib/experiments/lenses/experiment.ts";
import type { LensesOptions } from "../../lib/experiments/lenses/options.ts";
import { runExperiment } from "../../lib/run/run.ts";
import { optionsFor } from "../../lib/run/options_for.ts";
import { writeNewNpy } from "../../lib/simulate/new_npy.ts";
import {
  alternate,
  type BenchContext,
  type BenchRow,
  type BenchTable,
  memoryBeside,
  Peer,
  runParts,
} from "./_bench.ts";
import { LONG } from "./_lenses_quality.ts";

export const name = "lenses";
export const summary =
  "Lenses: steps of the document's networks, scoring a survey (parts: step, online, score); on request a survey of 100,000 " +
  "(12 GB): survey, and trainings: quality, alexnet, optimised, many, each also -short";

const HERE = import.meta.dirname!;

/** Runs the chosen parts; without a choice all but the trainings, which take hours, and the survey that takes 12 GB. */
export function run(context: BenchContext): Promise<BenchTable[]> {
  const [score, survey] = [10_000, 100_000].map((cutouts) => (context: BenchContext) =>
    scored(context, cutouts)
  );
  return runParts(name, context, { step, online, score }, { ...LONG, survey });
}

/** Networks of the document, and the real ResNet-18. */
const NETS = [
  { model: "alexnet", what: "AlexNet", steps: 4 },
  { model: "vgg16", what: "VGG16", steps: 2 },
  { model: "resnet18", what: "ResNet-18", steps: 2 },
] as const;
const BATCH = 32;

const ours = (model: string, mode = "fit") =>
  new Peer(Deno.execPath(), [
    "run",
    "-A",
    join(HERE, "_train_step.ts"),
    `lenses/${model}`,
    String(BATCH),
    "tensorflow",
    mode,
  ]);

async function step({ need, rounds, say }: BenchContext): Promise<BenchTable> {
  const python = need("torch"), rows: BenchRow[] = [];
  for (const { model, what, steps } of NETS) {
    say(what);
    const script = (framework: string) =>
      new Peer(python, [join(HERE, "peers", "train_step.py"), framework, `lenses/${model}`, String(BATCH)]);
    await using deno = ours(model);
    await using keras = script("keras");
    await using torch = script("torch");
    const ask = (who: Peer) => async () => (await who.ask({ steps })).ms;
    for (const who of [deno, keras, torch]) await who.ask({ steps: 1 });
    const times = await alternate(rounds, { deno: ask(deno), keras: ask(keras), torch: ask(torch) });
    const row = { what: `${what}, 67×67×3, batch ${BATCH}`, unit: "ms", ours: times.deno, bar: 0.9 };
    rows.push(
      { ...row, peer: "Keras", theirs: times.keras, memory: memoryBeside(keras, deno) },
      { ...row, peer: "PyTorch", theirs: times.torch, memory: memoryBeside(torch, deno) },
    );
  }
  return {
    title: "Train step (Adam, binary cross-entropy, loss read back)",
    rows,
    notes: [
      "Each peer runs the faster of its ways: train_on_batch or tf.function; usual or channels-last layout.",
    ],
  };
}

async function online({ rounds, say }: BenchContext): Promise<BenchTable> {
  const rows: BenchRow[] = [];
  for (
    const [model, what, steps] of [["alexnet", "AlexNet, 67×67×3", 4], [
      "lens_net",
      "small network, 32×32×4",
      10,
    ]] as const
  ) {
    say(what);
    await using plain = ours(model);
    await using drawn = ours(model, "online");
    for (const who of [plain, drawn]) await who.ask({ steps: 1 });
    const ask = (who: Peer) => async () => (await who.ask({ steps })).ms;
    const times = await alternate(rounds, { drawn: ask(drawn), plain: ask(plain) });
    rows.push({
      what: `${what}, batch ${BATCH}`,
      unit: "ms",
      ours: times.drawn,
      peer: "without augmentation",
      theirs: times.plain,
      memory: memoryBeside(plain, drawn),
      bar: 1.1,
    });
  }
  return {
    title: "Train step with augmentation drawn in it: shift, flips, any turn, zoom, crop",
    rows,
    notes: [
      "Augmented from images of 100 × 100 (50 × 50 for the small network); the peer takes crops as they are.",
    ],
  };
}

const optionsOf = (changes: Partial<LensesOptions>) =>
  optionsFor(lenses, { epochs: 1, batch: BATCH, ...changes });

/** Examples that a bare call may get at once. */
const BATCHES = [16, 128] as const;

/** Scoring so many cutouts; with AlexNet a fifth of them. */
async function scored({ folder, rounds, say }: BenchContext, count: number): Promise<BenchTable> {
  await startEngine();
  const rows: BenchRow[] = [];
  const survey = join(folder, "survey.npy");
  await writeSurvey(survey, count);
  for (const model of ["lens_net", "alexnet"] as const) {
    say(model);
    const options = optionsOf({ model, lenses: 20, negatives: 100, copies: 1 }), out = join(folder, model);
    await runExperiment(lenses, {
      folder: out,
      options,
      dataFolder: folder,
    });
    const cutouts = model === "alexnet" ? count / 5 : count;
    await using program = new Peer(Deno.execPath(), [
      "run",
      "-A",
      join(HERE, "_rank_survey.ts"),
      out,
      survey,
      String(cutouts),
    ]);
    let memory = 0;
    const ask = (way: string, batch?: number) => async () => {
      const { seconds, mebibytes } = await program.ask({ way, batch });
      if (way === "ranked") memory = Math.max(memory, mebibytes);
      return cutouts / seconds;
    };
    await ask("ranked")();
    const tried = BATCHES.map((batch) => ask("bare", batch)), found: number[] = [];
    for (const bare of tried) found.push(await bare());
    const bare = tried[found.indexOf(Math.max(...found))];
    const rates = await alternate(rounds, { ranked: ask("ranked"), bare });
    rows.push({
      what: `${model}: .npy to ranked, ${cutouts.toLocaleString("en")}`,
      unit: "cutouts/s",
      better: "higher",
      ours: rates.ranked,
      peer: "bare ONNX Runtime",
      theirs: rates.bare,
      bar: 0.8,
    }, { what: `${model}: memory of the process`, unit: "MiB", ours: [memory], limit: 1024 });
  }
  return {
    title: `Scoring cutouts of 100 × 100 × 3 from a .npy of ${count.toLocaleString("en")}`,
    rows,
    notes: [
      "Ours reads the file slab by slab, prepares every cutout by the card and sorts; the bare calls get ready tensors, as many " +
      `of ${BATCHES.join(", ")} at once as go fastest.`,
      `The file has ${(count * 120e-6).toFixed(1)} GB; memory does not grow with it.`,
    ],
  };
}

/** A survey of noise, written without being held. */
async function writeSurvey(path: string, count: number): Promise<void> {
  const rng = createRng(3), block = Float32Array.from({ length: 100 * 30_000 }, () => 20 * rng() ** 8);
  const blocks = async function* () {
    for (let i = 0; i < count / 100; i++) yield await Promise.resolve(block);
  };
  await writeNewNpy(path, [count, 100, 100, 3], blocks());
}
