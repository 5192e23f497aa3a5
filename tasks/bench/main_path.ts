/** The main path against Keras and PyTorch: train steps, compiled or not, native or wasm, a whole run, scoring. @module */
import { join } from "@std/path";
import type { Precision } from "../../lib/engine/mod.ts";
import { hasBfloat16 } from "../../lib/engine/processor.ts";
import { decodePng, encodePng } from "../../lib/io/png.ts";
import {
  alternate,
  type BenchContext,
  type BenchRow,
  type BenchTable,
  measureProgram,
  median,
  memoryBeside,
  type Parts,
  Peer,
  type ProgramCost,
  rowOfPrograms,
  runParts,
} from "./_bench.ts";
import { benchFresh } from "./_fresh_machine.ts";

/** Name on the command line. */
export const name = "main_path";
/** What it measures. */
export const summary = "Train steps, a whole run and scoring against Keras and PyTorch (on request: fresh)";

const HERE = import.meta.dirname!;
const ROOT = join(HERE, "..", "..");

const PARTS: Parts = {
  step: benchStep,
  compiled: benchCompiled,
  wasm: benchWasm,
  epoch: benchEpoch,
  onnx: benchOnnx,
  cold: benchCold,
};

/** Runs all parts but `fresh`, or those named. */
export function run(context: BenchContext): Promise<BenchTable[]> {
  return runParts(name, context, PARTS, { fresh: benchFresh });
}

/** Networks of the train step bench; steps a round are chosen so that a round takes seconds; bars are against Keras. */
const NETS = [
  {
    model: "tutorial_cnn",
    peer: "tutorial",
    what: "Tutorial CNN, 28×28×1, batch 256",
    batch: 256,
    steps: 20,
    bars: { same: 0.8, best: 0.8, torch: 0.8 },
  },
  {
    model: "resnet18",
    peer: "resnet18",
    what: "ResNet-18, 32×32×3, batch 64",
    batch: 64,
    steps: 4,
    bars: { same: 0.8, best: 0.75, torch: 0.9 },
  },
  {
    model: "conv3d_net",
    peer: "conv3d",
    what: "3-D CNN, 21×32×32×1, batch 100",
    batch: 100,
    steps: 3,
    bars: { same: 0.45, best: 0.38, torch: undefined },
  },
] as const;

const ours = (
  model: string,
  batch: number,
  backend: string,
  mode: string,
  precision: Precision = "float32",
) =>
  new Peer(Deno.execPath(), [
    ...["run", "-A", join(HERE, "_train_step.ts"), model, String(batch), backend, mode, precision],
  ]);

/** Precisions that this processor has. */
function precisionsHere(): Precision[] {
  return hasBfloat16() ? ["float32", "mixed"] : ["float32"];
}

const WHO = ["Ours", "Keras", "PyTorch"] as const;

type Side = { precision: Precision; times: number[]; mebibytes: number | undefined };

/**
 * Times of each side in one precision, ms a step, with what each held and the arithmetic of a step. Both precisions at once would
 * be six programs of up to 6 GiB.
 */
async function timePrecision(
  python: string,
  { model, peer, batch, steps }: typeof NETS[number],
  precision: Precision,
  rounds: number,
) {
  const script = (framework: string) =>
    new Peer(python, [join(HERE, "peers", "train_step.py"), framework, peer, String(batch), precision]);
  await using own = ours(model, batch, "tensorflow", "fit", precision);
  await using keras = script("keras");
  await using torch = script("torch");
  const peers = { Ours: own, Keras: keras, PyTorch: torch };
  let gflop = 0;
  for (const who of Object.values(peers)) gflop = (await who.ask({ steps: 1 })).gflop ?? gflop; // starts and warms up
  const ask = (who: Peer) => async () => (await who.ask({ steps })).ms;
  const times = await alternate(
    rounds,
    Object.fromEntries(WHO.map((who) => [`${who} ${precision}`, ask(peers[who])])),
  );
  const sides = WHO.map((who): [string, Side] => [
    `${who} ${precision}`,
    { precision, times: times[`${who} ${precision}`], mebibytes: peers[who].mebibytes },
  ]);
  return { gflop, sides };
}

/** Times of each side in each precision. */
async function timeSteps(python: string, net: typeof NETS[number], rounds: number) {
  const sides = new Map<string, Side>();
  let gflop = 0;
  for (const precision of precisionsHere()) {
    const measured = await timePrecision(python, net, precision, rounds);
    for (const [name, side] of measured.sides) sides.set(name, side);
    gflop ||= measured.gflop;
  }
  return {
    gflop,
    sideOf: (who: typeof WHO[number], precision: Precision) => sides.get(`${who} ${precision}`)!,
  };
}

/** The faster of a side's precisions. */
function best<T extends { times: number[] }>(sides: readonly T[]): T {
  return sides.reduce((a, b) => median(b.times) < median(a.times) ? b : a);
}

async function benchStep({ need, rounds, say }: BenchContext): Promise<BenchTable> {
  const python = need("torch"), rows: BenchRow[] = [], precisions = precisionsHere();
  for (const net of NETS) {
    say(net.what);
    const { gflop, sideOf } = await timeSteps(python, net, rounds);
    const row = (
      peer: "Keras" | "PyTorch",
      among: typeof precisions,
      bar: number | undefined,
      what: string,
    ) => {
      const own = best(among.map((precision) => sideOf("Ours", precision)));
      const other = best(among.map((precision) => sideOf(peer, precision)));
      rows.push({
        what: what === "" ? net.what : `${net.what}, ${what}`, // the first as older trees have it
        unit: "ms",
        ours: own.times,
        peer: `${peer}, ${other.precision}`,
        theirs: other.times,
        bar,
        memory: { ours: own.mebibytes, theirs: other.mebibytes },
        work: { gflop, precision: own.precision },
      });
    };
    row("Keras", ["float32"], net.bars.same, "");
    row("PyTorch", ["float32"], net.bars.torch, "");
    if (precisions.length === 1) continue;
    row("Keras", precisions, net.bars.best, "best of each");
    row("PyTorch", precisions, undefined, "best of each");
  }
  return {
    title: "Train step (Adam, cross-entropy, loss read back)",
    rows,
    notes: [
      "Each peer runs the faster of its ways: train_on_batch or tf.function; usual or channels-last layout. Best of each " +
      "takes the faster of float32 and mixed precision (bfloat16) on either side.",
      "Of peak counts a convolution as it stands, so that tiles may come to more than 100 %.",
    ],
  };
}

async function benchCompiled({ rounds, say }: BenchContext): Promise<BenchTable> {
  const rows: BenchRow[] = [];
  for (const { model, what, batch, steps } of NETS.filter(({ model }) => model !== "resnet18")) {
    say(what);
    await using compiled = ours(model, batch, "tensorflow", "compiled");
    await using plain = ours(model, batch, "tensorflow", "plain");
    for (const who of [compiled, plain]) await who.ask({ steps: 1 });
    const times = await alternate(rounds, {
      compiled: async () => (await compiled.ask({ steps })).ms,
      plain: async () => (await plain.ask({ steps: Math.ceil(steps / 3) })).ms,
    });
    const bar = 1 / (model === "conv3d_net" ? 5 : 1.5);
    rows.push({
      what,
      unit: "ms",
      ours: times.compiled,
      peer: "uncompiled",
      theirs: times.plain,
      bar: Number(bar.toFixed(3)),
      memory: memoryBeside(plain, compiled),
    });
  }
  const notes = [
    "compile() runs the shards of the batch side by side; as it is, the step runs one op after the other.",
  ];
  return { title: "The same step through compile() and as it is", rows, notes };
}

async function benchWasm({ rounds, say }: BenchContext): Promise<BenchTable> {
  const [{ model, what, batch }] = NETS;
  say(what);
  await using wasm = ours(model, batch, "wasm", "fit");
  await using native = ours(model, batch, "tensorflow", "fit");
  for (const who of [wasm, native]) await who.ask({ steps: 1 });
  const times = await alternate(rounds, {
    wasm: async () => (await wasm.ask({ steps: 2 })).ms,
    native: async () => (await native.ask({ steps: 10 })).ms,
  });
  const memory = memoryBeside(native, wasm);
  const row = { what, unit: "ms", ours: times.wasm, peer: "native", theirs: times.native, bar: 3.5, memory };
  return { title: "Train step on wasm and on the native backend, both with all threads", rows: [row] };
}

/** `deno task` in the project, with the run folder and all that comes in the bench's own folder. */
function task(context: BenchContext, name: string, ...args: string[]): Promise<ProgramCost> {
  return measureProgram(Deno.execPath(), ["task", name, ...args], {
    cwd: ROOT,
    env: { TMPDIR: context.folder },
  });
}

async function benchEpoch(context: BenchContext): Promise<BenchTable> {
  const { need, rounds, folder, say } = context;
  const python = need("keras"), script = join(HERE, "peers", "mnist_epoch.py");
  const { mnistFolder } = await import("../../lib/data/mnist.ts"), idx = mnistFolder(say);
  const recipes = {
    best: [],
    tutorial: ["--model", "tutorial_cnn", "--recipe", "tutorial", "--batch", "256"],
  } as const;
  const rows: BenchRow[] = [];
  let count = 0;
  for (const [recipe, options] of Object.entries(recipes)) {
    say(`one epoch, ${recipe} recipe`);
    const own = () =>
      task(context, "train", "mnist", "--epochs", "1", ...options, "--out", join(folder, `run${count++}`));
    const theirs = () =>
      measureProgram(python, [script, idx, join(folder, `keras${count++}`), recipe], { env: QUIET });
    await own(); // warms the cache
    const costs = await alternate(Math.min(rounds, 3), { ours: own, theirs });
    const what = `deno task train mnist --epochs 1 ${options.join(" ")}`.trimEnd();
    rows.push({ what, peer: "Keras script", bar: 0.6, ...rowOfPrograms(costs) });
  }
  return {
    title: "One epoch of MNIST from start to exit: imports, training, evaluation, files",
    rows,
    notes: ["The same network, batch, augmentation and split. Ours also exports ONNX and draws the report."],
  };
}

const QUIET = { TF_CPP_MIN_LOG_LEVEL: "3" };

/** A trained tutorial CNN in the bench's folder: `model.onnx`, `model.keras`, `model.json`; and one digit as PNG. */
async function trainedModel(context: BenchContext): Promise<{ run: string; image: string }> {
  const run = join(context.folder, "scored"), image = join(context.folder, "digit.png");
  const there = await Deno.stat(image).then(() => true, () => false);
  if (!there) {
    await task(context, "train", "mnist", "--epochs", "1", "--model", "tutorial_cnn", "--out", run);
    const { readMnist } = await import("../../lib/data/mnist.ts");
    const data = readMnist().test.images.slice(0, 28 * 28);
    await Deno.writeFile(image, await encodePng({ data, height: 28, width: 28 }));
  }
  return { run, image };
}

async function benchOnnx(context: BenchContext): Promise<BenchTable> {
  const { run, image } = await trainedModel(context);
  const { createScorer } = await import("../../lib/score/mod.ts");
  const { parseCard } = await import("../../lib/card/card.ts");
  const { default: ort } = await import("onnxruntime-node");
  const onnx = await Deno.readFile(join(run, "model.onnx"));
  const card = parseCard(JSON.parse(await Deno.readTextFile(join(run, "model.json"))));
  const scorer = await createScorer({ card, onnx, threads: 1 });
  const session = await ort.InferenceSession.create(onnx, { intraOpNumThreads: 1, interOpNumThreads: 1 });
  const picture = decodePng(await Deno.readFile(image));
  const tensor = new ort.Tensor("float32", scorer.prepare(picture), [1, 28, 28, 1]);
  const repeat = async (body: () => Promise<unknown>) => {
    const count = 2000, start = performance.now();
    for (let i = 0; i < count; i++) await body();
    return (performance.now() - start) / count * 1000;
  };
  const score = () => scorer.score([picture]), bare = () => session.run({ image: tensor });
  for (const body of [score, bare]) await repeat(body);
  const times = await alternate(context.rounds, { score: () => repeat(score), bare: () => repeat(bare) });
  await scorer.close();
  await session.release();
  const what = "28×28 image to labelled answer, one thread";
  return {
    title: "Scoring one decoded image",
    rows: [{ what, unit: "µs", ours: times.score, peer: "bare ONNX Runtime", theirs: times.bare, bar: 1.3 }],
    notes: ["Ours prepares the image by its card and names the classes; the bare call gets a ready tensor."],
  };
}

async function benchCold(context: BenchContext): Promise<BenchTable> {
  const { run, image } = await trainedModel(context);
  const python = context.need("keras"), script = join(HERE, "peers", "score_once.py");
  const costs = await alternate(context.rounds, {
    ours: () => task(context, "score", run, image),
    theirs: () => measureProgram(python, [script, join(run, "model.keras"), image], { env: QUIET }),
  });
  const what = "deno task score RUN digit.png", row = rowOfPrograms(costs);
  return {
    title: "First score of a cold process, from start to exit",
    rows: [
      { what, peer: "Keras", bar: 0.5, ...row },
      { what, unit: row.unit, ours: row.ours, limit: 0.12 },
    ],
  };
}
