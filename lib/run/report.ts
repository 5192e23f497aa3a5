/** A run's figures as files, and the page that has them all. @module */
import { basename, join } from "@std/path";
import { writeDurably } from "../base/durable_file.ts";
import type { CardMetric } from "../card/mod.ts";
import {
  onGround,
  plotModelGraph,
  readableName,
  renderSvg,
  type ReportFigure,
  reportHtml,
  type ReportSection,
  svgToPng,
} from "../plot/mod.ts";
import type { tf } from "../engine/mod.ts";
import { summarizeModel } from "../models/mod.ts";
import type { History, Models } from "../train/mod.ts";
import type { Experiment, Figure } from "./experiment.ts";
import { runPaths, type RunRecord } from "./run_folder.ts";

/** What report and card are made of. */
export interface Outcome {
  record: RunRecord;
  history: History;
  metrics: Record<string, CardMetric>;
}

const show = (value: number) => value < 1e-3 ? value.toExponential(1) : String(Number(value.toPrecision(3)));

/** What the learning rate was: one value, or the first, the highest and the last. */
function ratesInWords({ learningRates = {} }: RunRecord): Record<string, string> {
  return Object.fromEntries(
    Object.entries(learningRates).map(([column, { first, highest, last }]) => {
      const words = first === last && first === highest
        ? show(first)
        : `${show(first)} to ${show(last)}, at most ${show(highest)}`;
      return [readableName(column).toLowerCase(), words];
    }),
  );
}

/** How convolutions were done, where that was measured. */
function tuningInWords({ tuning }: History): Record<string, string> {
  const words = Object.entries(tuning).map(([shape, way]) => `${shape}: ${way}`);
  return words.length > 0 ? { "convolutions, measured": words.join("; ") } : {};
}

/** Short facts at the head of a report. */
function factsOf({ record, history }: Outcome): Record<string, string | number> {
  const { engine, examples = {}, options, parameters = 0, serving } = record;
  const { train = 0, validation = 0, test = 0 } = examples;
  const ran = history.epochs.length, planned = Number(options.epochs);
  return {
    data: record.origin ?? "",
    "examples to train, validate, test": [train, validation, test].map((n) => n.toLocaleString("en")).join(
      ", ",
    ),
    epochs: ran === planned ? String(ran) : `${ran} of ${planned}, ${history.ending}`,
    "weights of epoch": history.weightsOf,
    batch: Number(options.batch),
    ...ratesInWords(record),
    seed: Number(options.seed),
    parameters: parameters.toLocaleString("en"),
    "seconds of training": Math.round(history.seconds),
    engine: `${engine?.backend} ${engine?.version}`,
    "threads, shards": `${engine?.threads ?? 0}, ${history.shards}`,
    precision: history.precision,
    ...tuningInWords(history),
    host: record.host,
    started: `${record.started.slice(0, 16).replace("T", " ")} UTC`,
    ...(serving && { "train/serve difference": serving.largest.toExponential(1) }),
  };
}

/** Writes every figure as SVG and PNG, and the page that has them all. */
export async function writeReport(
  folder: string,
  { name, summary }: Experiment,
  outcome: Outcome & { figures: readonly Figure[]; models: Models },
): Promise<void> {
  const { plots, report } = runPaths(folder);
  await Deno.mkdir(plots, { recursive: true });
  const sections = new Map<string, ReportSection & { figures: ReportFigure[] }>();
  // All at once: while one is laid out here, others are drawn on threads of their own.
  const shown = await Promise.all(outcome.figures.map((figure) => writeFigure(plots, figure)));
  outcome.figures.forEach(({ section, caption }, i) => {
    if (!sections.has(section)) sections.set(section, { title: section, figures: [] });
    sections.get(section)!.figures.push({ caption, ...shown[i] });
  });
  const html = await reportHtml({
    title: `cloudchamber: ${name}`,
    subtitle: summary,
    facts: factsOf(outcome),
    sections: [
      { title: "Results", metrics: outcome.metrics },
      ...sections.values(),
      ...profileSection(outcome.record),
      ...Object.entries(outcome.models).map(([role, model]) => modelSection(role, model)),
    ],
  });
  await writeDurably(report, html);
}

/** Writes a figure's files, and gives what the report shows. */
async function writeFigure(
  folder: string,
  figure: Figure,
): Promise<{ svg: string } | { gif: Uint8Array } | { page: string }> {
  const path = join(folder, figure.name);
  if ("gif" in figure) {
    await writeDurably(`${path}.gif`, figure.gif);
    return { gif: figure.gif };
  }
  if ("html" in figure) {
    await writeDurably(`${path}.html`, figure.html);
    return { page: `${basename(folder)}/${figure.name}.html` };
  }
  const svg = await renderSvg(figure.spec, { theme: "page" });
  const file = onGround(svg);
  await writeDurably(`${path}.svg`, file);
  await writeDurably(`${path}.png`, await svgToPng(file));
  return { svg };
}

/** Most kinds of ops that a report lists. */
const OPS_SHOWN = 20;

/** Where a step's time goes, where that was asked for. */
function profileSection({ profile, engine }: RunRecord): ReportSection[] {
  if (!profile) return [];
  const { steps, traceMs, firstMs, stepMs, busyMs, ops, parts } = profile;
  const ms = (value: number) => value.toFixed(2),
    percent = (share: number) => `${(100 * share).toFixed(1)} %`;
  return [{
    title: "Time of a step",
    text: `${ms(stepMs)} ms a step, the mean of ${steps}; all ops together ${ms(busyMs)} ms, on ` +
      `${engine?.threads} threads. Before that, once: ${ms(traceMs)} ms to take the graph down, ${
        ms(firstMs)
      } ms ` +
      "for the first run, in which it is optimised. trace.json has every op: https://ui.perfetto.dev opens it; " +
      "TensorBoard with its profile plugin opens this folder.",
    tables: [
      {
        columns: ["Layer or part", "Forward, ms", "Gradient, ms", "Share"],
        rows: parts.map((row) => [row.part, ms(row.forwardMs), ms(row.gradientMs), percent(row.share)]),
      },
      {
        columns: ["Op", "Runs a step", "ms", "Share"],
        rows: ops.slice(0, OPS_SHOWN).map((row) => [row.op, row.count, ms(row.ms), percent(row.share)]),
      },
    ],
  }];
}

/** Layers of a model, as a table and drawn. */
function modelSection(role: string, model: tf.LayersModel): ReportSection {
  const { name, layers, parameters } = summarizeModel(model);
  const title = role === "model" ? "Model" : `Model: ${role}`;
  const { total, trained, frozen } = parameters;
  const rows = layers.map((
    layer,
  ) => [`${layer.name} (${layer.type})`, layer.shape, layer.parameters, layer.from.join(", ")]);
  return {
    title,
    text:
      `${name}: ${total.toLocaleString("en")} parameters, ${trained.toLocaleString("en")} of them trained, ` +
      `${frozen.toLocaleString("en")} not.`,
    tables: [{ columns: ["Layer (type)", "Output Shape", "Param #", "Connected to"], rows }],
    figures: [{ spec: plotModelGraph(layers, { title: `Layers of ${name}` }) }],
  };
}
