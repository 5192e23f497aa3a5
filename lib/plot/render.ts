/** Charts as files: SVG by Vega without a browser, PNG by resvg with the font it needs beside it. @module */
import { join } from "@std/path";
import manifest from "dejavu-fonts-ttf/package.json" with { type: "json" };
import { packageFolder } from "../base/npm_package.ts";
import { escapeHtml } from "./escape_html.ts";
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
  light: { background: "#ffffff", ink: "#1b1e23" },
  dark: { background: "#14171c", ink: "#e4e7ec" },
};

/** What is drawn takes the colour of the text around it, and leaves the ground as it is. */
const INK = "currentColor", FAINT = "#8886";

type Config = Record<string, Record<string, unknown>>;

/** A chart's own settings with the page's colours underneath. */
function themed(spec: Spec): Spec {
  const own = (spec.config ?? {}) as Config;
  const colors: Config = {
    axis: { labelColor: INK, titleColor: INK, domainColor: INK, tickColor: INK, gridColor: FAINT },
    legend: { labelColor: INK, titleColor: INK },
    title: { color: INK, subtitleColor: INK },
    header: { labelColor: INK, titleColor: INK },
    text: { color: INK },
  };
  const config: Record<string, unknown> = {
    ...own,
    background: "transparent",
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
  const input = themed(spec) as unknown as Parameters<typeof vegaLite.compile>[0];
  const compiled = vegaLite.compile(input, { logger: SILENT as never }).spec;
  measureText(vega);
  const view = new vega.View(vega.parse(compiled), { renderer: "none", logLevel: vega.None });
  try {
    const svg = named(await view.toSVG(), spec.description as string | undefined);
    const { theme = "light" } = options;
    return theme === "page" ? svg : onGround(svg, theme);
  } finally {
    view.finalize();
  }
}

/** An SVG with its description, for screen readers. */
function named(svg: string, description?: string): string {
  if (!description) return svg;
  return svg.replace(/^<svg/, `<svg role="img" aria-label="${escapeHtml(description)}"`);
}

/**
 * A chart drawn for a page, on a ground of its own: as a file.
 *
 * @param svg What {@linkcode renderSvg} gave for the theme `page`.
 * @param theme Which ground. @default {"light"}
 */
export function onGround(svg: string, theme: keyof typeof THEMES = "light"): string {
  const { background, ink } = THEMES[theme];
  const ground = `<rect width="100%" height="100%" fill="${background}"/>`;
  return svg.replace(/^<svg([^>]*)>/, `<svg color="${ink}"$1>${ground}`);
}

/** The fonts that charts are drawn with, as files of the npm package `dejavu-fonts-ttf`. */
function fontFiles(): string[] {
  const folder = join(packageFolder(manifest), "ttf");
  return ["DejaVuSans", "DejaVuSans-Bold"].map((name) => join(folder, `${name}.ttf`));
}

/**
 * Draws SVG text as PNG, with fonts that come along: text shows on a machine that has none.
 *
 * Drawn on a thread of its own, so that several can be asked for at once. Needs the permission to load a native library (resvg).
 *
 * @param svg An SVG element.
 * @param scale Picture pixels a chart pixel. @default {2}
 * @returns The PNG file's bytes.
 * @throws {Error} If the text is not SVG.
 */
export async function svgToPng(svg: string, scale = 2): Promise<Uint8Array<ArrayBuffer>> {
  const { renderAsync } = await import("@resvg/resvg-js");
  const image = await renderAsync(svg, {
    font: { loadSystemFonts: false, fontFiles: fontFiles(), defaultFontFamily: "DejaVu Sans" },
    fitTo: { mode: "zoom", value: scale },
  });
  return new Uint8Array(image.asPng());
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
