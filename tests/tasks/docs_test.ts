import { join } from "@std/path";
import { createRenderer } from "../../tasks/docs/_markdown.ts";
import { brokenLinks, type Site } from "../../tasks/docs/_site.ts";
import { moduleComment } from "../../tasks/docs/_symbols.ts";
import { assert, assertEquals } from "../assert.ts";
import { withFolder } from "../folder.ts";
import { assertDone, runTask } from "../task_command.ts";

const ROOT = join(import.meta.dirname!, "..", "..");

/** What the task printed and wrote. */
interface Written {
  out: string;
  files: Site["files"];
}

async function writeSite(): Promise<Written> {
  const files: Site["files"] = new Map();
  let said = "";
  await withFolder(async (folder) => {
    const ended = await runTask("docs", ["--out", join(folder, "site")]);
    assertDone(ended);
    said = ended.out;
    await readInto(files, join(folder, "site"));
  });
  return { out: said, files };
}

/** Reads every file under a folder by its path from there. */
async function readInto(files: Site["files"], folder: string, path = ""): Promise<void> {
  for await (const { name, isDirectory } of Deno.readDir(join(folder, path))) {
    const inside = path + name;
    if (isDirectory) await readInto(files, folder, `${inside}/`);
    else if (/\.(html|css|js)$/.test(name)) files.set(inside, await Deno.readTextFile(join(folder, inside)));
    else files.set(inside, await Deno.readFile(join(folder, inside)));
  }
}

let written: Promise<Written> | undefined;
const site = () => written ??= writeSite(); // some seconds

Deno.test("deno task docs has a page for each part of README and each room, and no link that leads nowhere", async () => {
  const { files } = await site();
  assertEquals(brokenLinks(files), []);
  const index = files.get("index.html") as string;
  const readme = await Deno.readTextFile(join(ROOT, "README.md"));
  for (const [, title] of readme.matchAll(/^## (.*)$/gm)) {
    const [, file] = new RegExp(`<a href="([^"]+)">${title}</a>`).exec(index) ?? [];
    assert(file && files.has(file), `no page for README's "${title}"`);
  }
  for (const { name, isDirectory } of Deno.readDirSync(join(ROOT, "lib"))) {
    if (isDirectory) assert(index.includes(`href="${name}.api.html"`), `no page for lib/${name}/`);
  }
  assert(files.has("notebooks/images/mistakes.png"), "a picture of README is missing");
  const asked = [...files.values()].flatMap((content) =>
    typeof content === "string" ? content.match(/(src|<link[^>]*href)="https?:[^"]*"/g) ?? [] : []
  );
  assertEquals(asked, [], "what a reader without network lacks");
});

Deno.test("deno task docs shows declarations without bodies, links their types, and keeps examples", async () => {
  const { files } = await site();
  const train = files.get("train.api.html") as string;
  const [, fit] = /<section><h3 id="fit">([\s\S]*?)<\/section>/.exec(train)!;
  assert(fit.includes('train: <a href="data.api.html#Source">Source</a>'), fit);
  assert(fit.includes('options: <a href="#FitOptions">FitOptions</a>'), fit);
  assert(!fit.includes("await runLoop"), "the body of fit");
  const image = files.get("image.api.html") as string;
  const [, crop] = /<section><h3 id="cropCenter">([\s\S]*?)<\/section>/.exec(image)!;
  assert(/<dt>RangeError<\/dt>/.test(crop) && crop.includes("<h4>Example</h4>"), crop);
});

Deno.test("brokenLinks() names a missing page, a missing heading and a missing picture", () => {
  const files = new Map<string, string | Uint8Array>([
    [
      "a.html",
      '<a href="b.html#there"></a><a href="#here"></a><h2 id="here"></h2><a href="https://x.org"></a>',
    ],
    ["b.html", '<a href="a.html#gone"></a><img src="none.png"><a href="c.html"></a>'],
  ]);
  assertEquals(brokenLinks(files), [
    "a.html: b.html#there",
    "b.html: a.html#gone",
    "b.html: none.png",
    "b.html: c.html",
  ]);
});

Deno.test("createRenderer() escapes, makes tables, and links names that it finds", () => {
  const render = createRenderer((name) => name === "fit()" || name === "Source" ? `#${name}` : undefined);
  assertEquals(
    render("`fit()` takes a {@linkcode Source}, not `<b>`").trim(),
    '<p><a href="#fit()"><code>fit()</code></a> takes a <a href="#Source"><code>Source</code></a>, not <code>&#60;b&#62;</code></p>',
  );
  assert(render("| a |\n| - |\n| 1 |").includes("<td>1</td>"));
});

Deno.test("moduleComment() reads the comment of a module, on one line or on many", () => {
  assertEquals(moduleComment("/** One. @module */\nexport {};"), "One.");
  assertEquals(moduleComment("/**\n * One\n * two.\n *\n * @module\n */"), "One\ntwo.");
});

Deno.test("deno task docs writes the site into a folder", async () => {
  const { out, files } = await site();
  assert(/names of \d+ rooms/.test(out), out);
  assert((files.get("index.html") as string).includes("<main>"));
});
