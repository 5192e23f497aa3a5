/** A run's figures as files, and the page that has them all. @module */
import { join } from "@std/path";
import { writeDurably } from "../base/durable_file.ts";
import type { CardMetric } from "../card/mod.ts";
import {
  plotModelGraph,
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

/** Short facts at the head of a report. */
function factsOf({ record, history }: Outcome): Record<string, string | number> {
  const { engine, examples = {}, options, parameters = 0, serving } = record;
  return {
    seed: Number(options.seed),
    epochs: history.epochs.length,
    "weights of epoch": history.weightsOf,
    "training examples": examples.train ?? 0,
    parameters,
    seconds: Math.round(history.seconds),
    engine: `${engine?.backend} ${engine?.version}`,
    threads: engine?.threads ?? 0,
    shards: history.shards,
    host: record.host,
    started: record.started,
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
  for (const figure of outcome.figures) {
    const { section, caption } = figure;
    const shown = await writeFigure(plots, figure);
    if (!sections.has(section)) sections.set(section, { title: section, figures: [] });
    sections.get(section)!.figures.push({ caption, ...shown });
  }
  const html = await reportHtml({
    title: `cloudchamber: ${name}`,
    subtitle: summary,
    facts: factsOf(outcome),
    sections: [
      { title: "Results", metrics: outcome.metrics },
      ...sections.values(),
      ...Object.entries(outcome.models).map(([role, model]) => modelSection(role, model)),
    ],
  });
  await writeDurably(report, html);
}

/** Writes a figure's files, and gives what the report shows. */
async function writeFigure(folder: string, figure: Figure): Promise<{ svg: string } | { gif: Uint8Array }> {
  const path = join(folder, figure.name);
  if ("gif" in figure) {
    await writeDurably(`${path}.gif`, figure.gif);
    return { gif: figure.gif };
  }
  const svg = await renderSvg(figure.spec);
  await writeDurably(`${path}.svg`, svg);
  await writeDurably(`${path}.png`, await svgToPng(svg));
  return { svg };
}

/** Layers of a model, as a table and drawn. */
function modelSection(role: string, model: tf.LayersModel): ReportSection {
  const { name, layers, parameters } = summarizeModel(model);
  const title = role === "model" ? "Model" : `Model: ${role}`;
  const { total, trained, frozen } = parameters;
  const rows = layers.map((
    layer,
  ) => [layer.name, layer.type, layer.shape, layer.parameters, layer.from.join(", ")]);
  return {
    title,
    text:
      `${name}: ${total.toLocaleString("en")} parameters, ${trained.toLocaleString("en")} of them trained, ` +
      `${frozen.toLocaleString("en")} not.`,
    tables: [{ columns: ["Layer", "Type", "Output shape", "Parameters", "Takes"], rows }],
    figures: [{ spec: plotModelGraph(layers, { title: `Layers of ${name}` }) }],
  };
}
