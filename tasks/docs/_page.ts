/** The frame of every page: the list of pages beside the text, light and dark, on narrow screens too. @module */
import { escapeHtml } from "../../lib/plot/escape_html.ts";

/** A page of the site. */
export interface Page {
  /** File name. */
  file: string;
  title: string;
  /** HTML of the text. */
  body: string;
  /** Headings to jump to: id and text. */
  headings?: readonly (readonly [id: string, text: string])[];
}

/** Pages under one heading of the list. */
export interface Group {
  title: string;
  pages: readonly Page[];
}

/** The style sheet, one for all pages. */
export const STYLE = `
:root { color-scheme: light dark; --ink: #1d2733; --faint: #5d6b7a; --ground: #fff; --panel: #f5f7f9; --line: #dde3e9;
  --link: #0b5fa5; --comment: #5d7052; }
@media (prefers-color-scheme: dark) { :root { --ink: #dfe5ec; --faint: #96a3b1; --ground: #14181d; --panel: #1c2229;
  --line: #303944; --link: #7ab8f0; --comment: #93ab84; } }
* { box-sizing: border-box; }
body { margin: 0; color: var(--ink); background: var(--ground); font: 16px/1.55 system-ui, sans-serif; }
a { color: var(--link); text-decoration: none; } a:hover { text-decoration: underline; }
.site { display: grid; grid-template-columns: 15rem minmax(0, 1fr); max-width: 75rem; margin: 0 auto; }
nav { position: sticky; top: 0; align-self: start; max-height: 100vh; overflow-y: auto; padding: 1.5rem 1rem 2rem;
  font-size: .92rem; }
nav h2 { font-size: .8rem; text-transform: uppercase; letter-spacing: .05em; color: var(--faint); margin: 1.2rem 0 .3rem; }
nav ul { list-style: none; margin: 0; padding: 0; } nav li { margin: .15rem 0; }
nav [aria-current] { font-weight: 600; color: var(--ink); }
nav summary { font-weight: 700; } .home { font-weight: 700; font-size: 1.1rem; }
main { min-width: 0; padding: 1.5rem 1.5rem 5rem; border-left: 1px solid var(--line); }
h1 { font-size: 1.9rem; line-height: 1.2; margin: 0 0 1rem; } h2 { margin: 2.4rem 0 .6rem; font-size: 1.35rem; }
h3 { margin: 2rem 0 .5rem; font-size: 1.05rem; font-family: ui-monospace, monospace; scroll-margin-top: 1rem;
  overflow-wrap: anywhere; }
h3 small { color: var(--faint); font-weight: 400; }
code, pre { font-family: ui-monospace, monospace; font-size: .87em; }
code { background: var(--panel); padding: .1em .3em; border-radius: 3px; overflow-wrap: break-word; }
pre { background: var(--panel); border: 1px solid var(--line); border-radius: 6px; padding: .8rem 1rem; overflow-x: auto;
  line-height: 1.45; }
pre code { background: none; padding: 0; overflow-wrap: normal; } .comment { color: var(--comment); }
table { border-collapse: collapse; display: block; overflow-x: auto; margin: 1rem 0; font-size: .92rem; }
th, td { border-bottom: 1px solid var(--line); padding: .35rem .8rem .35rem 0; text-align: left; vertical-align: top; }
td { min-width: 6.5rem; } td code { overflow-wrap: anywhere; }
img { max-width: 100%; } dt { font-family: ui-monospace, monospace; font-size: .87em;
  overflow-wrap: anywhere; } dd { margin: 0 0 .4rem 1.2rem; }
dd p { margin: .2rem 0; } .names { columns: 14rem; padding: 0; list-style: none; font-size: .92rem; }
input[type=search] { font: inherit; width: 100%; padding: .4rem .6rem; border: 1px solid var(--line); border-radius: 6px;
  background: var(--panel); color: inherit; }
details.pages { display: none; }
@media (max-width: 50rem) {
  .site { display: block; } nav.wide { display: none; } details.pages { display: block; padding: .8rem 1rem;
  border-bottom: 1px solid var(--line); } details.pages nav { position: static; max-height: none; padding: 0 0 1rem; }
  main { border: 0; padding: 1.2rem 1rem 4rem; } h1 { font-size: 1.5rem; } }
`;

/** The list of all pages, with the headings of the one that is open. */
function list(groups: readonly Group[], current: Page): string {
  const item = (page: Page) => {
    const mark = page.file === current.file ? ' aria-current="page"' : "";
    return `<li><a href="${page.file}"${mark}>${escapeHtml(page.title)}</a></li>`;
  };
  const groupOf = ({ title, pages }: Group) =>
    `<h2>${escapeHtml(title)}</h2><ul>${pages.map(item).join("")}</ul>`;
  return `<a class="home" href="index.html">cloudchamber</a>${groups.map(groupOf).join("")}`;
}

/** The whole page. */
export function renderPage(page: Page, groups: readonly Group[]): string {
  const pages = list(groups, page);
  const title = page.file === "index.html" ? page.title : `${page.title} · cloudchamber`;
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${
    escapeHtml(title)
  }</title><link rel="icon" href="data:,"><link rel="stylesheet" href="style.css"></head>
<body><details class="pages"><summary>cloudchamber: all pages</summary><nav>${pages}</nav></details>
<div class="site"><nav class="wide">${pages}</nav>
<main><h1>${escapeHtml(page.title)}</h1>
${page.body}
</main></div></body></html>
`;
}
