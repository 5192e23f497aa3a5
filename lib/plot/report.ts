/** A run's results as one page that opens offline: charts inline, numbers with intervals and baselines, light and dark. @module */
import { renderSvg } from "./render.ts";
import { escapeHtml } from "./escape_html.ts";
import { formatEstimate, type Spec } from "./spec.ts";

/** A measured number; the shape of a model card's metrics. */
export interface ReportMetric {
  /** What was measured. */
  value: number;
  /** Lower end of its 95 % interval. */
  low?: number;
  /** Upper end of its 95 % interval. */
  high?: number;
  /** Examples measured on. */
  n?: number;
  /** Which examples: "test", "validation". */
  split?: string;
  /** Units of all these. */
  units?: string;
  /** What a trivial method reaches on the same examples. */
  baseline?: { name: string; value: number };
}

/** A table of text and numbers; numbers stand right. */
export interface ReportTable {
  /** Above the table. */
  caption?: string;
  /** Headings. */
  columns: readonly string[];
  /** Cells, row by row. */
  rows: readonly (readonly (string | number)[])[];
}

/** A chart with its caption: a specification, or SVG text made elsewhere; or a movie; or a page of its own beside the report. */
export type ReportFigure =
  & { caption?: string }
  & ({ spec: Spec } | { svg: string } | { gif: Uint8Array } | { page: string });

/** One part of the page. */
export interface ReportSection {
  /** Heading. */
  title: string;
  /** Plain text; an empty line begins a new paragraph. */
  text?: string;
  /** Measured numbers, by name. */
  metrics?: Record<string, ReportMetric>;
  /** Tables, below the numbers. */
  tables?: readonly ReportTable[];
  /** Charts and movies, at the end. */
  figures?: readonly ReportFigure[];
}

/** What {@linkcode reportHtml} shows. */
export interface Report {
  /** Heading of the page. */
  title: string;
  /** One line below it. */
  subtitle?: string;
  /** Short facts at the top: seed, epochs, engine. */
  facts?: Record<string, string | number | boolean>;
  /** Parts of the page, in order. */
  sections: readonly ReportSection[];
}

const STYLE = `
:root { color-scheme: light dark; --ink: #1b1e23; --soft: #5b6470; --line: #dde1e7; --paper: #ffffff; --card: #f6f7f9; --accent: #2b7bba; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e4e7ec; --soft: #9aa4b2; --line: #2c323b; --paper: #14171c; --card: #1b1f26; --accent: #6fb4e8; }
}
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 2rem 1.25rem 4rem; max-width: 74rem; background: var(--paper); color: var(--ink);
  font: 15px/1.55 system-ui, "DejaVu Sans", Verdana, sans-serif; }
h1 { font-size: 1.7rem; margin: 0; line-height: 1.25; }
h2 { font-size: 1.2rem; margin: 2.4rem 0 .6rem; padding-bottom: .25rem; border-bottom: 1px solid var(--line); }
p { max-width: 46rem; margin: .5rem 0; }
.subtitle { color: var(--soft); }
dl { display: grid; grid-template-columns: repeat(auto-fill, minmax(11rem, 1fr)); gap: .5rem 1.25rem; margin: 1.2rem 0 0;
  padding: .8rem 1rem; background: var(--card); border-radius: 8px; }
dl div { min-width: 0; }
dt { color: var(--soft); font-size: .8rem; }
dd { margin: 0; overflow-wrap: anywhere; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; margin: .8rem 0; font-variant-numeric: tabular-nums; }
caption { text-align: left; color: var(--soft); font-size: .9rem; padding-bottom: .3rem; }
th, td { padding: .3rem .9rem .3rem 0; border-bottom: 1px solid var(--line); text-align: left; vertical-align: top; }
th { font-weight: 600; font-size: .85rem; color: var(--soft); }
td.number, th.number { text-align: right; }
td.short { white-space: nowrap; }
tbody th { color: var(--ink); font-size: 1em; }
th code { color: var(--soft); font-size: .8em; font-weight: normal; }
td.value { font-weight: 600; color: var(--accent); }
.figures { display: flex; flex-wrap: wrap; gap: 1.4rem 2rem; align-items: flex-start; margin: 1rem 0; }
figure { margin: 0; max-width: 100%; overflow-x: auto; }
figure svg { display: block; max-width: max(100%, 32rem); height: auto; }
figcaption { color: var(--soft); font-size: .88rem; max-width: 44rem; margin-top: .3rem; }
footer { margin-top: 3rem; color: var(--soft); font-size: .85rem; }
@media print { body { padding: 0; max-width: none; } figure { break-inside: avoid; } }
`;

/** Words that a metric's name stands for. */
const METRIC_WORDS: readonly (readonly [RegExp, string])[] = [
  [/\brejection (\d+)/, "background rejection at $1 % signal efficiency"],
  [/\befficiency at (\d+)/, "signal efficiency at $1 % background"],
  [/\bauc\b/gi, "AUC"],
  [/\biou\b/gi, "IoU"],
  [/\bmae\b/gi, "mean absolute error"],
  [/\brmse?\b/gi, "root of the mean square"],
  [/\b([kMGT]) eV\b/g, "$1eV"],
  [/\b([kMGT])e V\b/g, "$1eV"],
];

/** `rejection90_0to5keV` as people read it: "Background rejection at 90 % signal efficiency, 0 to 5 keV". */
export function readableName(name: string): string {
  const words = name
    .replace(/([a-z])([A-Z])/g, "$1 $2")
    .replace(/([a-z])(\d)/gi, "$1 $2")
    .replace(/(\d)([a-z])/gi, "$1 $2")
    .replace(/_/g, ", ")
    .replace(/ (?![MGT]e V\b)([A-Z])(?=[a-z])/g, (_, letter) => ` ${letter.toLowerCase()}`);
  const said = METRIC_WORDS.reduce((text, [pattern, meaning]) => text.replace(pattern, meaning), words);
  return said[0].toUpperCase() + said.slice(1);
}

/** A number with a minus sign of a digit's width, and no line break before its unit. */
const signed = (text: string) => text.replaceAll("-", "−");

function metricsTable(metrics: Record<string, ReportMetric>): string {
  const head = ["", "Value", "95 % interval", "n", "Measured on", "Baseline"];
  const numeric = [false, true, true, true, false, false];
  const rows = Object.entries(metrics).map(([name, { value, low, high, n, split, units, baseline }]) => {
    const [shown, interval] = low !== undefined && high !== undefined
      ? formatEstimate({ value, low, high }).split(/ (?=\[)/)
      : [Number.isInteger(value) ? value.toLocaleString("en") : value.toPrecision(4), "–"];
    const digits = shown.split(".")[1]?.length ?? 0;
    const unit = units ? ` ${escapeHtml(units)}` : "";
    const compared = baseline
      ? `${signed(baseline.value.toFixed(Math.max(digits, 2)))}${unit} (${escapeHtml(baseline.name)})`
      : "–";
    return `<tr><th scope="row">${escapeHtml(readableName(name))}<br><code>${
      escapeHtml(name)
    }</code></th><td class="number value short">${signed(shown)}${unit}</td>` +
      `<td class="number short">${signed(interval)}</td><td class="number">${
        n?.toLocaleString("en") ?? "–"
      }</td>` +
      `<td>${escapeHtml(split ?? "–")}</td><td>${compared}</td></tr>`;
  });
  const header = head.map((title, i) => `<th scope="col"${numeric[i] ? ' class="number"' : ""}>${title}</th>`)
    .join("");
  return `<div class="scroll"><table><thead><tr>${header}</tr></thead><tbody>${
    rows.join("")
  }</tbody></table></div>`;
}

/** Letters of a cell that stays on one line. */
const SHORT = 40;

function plainTable({ caption, columns, rows }: ReportTable): string {
  const numeric = columns.map((_, c) => rows.length > 0 && rows.every((row) => typeof row[c] === "number"));
  const cell = (value: string | number, c: number) =>
    `<td class="${numeric[c] ? "number " : ""}${String(value).length <= SHORT ? "short" : ""}">${
      escapeHtml(
        typeof value === "number" ? value.toLocaleString("en", { maximumSignificantDigits: 6 }) : value,
      )
    }</td>`;
  const header = columns.map((title, c) =>
    `<th scope="col"${numeric[c] ? ' class="number"' : ""}>${escapeHtml(title)}</th>`
  );
  return `<div class="scroll"><table>${caption ? `<caption>${escapeHtml(caption)}</caption>` : ""}` +
    `<thead><tr>${header.join("")}</tr></thead>` +
    `<tbody>${rows.map((row) => `<tr>${row.map(cell).join("")}</tr>`).join("")}</tbody></table></div>`;
}

/** An SVG that may stand beside others in one page: its ids are made its own, and it is named for screen readers. */
function inline(svg: string, prefix: string, caption?: string): string {
  const [, words] = /^<svg role="img" aria-label="([^"]*)"/.exec(svg) ?? [];
  const label = [caption && escapeHtml(caption), words].filter((part) => part).join(" ") || "chart";
  return svg
    .replace(/^<svg(?: role="img" aria-label="[^"]*")?/, `<svg role="img" aria-label="${label}"`)
    .replace(/\bid="([^"]+)"/g, `id="${prefix}-$1"`)
    .replace(/url\(#([^)]+)\)/g, `url(#${prefix}-$1)`)
    .replace(/(xlink:href|href)="#([^"]+)"/g, `$1="#${prefix}-$2"`);
}

async function figureHtml(figure: ReportFigure, prefix: string): Promise<string> {
  const { caption } = figure;
  const below = caption ? `<figcaption>${escapeHtml(caption)}</figcaption>` : "";
  if ("gif" in figure) {
    const label = escapeHtml(caption ?? "movie");
    return `<figure><img alt="${label}" src="data:image/gif;base64,${figure.gif.toBase64()}">${below}</figure>`;
  }
  if ("page" in figure) {
    return `<figure><a href="${escapeHtml(encodeURI(figure.page))}">${
      escapeHtml(caption ?? figure.page)
    }</a></figure>`;
  }
  const svg = "spec" in figure ? await renderSvg(figure.spec, { theme: "page" }) : figure.svg;
  return `<figure>${inline(svg, prefix, caption)}${below}</figure>`;
}

/**
 * A run's results as one HTML page that needs no other file and no network: its policy forbids both.
 *
 * All text is escaped; `svg` of a figure is put in as it is and must come from a renderer, not from a stranger.
 *
 * @returns The page.
 * @throws {TypeError} If a chart cannot be drawn.
 * @example A page of one number
 * ```ts
 * const metrics = { accuracy: { value: 0.9, low: 0.86, high: 0.93, n: 300, split: "test" } };
 * const page = await reportHtml({ title: "mnist", sections: [{ title: "Result", metrics }] });
 * ```
 */
export async function reportHtml({ title, subtitle, facts = {}, sections }: Report): Promise<string> {
  const parts: string[] = [];
  for (const [s, section] of sections.entries()) {
    const figures: string[] = [];
    for (const [f, figure] of (section.figures ?? []).entries()) {
      figures.push(await figureHtml(figure, `f${s}-${f}`));
    }
    const paragraphs = (section.text ?? "").split(/\n\s*\n/).filter((text) => text.trim() !== "");
    parts.push(
      `<section>\n<h2>${escapeHtml(section.title)}</h2>`,
      ...paragraphs.map((text) => `<p>${escapeHtml(text.trim())}</p>`),
      ...(section.metrics ? [metricsTable(section.metrics)] : []),
      ...(section.tables ?? []).map(plainTable),
      ...(figures.length > 0 ? [`<div class="figures">${figures.join("\n")}</div>`] : []),
      "</section>",
    );
  }
  const known = Object.entries(facts)
    .map(([name, value]) => `<div><dt>${escapeHtml(name)}</dt><dd>${escapeHtml(value)}</dd></div>`);
  return [
    "<!doctype html>",
    `<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">`,
    `<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">`,
    `<title>${escapeHtml(title)}</title><style>${STYLE}</style></head>`,
    `<body><header><h1>${escapeHtml(title)}</h1>${
      subtitle ? `<p class="subtitle">${escapeHtml(subtitle)}</p>` : ""
    }`,
    ...(known.length > 0 ? [`<dl>${known.join("")}</dl>`] : []),
    "</header><main>",
    ...parts,
    "</main></body></html>\n",
  ].join("\n");
}
