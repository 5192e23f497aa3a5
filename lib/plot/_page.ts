/** A page of its own for a chart that answers to the hand: no other file, no network. */
import { escapeHtml } from "./escape_html.ts";
import { VIRIDIS } from "./viridis.ts";

const STYLE = `
:root { color-scheme: light dark; }
body { margin: 1rem auto; max-width: 60rem; padding: 0 1rem; font: 15px/1.5 system-ui, "DejaVu Sans", sans-serif; }
h1 { font-size: 1.2rem; margin: 0 0 .5rem; }
canvas { display: block; max-width: 100%; background: #fff; border: 1px solid #8888; border-radius: 6px; touch-action: none; }
.bar { display: flex; gap: .75rem; align-items: center; margin-top: .5rem; flex-wrap: wrap; }
input[type=range] { flex: 1; min-width: 12rem; }
output { font-variant-numeric: tabular-nums; }
:focus-visible { outline: 3px solid #2b7bba; outline-offset: 2px; }
`;

/** `viridis` of viridis.ts, for a browser. */
const COLORS = `
const stops = ${JSON.stringify(VIRIDIS)};
function viridis(share) {
  const place = share * (stops.length - 1), stop = Math.min(Math.floor(place), stops.length - 2), rest = place - stop;
  return stops[stop].map((from, c) => Math.round(from + rest * (stops[stop + 1][c] - from)));
}`;

/** What a page is made of. */
export interface PageParts {
  title: string;
  /** Markup between heading and script; nothing of a stranger's in it. */
  body: string;
  /** What the script finds as `data`. */
  data: unknown;
  /** Plain JavaScript; finds `data`, and `viridis` as viridis.ts has it. */
  script: string;
}

/** Puts a page together; text of others is only in title and data, where it cannot become markup. */
export function pageHtml({ title, body, data, script }: PageParts): string {
  const json = JSON.stringify(data).replaceAll("<", "\\u003c");
  return [
    "<!doctype html>",
    `<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">`,
    `<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'">`,
    `<title>${escapeHtml(title)}</title><style>${STYLE}</style></head><body>`,
    `<h1>${escapeHtml(title)}</h1>`,
    body,
    `<script>"use strict";\nconst data = ${json};${COLORS}\n${script}</script></body></html>`,
    "",
  ].join("\n");
}
