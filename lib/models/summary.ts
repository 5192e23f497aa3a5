/** A model's layers as a table, as Keras prints it. @module */
import type { tf } from "../engine/mod.ts";

/** One layer of a model. */
export interface LayerSummary {
  /** Name in the model. */
  name: string;
  /** Class, as Keras calls it. */
  type: string;
  /** Output shape, `(None, 28, 28, 24)`. */
  shape: string;
  /** Values in its weights. */
  parameters: number;
  /** Names of the layers that it takes its input from. */
  from: string[];
}

/** A model's layers and sizes. */
export interface ModelSummary {
  /** Name of the model. */
  name: string;
  /** Its layers, in order. */
  layers: LayerSummary[];
  /** Values in all weights. */
  parameters: { total: number; trained: number; frozen: number };
}

/** Nodes of a layer, as far as they are needed. */
interface Node {
  inboundLayers: tf.layers.Layer[];
}

const shapeText = (shape: tf.Shape): string => {
  const sides = shape.map((side) => side ?? "None");
  return `(${sides.join(", ")}${sides.length === 1 ? "," : ""})`;
};

function shapeOf(layer: tf.layers.Layer): string {
  const shape = layer.outputShape as tf.Shape | tf.Shape[];
  return Array.isArray(shape[0])
    ? (shape as tf.Shape[]).map(shapeText).join(", ")
    : shapeText(shape as tf.Shape);
}

const sizeOf = (shape: tf.Shape): number => shape.reduce<number>((product, side) => product * (side ?? 1), 1);

/**
 * Names, types, output shapes and sizes of a model's layers, in the model's order.
 *
 * @param model Any built model.
 * @example
 * ```ts
 * import { startEngine } from "../engine/mod.ts";
 * import { summarizeModel } from "./summary.ts";
 * import { buildTutorialCnn } from "./tutorial_cnn.ts";
 * await startEngine({ backend: "cpu" });
 * summarizeModel(buildTutorialCnn()).parameters.total; // 235262
 * ```
 */
export function summarizeModel(model: tf.LayersModel): ModelSummary {
  const own = new Set(model.layers);
  const layers = model.layers.map((layer) => {
    const nodes = (layer as unknown as { inboundNodes: Node[] }).inboundNodes;
    const from = nodes.flatMap(({ inboundLayers }) => inboundLayers).filter((other) => own.has(other));
    return {
      name: layer.name,
      type: layer.getClassName() === "Model" ? "Functional" : layer.getClassName(),
      shape: shapeOf(layer),
      parameters: layer.countParams(),
      from: [...new Set(from.map(({ name }) => name))],
    };
  });
  const total = (weights: readonly { shape: tf.Shape }[]) =>
    weights.reduce((sum, { shape }) => sum + sizeOf(shape), 0);
  const trained = total(model.trainableWeights), frozen = total(model.nonTrainableWeights);
  return { name: model.name, layers, parameters: { total: trained + frozen, trained, frozen } };
}

/** Bytes of 32-bit numbers as Keras writes them: `918.99 KB`. */
function sizeText(parameters: number): string {
  const bytes = 4 * parameters;
  if (bytes < 1024) return `${bytes.toFixed(2)} B`;
  return bytes < 1024 ** 2 ? `${(bytes / 1024).toFixed(2)} KB` : `${(bytes / 1024 ** 2).toFixed(2)} MB`;
}

/**
 * A summary as text: the columns of Keras 3's `model.summary()`, and where a layer's input comes from if it is not the
 * layer above.
 *
 * @example
 * ```ts
 * import { formatSummary } from "./summary.ts";
 * const parameters = { total: 6, trained: 6, frozen: 0 };
 * formatSummary({ name: "m", layers: [], parameters }).split("\n")[0]; // "Model: \"m\""
 * ```
 */
export function formatSummary({ name, layers, parameters }: ModelSummary): string {
  const branched = layers.some(({ from }, i) =>
    i > 0 && (from.length !== 1 || from[0] !== layers[i - 1].name)
  );
  const head = ["Layer (type)", "Output Shape", "Param #", ...(branched ? ["Connected to"] : [])];
  const rows = layers.map((layer) => [
    `${layer.name} (${layer.type})`,
    layer.shape,
    layer.parameters.toLocaleString("en"),
    ...(branched ? [layer.from.join(", ") || "-"] : []),
  ]);
  const widths = head.map((title, c) => Math.max(title.length, ...rows.map((row) => row[c].length)));
  const line = (cells: readonly string[]) =>
    cells.map((cell, c) => c === 2 ? cell.padStart(widths[c]) : cell.padEnd(widths[c])).join("  ").trimEnd();
  const { total, trained, frozen } = parameters;
  const sum = (what: string, count: number) =>
    `${what} params: ${count.toLocaleString("en")} (${sizeText(count)})`;
  return [
    `Model: "${name}"`,
    line(head),
    widths.map((width) => "─".repeat(width)).join("  "),
    ...rows.map(line),
    "",
    sum("Total", total),
    sum("Trainable", trained),
    sum("Non-trainable", frozen),
  ].join("\n");
}
