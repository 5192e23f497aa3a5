/** Charts as files: SVG by Vega without a browser, PNG by resvg with the font it needs beside it. @module */
import { createRequire } from "node:module";
import type { Spec } from "./spec.ts";

/** Options for {@linkcode renderSvg}. */
export interface RenderOptions {
  /**
   * `light`: dark text on white, for a file; `dark`: light text on near black; `page`: no background and the text colour of
   * the page that the SVG stands in. @default {"light"}
   */
  theme?: "light" | "dark" | "page";
}

/** Options for {@linkcode renderPng}. */
export interface RenderPngOptions extends RenderOptions {
  /** Picture pixels a chart pixel. @default {2} */
  scale?: number;
}

const THEMES = {
  light: { background: "#ffffff", ink: "#1b1e23", faint: "#c9ced6" },
  dark: { background: "#14171c", ink: "#e4e7ec", faint: "#3b424d" },
  page: { background: "transparent", ink: "currentColor", faint: "#8886" },
};

type Config = Record<string, Record<string, unknown>>;

/** A chart's own settings with the colours of a theme underneath. */
function themed(spec: Spec, theme: keyof typeof THEMES): Spec {
  const { background, ink, faint } = THEMES[theme];
  const own = (spec.config ?? {}) as Config;
  const colors: Config = {
    axis: { labelColor: ink, titleColor: ink, domainColor: ink, tickColor: ink, gridColor: faint },
    legend: { labelColor: ink, titleColor: ink },
    title: { color: ink, subtitleColor: ink },
    header: { labelColor: ink, titleColor: ink },
    text: { color: ink },
  };
  const config: Record<string, unknown> = {
    ...own,
    background,
    aria: false, // one label for the whole chart stands on the page; one a point would fill it
    font: "DejaVu Sans, Verdana, system-ui, sans-serif",
  };
  for (const [part, settings] of Object.entries(colors)) config[part] = { ...settings, ...own[part] };
  return { ...spec, config };
}

/** Vega-Lite's notes are for its authors. */
const SILENT = {
  level() {
    return SILENT;
  },
  error(...parts: unknown[]): never {
    throw new TypeError(`Cannot draw a chart: ${parts.join(" ")}`);
  },
  warn: () => SILENT,
  info: () => SILENT,
  debug: () => SILENT,
};

/**
 * Tells Vega how wide text is. Without a canvas it takes every letter for 0.8 of the font's size, which leaves gaps beside
 * axes and legends; DejaVu Sans measures 0.6 on the average of English text and figures.
 */
function measureText(vega: object): void {
  const { textMetrics } = vega as {
    textMetrics: { width: (item: { fontSize?: number }, text: unknown) => number };
  };
  textMetrics.width = ({ fontSize = 11 }, text) => 0.6 * fontSize * String(text ?? "").length;
}

/**
 * Draws a chart as SVG.
 *
 * Needs no permission. Vega is loaded on first use.
 *
 * @returns The SVG element as text, complete with its pictures.
 * @throws {TypeError} If the specification cannot be drawn.
 * @example A histogram
 * ```ts
 * import { plotHistogram } from "./value_histogram.ts";
 * const svg = await renderSvg(plotHistogram([1, 2, 2, 3], { bins: 3 })); // <svg …
 * ```
 */
export async function renderSvg(spec: Spec, options: RenderOptions = {}): Promise<string> {
  const [vega, vegaLite] = await Promise.all([import("vega"), import("vega-lite")]);
  const input = themed(spec, options.theme ?? "light") as unknown as Parameters<typeof vegaLite.compile>[0];
  const compiled = vegaLite.compile(input, { logger: SILENT as never }).spec;
  measureText(vega);
  const view = new vega.View(vega.parse(compiled), { renderer: "none", logLevel: vega.None });
  try {
    return await view.toSVG();
  } finally {
    view.finalize();
  }
}

/** The fonts that charts are drawn with, as files of the npm package `dejavu-fonts-ttf`. */
function fontFiles(): string[] {
  const { resolve } = createRequire(import.meta.url);
  return ["DejaVuSans", "DejaVuSans-Bold"].map((name) => resolve(`dejavu-fonts-ttf/ttf/${name}.ttf`));
}

/**
 * Draws SVG text as PNG, with fonts that come along: text shows on a machine that has none.
 *
 * Needs the permission to load a native library (resvg).
 *
 * @param svg An SVG element.
 * @param scale Picture pixels a chart pixel. @default {2}
 * @returns The PNG file's bytes.
 * @throws {Error} If the text is not SVG.
 */
export async function svgToPng(svg: string, scale = 2): Promise<Uint8Array<ArrayBuffer>> {
  const { Resvg } = await import("@resvg/resvg-js");
  const image = new Resvg(svg, {
    font: { loadSystemFonts: false, fontFiles: fontFiles(), defaultFontFamily: "DejaVu Sans" },
    fitTo: { mode: "zoom", value: scale },
  });
  return new Uint8Array(image.render().asPng());
}

/**
 * Draws a chart as PNG.
 *
 * @returns The PNG file's bytes.
 * @throws {TypeError} If the specification cannot be drawn.
 * @example Two chart pixels a point
 * ```ts
 * import { plotHistogram } from "./value_histogram.ts";
 * const png = await renderPng(plotHistogram([1, 2, 2, 3], { bins: 3 }), { scale: 2 });
 * ```
 */
export async function renderPng(
  spec: Spec,
  options: RenderPngOptions = {},
): Promise<Uint8Array<ArrayBuffer>> {
  return await svgToPng(await renderSvg(spec, options), options.scale ?? 2);
}
