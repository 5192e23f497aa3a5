/** What every chart here is: a plain Vega-Lite object, version 5's grammar, which JupyterLab draws by itself. @module */

/** A Vega-Lite chart; JSON, with no function and no address in it but the schema's name. */
export interface Spec {
  /** Which version of Vega-Lite this is. */
  $schema: string;
  /** All else that Vega-Lite takes. */
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

/**
 * The order in which curves take colours: ten that can be told apart, by eyes that see all colours (CIEDE2000 at least 20)
 * and by those that lack red or green (at least 11), on the page's white and on its black; a test measures them.
 */
export const SERIES: readonly string[] = [
  COLORS.blue,
  COLORS.red,
  COLORS.green,
  COLORS.orange,
  "#b60482",
  "#78bfd4",
  "#755a5c",
  "#b18aff",
  "#bab4a1",
  "#b8849e",
];

/** Settings shared by all charts; text and line colours are left to the theme of who draws. */
const CONFIG = {
  view: { stroke: null },
  axis: { labelFontSize: 11, titleFontSize: 12, titleFontWeight: "normal", gridOpacity: 0.35 },
  legend: { labelFontSize: 11, titleFontSize: 11, labelLimit: 700 },
  title: { fontSize: 13, fontWeight: "bold", anchor: "start", subtitleFontSize: 11 },
  header: { labelFontSize: 12, titleFontSize: 12 },
};

/** A chart's title in words. */
function titleWords(title: unknown): string | undefined {
  if (typeof title === "string") return title;
  const { text, subtitle } = (title ?? {}) as { text?: string; subtitle?: string | readonly string[] };
  const second = Array.isArray(subtitle) ? subtitle.join(" ") : subtitle;
  return text && (second ? `${text} (${second})` : text);
}

/** Views of a chart, itself first. */
function viewsOf(view: View): View[] {
  const inner = ["layer", "hconcat", "vconcat"].flatMap((part) => (view[part] ?? []) as View[]);
  return [view, ...inner.flatMap(viewsOf)];
}

/** A channel's settings in the first view that has some of use. */
function channelOf(views: readonly View[], channel: string, field: string): unknown {
  for (const { encoding } of views) {
    const found = (encoding as Record<string, View> | undefined)?.[channel]?.[field];
    if (found) return found;
  }
}

/** What a chart shows in words, for those who cannot see it: its title, what is drawn against what, and of which series. */
function wordsOf(view: View): string | undefined {
  const views = viewsOf(view);
  const title = titleWords(view.title);
  const [x, y] = ["x", "y"].map((channel) => channelOf(views, channel, "title") as string | undefined);
  const scale = channelOf(views, "color", "scale") as { domain?: unknown } | undefined;
  const axes = x && y ? `${y} against ${x}` : x ?? y;
  const series = Array.isArray(scale?.domain) ? scale.domain.filter((name) => typeof name === "string") : [];
  const texts = views.filter(({ mark }) => (mark as View | undefined)?.type === "text")
    .flatMap(({ data }) => ((data as { values?: { text?: string }[] } | undefined)?.values ?? []))
    .flatMap(({ text }) => text ? [text] : []).slice(0, MOST_WORDS);
  const parts = [title, axes, series.join(", "), texts.join(", ")].filter((part) => part);
  return parts.length > 0 ? parts.join(": ") : undefined;
}

/** Most captions of a grid that its description repeats. */
const MOST_WORDS = 24;

/** Completes a view to a chart, described in words for screen readers; by its own description where it has no words. */
export function toSpec(view: View): Spec {
  const description = wordsOf(view);
  return {
    $schema: "https://vega.github.io/schema/vega-lite/v5.json",
    config: CONFIG,
    ...view,
    ...(description && { description }),
  };
}

/** "Energy [keV]", or the name alone where it has no units. */
export function axisTitle(name: string, units: string): string {
  const title = name[0].toUpperCase() + name.slice(1);
  return units ? `${title} [${units}]` : title;
}

/** Whether values span so much that a logarithmic axis shows more: all positive, more than a decade. */
export function spansDecade(values: readonly number[]): boolean {
  const drawn = values.filter(Number.isFinite);
  const low = Math.min(...drawn), high = Math.max(...drawn);
  return low > 0 && high > 10 * low;
}

/** How names are turned under an axis: not at all where few or short ones stand side by side. */
export function nameAngle(names: readonly string[]): number {
  return names.length > 5 && names.some((name) => name.length > 3) ? -40 : 0;
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
