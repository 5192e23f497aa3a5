/** Markdown to HTML, with the names of the code linked to where they are described. @module */
import { Marked } from "marked";
import { escapeHtml } from "../../lib/plot/escape_html.ts";

/** Where a name or a path is described: a link, or undefined. */
export type Finder = (name: string) => string | undefined;

/** The part of an address that stands for a heading. */
export function slug(heading: string): string {
  return heading.toLowerCase().replaceAll(/[^\p{L}\p{N}]+/gu, "-").replaceAll(/^-|-$/g, "");
}

/** TypeScript as HTML: comments set off, and the names of other entries linked. */
export function codeHtml(source: string, find: Finder): string {
  const parts = source.split(/(\/\*[\s\S]*?\*\/|(?<=^|\s)\/\/.*$)/m);
  return parts.map((part, i) => {
    if (i % 2 === 1) return `<span class="comment">${escapeHtml(part)}</span>`;
    return escapeHtml(part).replaceAll(/(?<![\w$.&])[A-Za-z_$][\w$]*/g, (name) => {
      const link = find(name);
      return link === undefined ? name : `<a href="${link}">${name}</a>`;
    });
  }).join("");
}

/** Turns `{@link x}` and `{@linkcode x}` into links or code. */
function resolveLinks(text: string, find: Finder): string {
  return text.replaceAll(/\{@link(?:code)?\s+([^}|\s]+)(?:\s*\|?\s*([^}]+))?\}/g, (_, target, shown) => {
    if (/^https?:/.test(target)) return `[${shown ?? target}](${target})`;
    const link = find(target) ?? find(target.split(".")[0]);
    const code = shown ?? target;
    return link === undefined ? `\`${code}\`` : `<a href="${link}"><code>${escapeHtml(code)}</code></a>`;
  });
}

/** Renders Markdown. */
export type Renderer = (text: string) => string;

/** Makes a renderer; `find` knows names (`fromArrays`) and paths of rooms (`lib/io/`). */
export function createRenderer(find: Finder): Renderer {
  const marked = new Marked({
    gfm: true,
    renderer: {
      code({ text, lang = "" }) {
        const isCode = /^(ts|typescript)\b/.test(lang);
        return `<pre><code>${isCode ? codeHtml(text, find) : escapeHtml(text)}</code></pre>\n`;
      },
      codespan({ text }) {
        const link = find(text), code = `<code>${escapeHtml(text)}</code>`;
        return link === undefined ? code : `<a href="${link}">${code}</a>`;
      },
      heading({ tokens, depth, text }) {
        return `<h${depth} id="${slug(text)}">${this.parser.parseInline(tokens)}</h${depth}>\n`;
      },
    },
  });
  return (text) => marked.parse(resolveLinks(text, find), { async: false });
}
