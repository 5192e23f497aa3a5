/** One training run of an experiment, from its options to a full run folder. @module */
import { basename, join } from "@std/path";
import { engineReport, type tf } from "../engine/mod.ts";
import { encodeKeras } from "../export/keras_write.ts";
import { encodeOnnx } from "../export/onnx_write.ts";
import { renderSvg, reportHtml, type ReportSection, svgToPng } from "../plot/mod.ts";
import { type Card, type CardMetric, parseCard } from "../card/card.ts";
import {
  type BatchReport,
  countParameters,
  csvLog,
  type EpochNumbers,
  fit,
  type History,
  predict,
} from "../train/mod.ts";
import { sha256 } from "../base/sha256.ts";
import { writeDurably } from "../base/durable_file.ts";
import type { OptimizerSnapshot } from "../train/optimizer.ts";
import type { CardParts, Experiment, Figure, LoadContext, Options } from "./experiment.ts";
import { newRecord, prepareFolder, readRecord, runPaths, type RunRecord, writeRecord } from "./run_folder.ts";

/** Options for {@linkcode runExperiment}. */
export interface RunOptions {
  /** The run folder; made where missing. */
  folder: string;
  /** Values of the experiment's options, with `epochs`, `batch` and `seed`. */
  options: Options;
  /** Where data sets are kept. @default {"data"} */
  dataFolder?: string;
  /** Opens a bucket with data. */
  openBucket?: LoadContext["openBucket"];
  /** Go on with the run in the folder. @default {false} */
  resume?: boolean;
  /** Epochs from one checkpoint to the next. @default {1} */
  saveEvery?: number;
  /** Into how many shards to cut a batch. @default {"auto"} */
  shards?: number | "auto";
  /** Ends the run with a checkpoint. */
  signal?: AbortSignal;
  /** Takes a line for each thing done. */
  log?: (line: string) => void;
  /** Takes how far loading is. */
  onLoad?: LoadContext["onProgress"];
  onBatch?: (report: BatchReport) => void;
  onEpoch?: (numbers: EpochNumbers) => void;
}

/** What became of a run. */
export interface RunResult {
  folder: string;
  history: History;
  /** Metrics on the test examples; absent where the run was interrupted. */
  metrics?: Record<string, CardMetric>;
  card?: Card;
}

/**
 * Trains, evaluates, exports and reports one run.
 *
 * The engine must be running. Every file of the folder is written under another name and renamed, `model.json` last.
 * An interrupted run leaves its checkpoint, history and `run.json`.
 *
 * @throws {Error} If the folder cannot be written or already holds a run that is not to be resumed; what loading and
 * training throw.
 */
export async function runExperiment(experiment: Experiment, run: RunOptions): Promise<RunResult> {
  const { folder, options, dataFolder = "data", resume = false, signal, log = () => {} } = run;
  const paths = runPaths(folder);
  const before = await readRecord(folder);
  if (before && !resume) {
    throw new Error(`Cannot start a run in "${folder}" as it holds one: resume it, or give another folder`);
  }
  if (before && before.experiment !== experiment.name) {
    throw new Error(
      `Cannot resume "${folder}" as "${experiment.name}": it holds a run of "${before.experiment}"`,
    );
  }
  const undo = await prepareFolder(folder);
  const context: LoadContext = {
    dataFolder,
    log,
    signal,
    onProgress: run.onLoad,
    openBucket: run.openBucket,
  };
  const data = await experiment.load(options, context).catch(async (error) => {
    await undo();
    throw error;
  });
  try {
    const model = experiment.build(options, data);
    const record: RunRecord = before ?? newRecord(experiment.name, options);
    const { backend, version, threads } = engineReport();
    Object.assign(record, {
      state: "running",
      dataFingerprint: data.fingerprint,
      examples: { train: data.train.size, validation: data.validation?.size ?? 0, test: data.test.size },
      engine: { backend, version, threads },
      parameters: countParameters(model),
    });
    await writeRecord(folder, record);
    let optimizer: OptimizerSnapshot | undefined;
    const recipe = experiment.recipe(options, data);
    const history = await fit(model, data.train, {
      ...recipe,
      epochs: options.epochs,
      batch: options.batch,
      seed: options.seed,
      validation: data.validation,
      shards: run.shards ?? recipe.shards,
      callbacks: [...recipe.callbacks ?? [], csvLog(paths.history)],
      checkpoint: { path: paths.checkpoint, every: run.saveEvery },
      resume,
      signal,
      onBatch: run.onBatch,
      onEpoch: run.onEpoch,
      onEnd: (state) => optimizer = state,
    });
    Object.assign(record.engine!, { shards: history.shards });
    record.seconds = history.seconds;
    if (history.ending === "interrupted") {
      record.state = "interrupted";
      await writeRecord(folder, record);
      return { folder, history };
    }
    const predictions = await predict(model, data.test, { prepare: recipe.prepare, shards: history.shards });
    const metrics = experiment.evaluate(predictions, data, options);
    const parts = experiment.card(options, data);
    await writeModel(folder, model, parts, optimizer);
    const figures = await experiment.plots({ predictions, history }, data, options);
    await writeReport(folder, experiment, { record, history, metrics, figures });
    const card = await writeCard(folder, experiment, parts, {
      record,
      history,
      metrics,
    });
    Object.assign(record, { state: "finished", finished: new Date().toISOString(), metrics });
    await writeRecord(folder, record);
    return { folder, history, metrics, card };
  } finally {
    data.dispose();
  }
}

async function writeModel(
  folder: string,
  model: tf.LayersModel,
  { inputs, outputs }: CardParts,
  optimizer?: OptimizerSnapshot,
): Promise<void> {
  const { keras, onnx } = runPaths(folder);
  const names = (list: readonly { name: string }[]) => list.map(({ name }) => name);
  await writeDurably(keras, await encodeKeras(model, { optimizer }));
  await writeDurably(onnx, encodeOnnx(model, { inputs: names(inputs), outputs: names(outputs) }));
}

/** What report and card are made of. */
interface Outcome {
  record: RunRecord;
  history: History;
  metrics: Record<string, CardMetric>;
}

/** Writes every figure as SVG and PNG, and the page that has them all. */
async function writeReport(
  folder: string,
  { name, summary }: Experiment,
  { record, history, metrics, figures }: Outcome & { figures: readonly Figure[] },
): Promise<void> {
  const { plots, report } = runPaths(folder);
  await Deno.mkdir(plots, { recursive: true });
  const sections = new Map<string, ReportSection & { figures: { caption?: string; svg: string }[] }>();
  for (const { name, section, caption, spec } of figures) {
    const svg = await renderSvg(spec);
    await writeDurably(join(plots, `${name}.svg`), svg);
    await writeDurably(join(plots, `${name}.png`), await svgToPng(svg));
    if (!sections.has(section)) sections.set(section, { title: section, figures: [] });
    sections.get(section)!.figures.push({ caption, svg });
  }
  const html = await reportHtml({
    title: `cloudchamber: ${name}`,
    subtitle: summary,
    facts: {
      seed: Number(record.options.seed),
      epochs: history.epochs.length,
      parameters: record.parameters ?? 0,
      seconds: Math.round(history.seconds),
      engine: `${record.engine?.backend} ${record.engine?.version}`,
      started: record.started,
    },
    sections: [{ title: "Results", metrics }, ...sections.values()],
  });
  await writeDurably(report, html);
}

/** Writes `model.json`, last of all, so that it is there only when what it names is. */
async function writeCard(
  folder: string,
  { name }: Experiment,
  parts: CardParts,
  { record, history, metrics }: Outcome,
): Promise<Card> {
  const paths = runPaths(folder);
  const files: Record<string, { bytes: number; sha256: string }> = {};
  for (const path of [paths.onnx, paths.keras]) {
    const bytes = await Deno.readFile(path);
    files[basename(path)] = { bytes: bytes.length, sha256: await sha256(bytes) };
  }
  const card = parseCard({
    format: "cloudchamber-model/1",
    name,
    experiment: name,
    created: new Date().toISOString(),
    ...parts,
    metrics,
    training: {
      seed: Number(record.options.seed),
      epochs: history.epochs.length,
      seconds: history.seconds,
      engine: `${record.engine?.backend} ${record.engine?.version}`,
      parameters: record.parameters ?? 0,
      dataFingerprint: record.dataFingerprint ?? "",
      options: record.options,
    },
    files,
  });
  await writeDurably(paths.card, JSON.stringify(card, undefined, 2) + "\n");
  return card;
}
