/** How training went: by epoch, on two axes or as two curves, and by batch. @module */
import { COLORS, quantity, spansDecade, type Spec, toSpec, type View } from "./spec.ts";

/** A curve's numbers, one an epoch, the first epoch first. */
export type Curve = ArrayLike<number>;

/** Axis of whole epochs, never labelled with halves. */
function epochAxis(epochs: number): View {
  return quantity("epoch", "Epoch", {
    axis: { tickMinStep: 1, format: "d", grid: false },
    scale: { domain: [1, Math.max(epochs, 2)], nice: false },
  });
}

/** A line with points while there are few. */
const lineMark = (count: number, more: View): View => ({
  type: "line",
  point: count <= 25 && { filled: true, ...("color" in more && { color: more.color }) },
  strokeWidth: 2,
  ...more,
});
/** Numbers that can be drawn, by epoch; missing ones (NaN) are left out. */
function rowsOf(curve: Curve, scale = 1): { epoch: number; value: number }[] {
  return Array.from(curve, (y, i) => ({ epoch: i + 1, value: scale * y })).filter((row) =>
    Number.isFinite(row.value)
  );
}

/** What {@linkcode plotLearningCurve} draws. */
export interface LearningCurves {
  /** By epoch. */
  loss: Curve;
  /** As a share, from 0 to 1. */
  accuracy: Curve;
  /** Drawn dashed. */
  validationLoss?: Curve;
  /** Drawn dashed; a share, from 0 to 1. */
  validationAccuracy?: Curve;
}

/** Options of the curves. */
export interface CurveOptions {
  /** Above the chart. */
  title?: string;
  /** Of the plot without its axes, pixels. @default {460} */
  width?: number;
  /** Of the plot without its axes, pixels. @default {240} */
  height?: number;
}

/**
 * Accuracy on the left axis and loss on the right one, by epoch; validation dashed.
 *
 * @example Two epochs
 * ```ts
 * plotLearningCurve({ loss: [0.4, 0.1], accuracy: [0.88, 0.97] });
 * ```
 */
export function plotLearningCurve(curves: LearningCurves, options: CurveOptions = {}): Spec {
  const { title, width = 460, height = 240 } = options;
  const epochs = curves.loss.length;
  const percents = [...rowsOf(curves.accuracy, 100), ...rowsOf(curves.validationAccuracy ?? [], 100)];
  const [low, high] = [
    Math.min(...percents.map((row) => row.value)),
    Math.max(...percents.map((row) => row.value)),
  ];
  const logarithmic = spansDecade([...Array.from(curves.loss), ...Array.from(curves.validationLoss ?? [])]);
  const flat = low === high && [low - 1, high + 1]; // an axis of no length cannot be labelled
  const side =
    (name: string, axisTitle: string, color: string, scale: number, orient: string) =>
    (curve: Curve, dashed: boolean): View => ({
      data: { values: rowsOf(curve, scale) },
      mark: lineMark(epochs, { color, ...(dashed && { strokeDash: [5, 4] }) }),
      encoding: {
        x: epochAxis(epochs),
        y: quantity("value", axisTitle, {
          axis: { orient, titleColor: color, grid: name === "accuracy" },
          scale: name === "loss" && logarithmic
            ? { type: "log", nice: true }
            : { zero: name === "loss", nice: true, ...(name === "accuracy" && flat && { domain: flat }) },
        }),
        tooltip: [{ field: "epoch" }, { field: "value", title: name, format: ".4~g" }],
      },
    });
  const accuracy = side("accuracy", "Accuracy [%]", COLORS.blue, 100, "left");
  const loss = side("loss", "Loss", COLORS.red, 1, "right");
  const dashed = curves.validationAccuracy || curves.validationLoss;
  const layersOf = (draw: typeof loss, curve: Curve, validation?: Curve): View => ({
    layer: [draw(curve, false), ...(validation ? [draw(validation, true)] : [])],
  });
  return toSpec({
    width,
    height,
    title: {
      text: title ?? "Learning curve",
      ...(dashed && { subtitle: "solid: training, dashed: validation" }),
    },
    layer: [
      layersOf(accuracy, curves.accuracy, curves.validationAccuracy),
      layersOf(loss, curves.loss, curves.validationLoss),
    ],
    resolve: { scale: { y: "independent" } },
  });
}

/** Options for {@linkcode plotTrainValidation}. */
export interface TrainValidationOptions extends CurveOptions {
  /** Name of what is drawn. @default {"Loss"} */
  quantity?: string;
  /** Logarithmic axis. @default {where the values are positive and span more than a decade} */
  log?: boolean;
}

/**
 * One quantity on the training and on the validation examples, by epoch; a ring marks the best validation epoch.
 *
 * @param options Give `quantity` for anything but a loss; only a loss has its best epoch at the minimum and gets the ring.
 * @example Three epochs
 * ```ts
 * plotTrainValidation([0.6, 0.4, 0.3], [0.55, 0.45, 0.46]);
 * ```
 */
export function plotTrainValidation(
  train: Curve,
  validation: Curve,
  options: TrainValidationOptions = {},
): Spec {
  const { title, width = 460, height = 240, quantity: name = "Loss" } = options;
  const { log = spansDecade([...Array.from(train), ...Array.from(validation)]) } = options;
  const epochs = Math.max(train.length, validation.length);
  const rows = [
    ...rowsOf(train).map((row) => ({ ...row, set: "training" })),
    ...rowsOf(validation).map((row) => ({ ...row, set: "validation" })),
  ];
  const best = rowsOf(validation).reduce(
    (a, b) => b.value < a.value ? b : a,
    { epoch: NaN, value: Infinity },
  );
  const encoding = {
    x: epochAxis(epochs),
    y: quantity("value", name, { scale: log ? { type: "log", nice: true } : { zero: false } }),
    color: {
      field: "set",
      type: "nominal",
      title: null,
      scale: { domain: ["training", "validation"], range: [COLORS.blue, COLORS.orange] },
      legend: { orient: "top-right" },
    },
  };
  const layer: View[] = [{
    data: { values: rows },
    mark: lineMark(epochs, {}),
    encoding: {
      ...encoding,
      tooltip: [{ field: "set" }, { field: "epoch" }, { field: "value", format: ".4~g" }],
    },
  }];
  if (name === "Loss" && Number.isFinite(best.epoch)) {
    layer.push({
      data: { values: [{ ...best, set: "validation" }] },
      mark: { type: "point", size: 130, strokeWidth: 2, filled: false },
      encoding,
    });
  }
  return toSpec({ width, height, title: title ?? `${name} by epoch`, layer });
}

/** Options for {@linkcode plotBatchLoss}. */
export interface BatchLossOptions extends CurveOptions {
  /** Batches in the running mean. @default {a twentieth of them, at least 3} */
  window?: number;
}

/** Most batches drawn: more than there are pixels across tell nothing more. */
const MOST_BATCHES = 1000;

/**
 * Loss of each batch of an epoch, with a running mean over the last batches; on a logarithmic axis where losses span more
 * than a decade. Of very many batches some are drawn, evenly spread.
 *
 * @param losses In the order of training.
 * @example A falling loss
 * ```ts
 * plotBatchLoss([0.7, 0.65, 0.6, 0.5]);
 * ```
 */
export function plotBatchLoss(losses: Curve, options: BatchLossOptions = {}): Spec {
  const { title = "Loss of the first epoch, by batch", width = 460, height = 220 } = options;
  const { window = Math.max(3, Math.round(losses.length / 20)) } = options;
  let sum = 0;
  const all = Array.from(losses, (loss, i) => {
    sum += loss - (i >= window ? losses[i - window] : 0);
    return { batch: i + 1, loss, mean: sum / Math.min(i + 1, window) };
  });
  const every = Math.ceil(all.length / MOST_BATCHES);
  const rows = all.filter((_, i) => i % every === 0 || i === all.length - 1);
  const scale = spansDecade(Array.from(losses)) ? { type: "log", nice: true } : undefined;
  const y = (field: string) => quantity(field, "Loss", scale && { scale });
  const x = quantity("batch", "Batch", {
    axis: { tickMinStep: 1, format: "d", grid: false },
    scale: { domain: [1, Math.max(losses.length, 2)], nice: false },
  });
  return toSpec({
    width,
    height,
    title: {
      text: title,
      subtitle: `thin: ${
        every > 1 ? `one batch of ${every}` : "each batch"
      }, thick: mean of the last ${window}`,
    },
    data: { values: rows },
    layer: [
      {
        mark: { type: "line", strokeWidth: 1, opacity: 0.45, color: COLORS.blue },
        encoding: { x, y: y("loss") },
      },
      {
        mark: { type: "line", strokeWidth: 2.5, color: COLORS.blue },
        encoding: { x, y: y("mean") },
      },
    ],
  });
}
