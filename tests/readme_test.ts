/**
 * The README's blocks that are marked `run`, done in order in a copy of the tree as a newcomer would: `sh` blocks are
 * typed, `ts` blocks are saved under the name that follows (and run, unless they belong to lib/), `diff` blocks edit.
 * @module
 */
import { dirname, join, resolve } from "@std/path";
import { assert, assertEquals } from "./assert.ts";
import { testWith } from "./needs.ts";
import { freePort } from "./servers/free_port.ts";

const ROOT = resolve(import.meta.dirname!, "..");

interface Block {
  language: string;
  file: string;
  text: string;
}

/** The fenced blocks whose info string says `run`. */
function runnableBlocks(markdown: string): Block[] {
  const found = markdown.matchAll(/^```(\w+) run ?(\S*)\n([\s\S]*?)^```$/gm);
  return [...found].map(([, language, file, text]) => ({ language, file, text }));
}

/** Copies every file that git knows or would take, and links the installed packages. */
async function copyTree(folder: string): Promise<void> {
  const { stdout } = await new Deno.Command("git", {
    args: ["ls-files", "-z", "--cached", "--others", "--exclude-standard"],
    cwd: ROOT,
  }).output();
  for (const file of new TextDecoder().decode(stdout).split("\0").filter((name) => name !== "")) {
    await Deno.mkdir(join(folder, dirname(file)), { recursive: true });
    await Deno.copyFile(join(ROOT, file), join(folder, file)).catch((error) => {
      if (!(error instanceof Deno.errors.NotFound)) throw error; // deleted, and not yet committed as such
    });
  }
  await Deno.symlink(join(ROOT, "node_modules"), join(folder, "node_modules"));
}

/** Runs a program in the copy; fails with all it said. */
async function run(folder: string, program: string, args: string[], what: string): Promise<string> {
  const path = `${dirname(Deno.execPath())}:${Deno.env.get("PATH")}`;
  const { success, stdout, stderr } = await new Deno.Command(program, {
    args,
    cwd: folder,
    env: { PATH: path, NO_COLOR: "1", CI: "false" },
    stdin: "null",
  }).output();
  const [said, complained] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
  assert(success, `README block failed:\n${what}\n--- stdout\n${said}\n--- stderr\n${complained}`);
  return said;
}

/** Replaces what the block's unchanged and `-` lines show by its unchanged and `+` lines. */
async function edit(file: string, diff: string): Promise<void> {
  const lines = diff.trimEnd().split("\n");
  const side = (marks: string) =>
    lines.filter((line) => line === "" || marks.includes(line[0])).map((line) => line.slice(1)).join("\n");
  const [before, after] = [side(" -"), side(" +")];
  const text = await Deno.readTextFile(file);
  assertEquals(text.split(before).length - 1, 1, `${file} must hold once:\n${before}`);
  await Deno.writeTextFile(file, text.replace(before, () => after));
}

Deno.test("README's map names every room of the tree, and nothing that is not there", async () => {
  const readme = await Deno.readTextFile(join(ROOT, "README.md"));
  const [, map] = /^## Map of the tree\n([\s\S]*?)^## /m.exec(readme)!;
  const named = [...map.matchAll(/`([\w./]+\/)`/g)].map(([, path]) => path);
  const rooms = Array.from(Deno.readDirSync(join(ROOT, "lib"))).filter(({ isDirectory }) => isDirectory)
    .map(({ name }) => `lib/${name}/`);
  const top = ["notebooks/", "tasks/", "functions/", "tests/"];
  assertEquals([...top, ...rooms].filter((path) => !named.includes(path)), [], "not in the map");
  for (const path of named) assert((await Deno.stat(join(ROOT, path))).isDirectory, path);
});

Deno.test("README's table of dependencies has every package that deno.json pins, and no other", async () => {
  const readme = await Deno.readTextFile(join(ROOT, "README.md"));
  const [, table] = /^## Dependencies\n[\s\S]*?\n\n(\|[\s\S]*?)\n\n/m.exec(readme)!;
  const cells = table.split("\n").map((row) => row.split("|")[1]);
  const listed = cells.flatMap((cell) => [...cell.matchAll(/`([^`]+)`/g)].map(([, name]) => name))
    .map((name) => name.startsWith("-") ? `@tensorflow/tfjs${name}` : name);
  const { imports } = JSON.parse(await Deno.readTextFile(join(ROOT, "deno.json")));
  const packages = Object.entries<string>(imports).filter(([, target]) => !target.startsWith("./lib/"));
  const pinned = packages.map(([name]) => name).map((name) => name.replace(/\/$/, ""));
  assertEquals(listed.toSorted(), pinned.toSorted());
});

testWith("curl", "README's blocks run one after the other in a fresh tree", async () => {
  const folder = await Deno.makeTempDir({ prefix: "cloudchamber-readme-" });
  try {
    await copyTree(folder);
    const blocks = runnableBlocks(await Deno.readTextFile(join(ROOT, "README.md")));
    const port = String(freePort());
    const said: string[] = [];
    for (const { language, file, text } of blocks) {
      if (language === "sh") {
        const script = `set -euo pipefail\n${text.replaceAll("8000", port)}`;
        said.push(await run(folder, "bash", ["-c", script], text));
      } else if (language === "diff") await edit(join(folder, file), text);
      else {
        await Deno.mkdir(dirname(join(folder, file)), { recursive: true });
        await Deno.writeTextFile(join(folder, file), text);
        if (!file.startsWith("lib/")) {
          said.push(await run(folder, Deno.execPath(), ["run", "-A", file], text));
        } else assert(text.split("\n").length <= 60, `${file} has 60 lines or more`);
      }
    }
    const programs = blocks.filter(({ language }) => language === "ts").map(({ file }) => file);
    await run(folder, Deno.execPath(), ["check", ...programs], programs.join("\n"));
    const all = said.join("\n");
    assert(/seven\.png +7 \(/.test(all), `no answer to deno task score in\n${all}`);
    assert(all.includes('"label":"7"'), `no answer over HTTP in\n${all}`);
    for (const file of ["model.onnx", "model.keras", "model.json", "report.html"]) {
      for (const run of ["first", "recoils", "tracks"]) await Deno.stat(join(folder, "runs", run, file));
    }
    const { metrics } = JSON.parse(await Deno.readTextFile(join(folder, "runs", "tracks", "model.json")));
    assert(
      metrics.accuracy.low > metrics.accuracy.baseline.value,
      "the experiment of the README learned nothing",
    );
    await Deno.stat(join(folder, "digits.keras"));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
