/** SuperNEMO's way from ROOT files to networks and fits, against Keras, uproot and NumPy, and against the truth of simulated events. @module */
import { join } from "@std/path";
import { fromArrays } from "../../lib/data/source.ts";
import { readSuperNemo, type ReadSuperNemoOptions } from "../../lib/data/supernemo.ts";
import { selectEvents } from "../../lib/image/tracker_events.ts";
import { drawView, VIEW_SHAPES } from "../../lib/image/tracker_views.ts";
import { startEngine, type tf } from "../../lib/engine/mod.ts";
import type { Estimate } from "../../lib/evaluate/mod.ts";
import {
  type FitMeasurements,
  MATCH,
  measureFits,
  type MeasureFitsOptions,
} from "../../lib/experiments/supernemo/fit/measure_fits.ts";
import { superNemoFront, superNemoSide, superNemoTop } from "../../lib/experiments/supernemo/experiment.ts";
import { encodeOnnx } from "../../lib/export/mod.ts";
import { buildSuperNemoDocument } from "../../lib/models/supernemo_document.ts";
import { buildSuperNemoSmall } from "../../lib/models/supernemo_small.ts";
import { formatEstimate } from "../../lib/plot/mod.ts";
import { optionsFor } from "../../lib/run/options_for.ts";
import { superNemoFileName, writeSuperNemo } from "../../lib/simulate/supernemo/set.ts";
import { openSession } from "../../lib/score/mod.ts";
import * as train from "../../lib/train/mod.ts";
import {
  alternate,
  type BenchContext,
  type BenchRow,
  type BenchTable,
  memoryBeside,
  type Parts,
  Peer,
  runParts,
} from "./_bench.ts";
import { LONG } from "./_supernemo_quality.ts";
import { timedStep } from "./_timed_step.ts";

export const name = "supernemo";
export const summary =
  "SuperNEMO's tracker: fits, ROOT files to batches, steps, scoring (parts: fits, speed, read, step, epoch, score); trainings on request: counting, association, robustness, driven, curve, each also -short";

/** Events of each law, tracks of each event, and a seed that nothing was chosen by. */
const EVENTS = 2_000, TRACKS = 2, SEED = 77;

/** Events a file for reading, and of a batch there; events of a published network's step; events that are scored. */
const READ_EVENTS = 10_000, BATCH = 1024, STEP_BATCH = 32, SCORED = 4096;

const PEER = new URL("./peers/supernemo.py", import.meta.url).pathname;
const peerOf = ({ need }: BenchContext, files: readonly string[]) =>
  new Peer(need("formats"), [PEER, ...files]);

/** What a fit may be told of each track. */
const HINTS: readonly NonNullable<MeasureFitsOptions["hints"]>[] = ["none", "angle", "foil", "both"];

/** Parts that take minutes at most. */
const PARTS: Parts = {
  fits,
  speed,
  read,
  step,
  epoch,
  score,
};

/** Runs the chosen parts, where none is chosen all but the trainings. */
export async function run(context: BenchContext): Promise<BenchTable[]> {
  await startEngine();
  return await runParts(name, context, PARTS, LONG);
}

/** Simulates a file of each number of tracks, once. */
async function simulate(
  { folder, say }: BenchContext,
  law: "document" | "detector",
  tracks: readonly number[],
  events: number,
  format: "hdf5" | "root" = "hdf5",
): Promise<string[]> {
  const into = join(folder, `${law}_${tracks.join("")}_${events}_${format}`);
  const files = tracks.map((number) => join(into, superNemoFileName(law, number, 0, format)));
  if (await Deno.stat(into).then(() => true, () => false)) return files;
  say(`simulating ${events * tracks.length} events as the ${law} has them`);
  await Deno.mkdir(into, { recursive: true });
  await writeSuperNemo(into, { law, tracks, events, format }, { seed: SEED, workers: 2 });
  return files;
}

const rowsOf = (count: number) => Array.from({ length: count }, (_, i) => i);

async function fits(context: BenchContext): Promise<BenchTable[]> {
  const tables: BenchTable[] = [];
  for (const law of ["document", "detector"] as const) {
    const events = await readSuperNemo(await simulate(context, law, [TRACKS], EVENTS));
    const cases = [
      ...HINTS.map((hints) => ({ hints, fitter: "legendre" as const })),
      { hints: "none" as const, fitter: "likelihood" as const },
    ];
    const measured = cases.map(({ hints, fitter }) => ({
      hints: fitter === "likelihood" ? "likelihood" : hints,
      fits: measureFits(events, rowsOf(EVENTS), { hints, fitter }),
    }));
    tables.push(tableOf(law, measured));
  }
  return tables;
}

/** One track an event, ours on one core beside NumPy. */
async function speed(context: BenchContext): Promise<BenchTable[]> {
  const files = await simulate(context, "document", [1], EVENTS, "root"), events = await readSuperNemo(files);
  await using numpy = peerOf(context, files);
  const ours = () => 1000 / measureFits(events, rowsOf(EVENTS)).millisecondsPerEvent;
  const theirs = async () => EVENTS / (await numpy.ask({ do: "legendre", events: EVENTS })).seconds;
  ours();
  await theirs();
  const rates = await alternate(context.rounds, { ours, theirs });
  return [{
    title: "Legendre fits of one track on one core",
    rows: [
      {
        what: "fits",
        unit: "tracks/s",
        better: "higher",
        ours: rates.ours,
        peer: "NumPy",
        theirs: rates.theirs,
        memory: memoryBeside(numpy),
      },
      { what: "fits", unit: "tracks/s", better: "higher", ours: rates.ours, limit: 1000 },
    ],
    notes: ["NumPy: the same bins and refinements, without least squares, heights and mirror images."],
  }];
}

/** ROOT files to batches of views from above. */
async function read(context: BenchContext): Promise<BenchTable[]> {
  const files = await simulate(context, "document", [1, 2, 3, 4], READ_EVENTS, "root");
  await using uproot = peerOf(context, files);
  const count = READ_EVENTS * files.length,
    seconds = async (work: () => Promise<number>) => count / await work();
  const ours = (needed: ReadSuperNemoOptions) => async () => {
    const start = performance.now();
    const { hits } = await readSuperNemo(files, needed);
    for (let first = 0; first < count; first += BATCH) {
      const rows = Uint32Array.from({ length: Math.min(BATCH, count - first) }, (_, i) => first + i);
      new Float32Array(drawView(selectEvents(hits, rows), "top").data);
    }
    return (performance.now() - start) / 1000;
  };
  const theirs = async () => (await uproot.ask({ do: "read" })).seconds;
  const cells = ours({ heights: false, radii: false, truth: false, calorimeter: false }), all = ours({});
  for (const warm of [cells, all, theirs]) await warm();
  const rates = await alternate(context.rounds, {
    ours: () => seconds(cells),
    all: () => seconds(all),
    theirs: () => seconds(theirs),
  });
  const row = { what: `${count} events`, unit: "events/s", better: "higher" } as const;
  return [{
    title: `ROOT files to batches of ${BATCH} views from above`,
    rows: [
      {
        ...row,
        ours: rates.ours,
        peer: "uproot, NumPy",
        theirs: rates.theirs,
        bar: 0.8,
        memory: memoryBeside(uproot),
      },
      { ...row, ours: rates.ours, limit: 150_000 },
      { ...row, what: `${row.what}, all columns`, ours: rates.all, limit: 150_000 },
    ],
    notes: [
      "uproot reads layer and column; ours sides and the number of tracks too, and checks every cell.",
    ],
  }];
}

/** Steps of the published networks. */
async function step(context: BenchContext): Promise<BenchTable[]> {
  const rows: BenchRow[] = [];
  for (const view of ["top", "side", "front"] as const) {
    await using keras = new Peer(context.need("keras"), [PEER]);
    const model = buildSuperNemoDocument(view, { seed: 1 }),
      shape = model.inputs[0].shape.slice(1) as number[];
    const size = shape.reduce((product, side) => product * side, STEP_BATCH);
    const image = Uint8Array.from({ length: size }, (_, i) => i % 20 === 0 ? 1 : 0);
    const labels = Int32Array.from({ length: STEP_BATCH }, (_, i) => i % 4);
    const source = fromArrays({ data: image, shape: [STEP_BATCH, ...shape] }, {
      data: labels,
      shape: [STEP_BATCH],
    });
    const plan = train.supervised({ loss: train.crossEntropy(), optimizer: train.adam() });
    const timed = await timedStep({ model }, source, plan), ours = () => timed.run();
    const theirs = async () => 1000 * (await keras.ask({ do: "step", view, batch: STEP_BATCH })).seconds;
    for (const warm of [ours, theirs, ours, theirs]) await warm();
    const times = await alternate(context.rounds, { ours, theirs });
    const memory = memoryBeside(keras);
    rows.push({
      what: `${view}, batch ${STEP_BATCH}`,
      unit: "ms",
      ...times,
      peer: "Keras",
      bar: 0.8,
      memory,
    });
    timed.dispose();
  }
  return [{ title: "A step of the published networks", rows }];
}

/** Our networks from files, an epoch with reading and drawing. */
async function epoch(context: BenchContext): Promise<BenchTable[]> {
  const data = await simulate(context, "document", [1, 2, 3, 4], READ_EVENTS, "root"), rows: BenchRow[] = [];
  for (const experiment of [superNemoTop, superNemoSide, superNemoFront]) {
    const ours: number[] = [];
    for (let round = 0; round < context.rounds; round++) {
      const start = performance.now();
      const own = optionsFor(experiment, { data, epochs: 1, seed: 1 }), { epochs, batch, seed } = own;
      const events = await experiment.load(own, { dataFolder: context.folder, log: () => {} });
      const model = experiment.build(own, events) as tf.LayersModel, models = { model };
      const recipe = experiment.recipe(own, events, models);
      await train.fit(
        models,
        events.train,
        { ...recipe, epochs, batch, seed } as train.FitOptions,
      );
      ours.push(events.train.size / (performance.now() - start) * 1000);
      model.dispose();
      events.dispose();
    }
    rows.push({ what: experiment.name, unit: "events/s", better: "higher", ours, limit: 30 * 93 });
  }
  return [{
    title: "Training our networks from ROOT files, first epoch with reading, drawing and compiling",
    rows,
    notes: ["Published: 93 events/s of the large network from above on a cluster, one event at a time."],
  }];
}

/** Scoring by ONNX Runtime, from arrays to probabilities. */
async function score(context: BenchContext): Promise<BenchTable[]> {
  const events = await readSuperNemo(await simulate(context, "document", [1, 2, 3, 4], READ_EVENTS, "root"));
  const rows: BenchRow[] = [];
  for (const view of ["top", "side", "front"] as const) {
    const model = buildSuperNemoSmall({ inputShape: [...VIEW_SHAPES[view], 1], seed: 1 });
    const session = await openSession(encodeOnnx(model), { threads: navigator.hardwareConcurrency });
    const { data, shape } = drawView(selectEvents(events.hits, rowsOf(SCORED)), view);
    const size = data.length / SCORED, ours: number[] = [];
    for (let round = -1; round < context.rounds; round++) {
      const start = performance.now();
      for (let first = 0; first < SCORED; first += 256) {
        const count = Math.min(256, SCORED - first);
        const part = Float32Array.from(data.subarray(first * size, (first + count) * size));
        await session.run([{ name: "image", type: "FP32", shape: [count, ...shape.slice(1)], data: part }]);
      }
      if (round >= 0) ours.push(SCORED / (performance.now() - start) * 1000); // the first warms it up
    }
    rows.push({ what: `our network of the ${view}`, unit: "events/s", better: "higher", ours, limit: 5000 });
    await session.close();
    model.dispose();
  }
  return [{ title: "Scoring by ONNX Runtime in batches of 256", rows }];
}

function tableOf(
  law: string,
  measured: readonly { hints: string; fits: FitMeasurements }[],
): BenchTable {
  const row = (what: string, unit: string, value: number): BenchRow => ({ what, unit, ours: [value] });
  const share = (what: string, { value }: Estimate) => row(what, "%", 100 * value);
  return {
    title: `Tracks fitted to ${EVENTS} events of ${TRACKS} tracks, the ${law}'s generator`,
    rows: measured.flatMap(({ hints, fits }) => {
      const told = hints === "none"
        ? ""
        : hints === "likelihood"
        ? ", by likelihood"
        : `, told ${hints === "both" ? "angle and foil" : hints}`;
      return [
        share(`tracks found${told}`, fits.efficiency),
        {
          ...share(`events with all found${told}`, fits.allFound),
          better: "higher",
          ...(law === "document" && hints === "none" && { limit: 95 }),
        },
        share(`or their mirror images${told}`, fits.allFoundOrMirrored),
        share(`fits that are no track${told}`, fits.fakes),
        row(`a fit of an event${told}`, "ms", fits.millisecondsPerEvent),
      ];
    }),
    notes: [
      `Found: within ${MATCH.degrees}° and ${MATCH.mm} mm on the foil. Told: the true fifth of the angle, or of the foil.`,
      `95 % intervals of the events with all found: ${
        measured.map(({ hints, fits }) => `${hints} ${formatEstimate(fits.allFound)}`).join(", ")
      }.`,
    ],
  };
}
