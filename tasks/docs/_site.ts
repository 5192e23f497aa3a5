/** The site's pages: README's parts as a guide, a page a room, and all names. @module */
import { join } from "@std/path";
import { escapeHtml } from "../../lib/plot/escape_html.ts";
import { codeHtml, createRenderer, type Finder, type Renderer, slug } from "./_markdown.ts";
import { type Group, type Page, renderPage, STYLE } from "./_page.ts";
import { type Comment, type Entry, moduleComment, readEntries, type Tag } from "./_symbols.ts";

/** A room of lib/, or what is published beside it. */
interface Room {
  /** What it is called. */
  name: string;
  /** Path that README's map has. */
  path: string;
  /** Modules whose exports are its names. */
  modules: string[];
  /** What the top of its first module says. */
  comment: string;
}

/** Every room: `mod.ts`, the registry, or where there is neither every file that is not private. */
async function readRooms(root: string): Promise<Room[]> {
  const rooms: Room[] = [];
  for (const { name, isDirectory } of Array.from(Deno.readDirSync(join(root, "lib")))) {
    if (!isDirectory) continue;
    const files = Array.from(Deno.readDirSync(join(root, "lib", name))).map((entry) => entry.name).sort();
    const [front] = ["mod.ts", "registry.ts"].filter((file) => files.includes(file));
    const open = files.filter((file) =>
      file.endsWith(".ts") && !file.startsWith("_") && !/worker/.test(file)
    );
    const modules = (front ? [front] : open).map((file) => `lib/${name}/${file}`);
    rooms.push({ name, path: `lib/${name}/`, modules, comment: "" });
  }
  rooms.push({ name: "functions", path: "functions/", modules: ["functions/score.ts"], comment: "" });
  for (const room of rooms) {
    if (room.modules.length > 1) continue;
    room.comment = moduleComment(await Deno.readTextFile(join(root, room.modules[0])));
  }
  return rooms.sort((a, b) => a.name.localeCompare(b.name, "en"));
}

/** README cut at its second headings; the first part is the site's front page. */
function guideParts(readme: string): { title: string; text: string }[] {
  const [front, ...parts] = readme.split(/^## /m);
  const [, title, text] = /^# (.*)\n([\s\S]*)$/.exec(front)!;
  return [
    { title, text },
    ...parts.map((part) => {
      const end = part.indexOf("\n");
      return { title: part.slice(0, end).trim(), text: part.slice(end) };
    }),
  ];
}

const pageOf = (room: Room) => `${room.name}.api.html`;

/** A list of tags of one kind, such as parameters. */
function tagsHtml(title: string, tags: readonly Tag[], render: Renderer): string {
  if (tags.length === 0) return "";
  const items = tags.map(({ name, type, doc = "" }) => {
    const term = name ?? type;
    return `${term ? `<dt>${escapeHtml(term)}</dt>` : ""}<dd>${render(doc)}</dd>`;
  });
  return `<h4>${title}</h4><dl>${items.join("")}</dl>`;
}

function commentHtml({ doc, tags }: Comment, render: Renderer): string {
  const of = (kind: string) => tags.filter((tag) => tag.kind === kind);
  return [
    render(doc),
    tagsHtml("Parameters", of("param").filter(({ doc }) => doc), render),
    tagsHtml("Returns", of("return"), render),
    tagsHtml("Throws", of("throws"), render),
    ...of("example").map(({ doc = "" }) => `<h4>Example</h4>${render(doc)}`),
  ].join("\n");
}

function entryHtml(entry: Entry, find: Finder, render: Renderer): string {
  const others: Finder = (name) => name === entry.name ? undefined : find(name);
  const members = entry.members.map(({ declaration, comment }) =>
    `<dt>${codeHtml(declaration, others)}</dt><dd>${commentHtml(comment, render)}</dd>`
  );
  return `<section><h3 id="${entry.name}">${
    escapeHtml(entry.name)
  } <small>${entry.file}:${entry.line}</small></h3>
<pre><code>${codeHtml(entry.declaration, others)}</code></pre>
${commentHtml(entry.comment, render)}
${members.length > 0 ? `<dl>${members.join("")}</dl>` : ""}</section>`;
}

/** Functions and classes first, as one comes for them; then constants and types. */
const ORDER: readonly (readonly [title: string, kinds: readonly string[]])[] = [
  ["Functions", ["function"]],
  ["Classes", ["class"]],
  ["Values", ["variable", "namespace", "enum"]],
  ["Types", ["interface", "typeAlias"]],
];

function roomPage(room: Room, entries: readonly Entry[], find: Finder, render: Renderer): Page {
  const groups = ORDER.map(([title, kinds]) =>
    [title, entries.filter(({ kind }) => kinds.includes(kind))] as const
  ).filter(([, of]) => of.length > 0);
  const overview = groups.map(([title, of]) =>
    `<h2>${title}</h2><ul class="names">${
      of.map(({ name }) => `<li><a href="#${name}"><code>${name}</code></a></li>`).join("")
    }</ul>`
  );
  const how = room.name === "functions"
    ? ""
    : `<p>In a script: <code>import { ${room.name} } from "cloudchamber"</code>, or each name from <code>${
      room.modules.length === 1 ? room.modules[0] : room.path
    }</code>.</p>`;
  const details = groups.flatMap(([, of]) => of.map((entry) => entryHtml(entry, find, render)));
  return {
    file: pageOf(room),
    title: room.path,
    body: [render(room.comment), how, ...overview, '<h2 id="details">In detail</h2>', ...details].join("\n"),
  };
}

/** All names, with a field that narrows the list as one types. */
function namesPage(rooms: readonly (readonly [Room, readonly Entry[]])[]): Page {
  const all = rooms.flatMap(([room, entries]) => entries.map(({ name }) => ({ room, name })))
    .toSorted((a, b) => a.name.localeCompare(b.name, "en"));
  const items = all.map(({ room, name }) =>
    `<li><a href="${pageOf(room)}#${name}"><code>${name}</code></a> ${room.name}</li>`
  );
  return {
    file: "names.html",
    title: "All names",
    body: `<p><input type="search" placeholder="Part of a name" aria-label="Part of a name" autofocus></p>
<ul class="names">${items.join("\n")}</ul>
<script>
const field = document.querySelector("input");
const items = [...document.querySelectorAll("main li")].map((item) => [item, item.textContent.toLowerCase()]);
field.addEventListener("input", () => {
  for (const [item, text] of items) item.hidden = !text.includes(field.value.toLowerCase());
});
</script>`,
  };
}

/** What a built site consists of. */
export interface Site {
  /** Content by file name. */
  files: Map<string, string | Uint8Array>;
  /** Rooms and exported names that have a description. */
  rooms: number;
  names: number;
}

/** Pictures that the guide shows, by their path in the checkout. */
function pictures(pages: readonly Page[]): string[] {
  const found = pages.flatMap(({ body }) => [...body.matchAll(/<img src="([^":]+)"/g)]);
  return [...new Set(found.map(([, path]) => path))];
}

/**
 * Builds the site in memory.
 *
 * @param root The checkout.
 * @throws {CliError} If Deno cannot read a module.
 */
export async function buildSite(root: string): Promise<Site> {
  const rooms = await readRooms(root);
  const byModule = await readEntries(root, rooms.flatMap(({ modules }) => modules));
  const described = rooms.map((room) => {
    const entries = room.modules.flatMap((module) => byModule.get(module)!);
    return [room, [...new Map(entries.map((entry) => [entry.name, entry])).values()]] as const;
  });
  const links = new Map<string, string>();
  for (const [room, entries] of described) {
    links.set(room.path, pageOf(room));
    for (const { name } of entries) if (!links.has(name)) links.set(name, `${pageOf(room)}#${name}`);
  }
  // In a sentence a word in code may be a parameter; only rooms and what is called or is a class are linked.
  const find: Finder = (name) => links.get(name.replace(/\(\)$/, ""));
  const inText: Finder = (text) =>
    /^lib\/|^functions\/|\(\)$|^[A-Z]\w*[a-z]\w*$/.test(text) ? find(text) : undefined;
  const render = createRenderer(inText);

  const guide = guideParts(await Deno.readTextFile(join(root, "README.md")));
  const guidePages = guide.map(({ title, text }, i): Page => ({
    file: i === 0 ? "index.html" : `${slug(title)}.html`,
    title,
    body: render(text),
  }));
  const roomPages = described.map(([room, entries]) => {
    const own: Finder = (name) => entries.some((entry) => entry.name === name) ? `#${name}` : find(name);
    return roomPage(
      room,
      entries,
      own,
      createRenderer((text) => inText(text) && own(text.replace(/\(\)$/, ""))),
    );
  });
  const names = namesPage(described);
  const groups: Group[] = [
    { title: "Guide", pages: guidePages },
    { title: "Rooms", pages: [...roomPages, names] },
  ];
  const files = new Map<string, string | Uint8Array>([["style.css", STYLE]]);
  for (const page of [...guidePages, ...roomPages, names]) files.set(page.file, renderPage(page, groups));
  for (const path of pictures(guidePages)) files.set(path, await Deno.readFile(join(root, path)));
  return {
    files,
    rooms: rooms.length,
    names: described.reduce((sum, [, entries]) => sum + entries.length, 0),
  };
}

/** Links of a site that lead nowhere within it, each with the page that has it; addresses elsewhere are not asked. */
export function brokenLinks(files: Site["files"]): string[] {
  const ids = new Map<string, Set<string>>();
  for (const [file, content] of files) {
    if (typeof content !== "string") continue;
    ids.set(file, new Set([...content.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id)));
  }
  const broken: string[] = [];
  for (const [file, content] of files) {
    if (typeof content !== "string" || !file.endsWith(".html")) continue;
    for (const [, address] of content.matchAll(/ (?:href|src)="([^"]*)"/g)) {
      if (/^[a-z]+:/.test(address)) continue;
      const [path, id] = address.split("#"), target = path === "" ? file : decodeURIComponent(path);
      const isThere = files.has(target) && (id === undefined || ids.get(target)!.has(id));
      if (!isThere) broken.push(`${file}: ${address}`);
    }
  }
  return [...new Set(broken)];
}
