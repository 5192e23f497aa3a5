/** What every chart here is: a plain Vega-Lite object, version 5's grammar, which JupyterLab draws by itself. @module */

/** A Vega-Lite chart; JSON, with no function and no address in it but the schema's name. */
export interface Spec {
  $schema: string;
  [property: string]: unknown;
}

/** A layer or a view of a chart. */
export type View = Record<string, unknown>;

/** Colours that keep apart on white and on black, and for the colour-blind (M. Okabe, K. Ito, 2008). */
export const COLORS = {
  blue: "#2b7bba",
  red: "#d9482b",
  green: "#0a9a73",
  orange: "#e08e0b",
  purple: "#b565a7",
  sky: "#4fb0e5",
  grey: "#8a8a8a",
} as const;

/** The order in which curves take them. */
export const SERIES: readonly string[] = [
  COLORS.blue,
  COLORS.red,
  COLORS.green,
  COLORS.orange,
  COLORS.purple,
  COLORS.sky,
  "#7a5195",
  "#a6761d",
  "#1b9e9e",
  "#666699",
];

/** Settings shared by all charts; text and line colours are left to the theme of who draws. */
const CONFIG = {
  view: { stroke: null },
  axis: { labelFontSize: 11, titleFontSize: 12, titleFontWeight: "normal", gridOpacity: 0.35 },
  legend: { labelFontSize: 11, titleFontSize: 11, labelLimit: 700 },
  title: { fontSize: 13, fontWeight: "bold", anchor: "start", subtitleFontSize: 11 },
  header: { labelFontSize: 12, titleFontSize: 12 },
};

/** Completes a view to a chart. */
export function toSpec(view: View): Spec {
  return { $schema: "https://vega.github.io/schema/vega-lite/v5.json", config: CONFIG, ...view };
}

/** A quantitative position. */
export function quantity(field: string, title: string, more: View = {}): View {
  return { field, type: "quantitative", title, ...more };
}

/** A legend entry or a caption: "0.974 [0.961, 0.983]"; digits follow the interval's width. */
export function formatEstimate({ value, low, high }: { value: number; low: number; high: number }): string {
  const width = high - low;
  const digits = width > 0 ? Math.min(Math.max(1 - Math.floor(Math.log10(width)), 0), 6) : 3;
  const show = (x: number) => Number.isFinite(x) ? x.toFixed(digits) : "–";
  return `${show(value)} [${show(low)}, ${show(high)}]`;
}
