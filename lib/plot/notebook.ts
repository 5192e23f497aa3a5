/** Charts in a notebook of Deno's Jupyter kernel: once, or redrawn in place while something runs. @module */
import { endIfStopped } from "../base/stop_button.ts";
import { renderSvg } from "./render.ts";
import type { Spec } from "./spec.ts";

/** Representations of one output by media type. */
export type MediaBundle = Record<string, unknown>;

/** Something that Deno's kernel shows when it is the value of a cell. */
export interface Displayable {
  /** What the notebook shows, by media type. */
  [display: symbol]: () => MediaBundle | Promise<MediaBundle>;
}

const DISPLAY = Symbol.for("Jupyter.display");
const VEGA_LITE = "application/vnd.vegalite.v5+json";

/** A chart by media type: Vega-Lite for JupyterLab, SVG for viewers that know no Vega, such as nbconvert's HTML. */
export async function chartBundle(spec: Spec): Promise<MediaBundle> {
  return { [VEGA_LITE]: spec, "image/svg+xml": await renderSvg(spec), "text/plain": "[chart]" };
}

/**
 * Shows a chart, or SVG text, as the value of a cell.
 *
 * @example The last line of a cell
 * ```ts
 * import { plotHistogram } from "./value_histogram.ts";
 * display(plotHistogram([1, 2, 2, 3]));
 * ```
 */
export function display(chart: Spec | string): Displayable {
  return {
    [DISPLAY]: () =>
      typeof chart === "string" ? { "image/svg+xml": chart, "text/plain": "[chart]" } : chartBundle(chart),
  };
}

/** Sends a message to the notebook; `Deno.jupyter.broadcast` is one. */
export type Broadcast = (type: string, content: Record<string, unknown>) => Promise<unknown>;

/** Options for {@linkcode createLivePlot}. */
export interface LivePlotOptions {
  /** Usually `Deno.jupyter.broadcast`. */
  broadcast: Broadcast;
  /** Shortest time between two drawings, in milliseconds. @default {400} */
  everyMs?: number;
  /** Clock in milliseconds. @default {performance.now} */
  now?: () => number;
}

/** A chart that is redrawn in place. */
export interface LivePlot {
  /** Redraws if the last drawing is old enough. @throws {DOMException} `AbortError` if a notebook's Stop was pressed. */
  update(): Promise<void>;
  /** Redraws for the last time, with an SVG beside it for viewers without Vega. */
  finish(): Promise<void>;
}

/**
 * A chart that follows what goes on, redrawn in the same place of the notebook.
 *
 * @param draw Makes the chart of this moment; not called more often than it is shown.
 * @example Loss by batch, in a training loop
 * ```ts
 * import { plotBatchLoss } from "./learning_curve.ts";
 * const losses: number[] = [];
 * const live = createLivePlot(() => plotBatchLoss(losses), { broadcast: async () => {} });
 * losses.push(0.7);
 * await live.update();
 * await live.finish();
 * ```
 */
export function createLivePlot(draw: () => Spec, options: LivePlotOptions): LivePlot {
  const { broadcast, everyMs = 400, now = () => performance.now() } = options;
  const id = crypto.randomUUID();
  let last = -Infinity, shown = false;
  const send = async (data: MediaBundle) => {
    const type = shown ? "update_display_data" : "display_data";
    shown = true;
    await broadcast(type, { data, metadata: {}, transient: { display_id: id } });
  };
  return {
    async update() {
      endIfStopped(); // loops of people's own are stopped here
      if (now() - last < everyMs) return;
      last = now();
      await send({ [VEGA_LITE]: draw(), "text/plain": "[chart]" });
    },
    async finish() {
      await send(await chartBundle(draw()));
    },
  };
}
